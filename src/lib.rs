//! The library behind the `authy` command: a git-friendly secrets manager.
//!
//! A table of contents. The modules stand in layers, top to bottom, and arrows point down
//! only; `tests/layers.rs` reads the `use` lines and fails on any other. Fronts see what is
//! exported here, so a front cannot skip the service.

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(any(fuzzing, feature = "workbench"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "workbench")]
#[doc(hidden)]
pub mod workbench;

mod service;

#[cfg(feature = "sealed")]
mod seal;

mod access;
mod inject;
mod project;
mod transfer;

mod audit;
mod git;
mod session;
mod store;

mod crypto;
mod fs;

mod name;
mod secret;

mod kind;
mod many;
mod process;
mod words;

#[cfg(test)]
#[path = "../tests/common/skipped.rs"]
mod skipped;

pub use audit::{AuditEntry, Outcome};
pub use inject::{
    DEFAULT_LENGTH, Dotenv, Ended, EndingSignals, Environment, Format, Leader, Misread, Naming,
    OneTimeCode, Reader, Shell,
};
pub use kind::Kind;
pub use name::{
    Address, GroupName, Host, MemberName, NameError, ScopeName, SecretName, SessionId, ToolName,
    Ttl, TtlError, printable,
};
pub use process::keep_memory_private;
pub use project::ProjectFile;
pub use secret::{RUN_KEYFILE, SecretBytes, WITHHELD};
pub use service::*;
pub use store::SealedRule;
pub use transfer::{Doubt, IMPORT_FORMATS, ImportFormat};
