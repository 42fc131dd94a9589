//! `.authy.toml`: what it may say, where it is found, and whether its user allowed it.
//!
//! The file comes with a repository, so it is hostile input until somebody ran
//! `authy allow` for exactly this content at exactly this place, or at the same place of another
//! worktree of the repository. What needs that is decided
//! above; nothing here opens a vault, reads the process's environment or prints.

mod draft;
mod error;
mod file;
mod find;
mod trust;
mod user;
mod worktree;

pub use draft::ProjectDraft;
pub(crate) use draft::{create, extended};
pub(crate) use error::ProjectError;
pub use file::ProjectFile;
pub(crate) use find::find;
pub(crate) use trust::{distrust, is_trusted, trust};
pub(crate) use user::named_vault;

/// Largest project file in bytes.
const MAX_SIZE: u64 = 64 << 10;
