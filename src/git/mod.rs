//! git: where the vault's repository is, and commits of exactly given paths.
//!
//! The only module that knows gix. Commits touch authy's own paths and nothing else: what
//! the user staged, edited or left untracked stays as it was. Nothing here fetches or pushes.

mod commit;
mod error;
mod index;
mod locate;
mod program;
mod reason;

pub(crate) use commit::{Request, commit};
pub(crate) use error::GitError;
pub(crate) use locate::{Home, init, locate, tracked_private};
pub(crate) use reason::Outcome;
