//! Having git call authy: in a hook, and in its diffs.

use std::path::PathBuf;

use crate::git::{self, Hook};
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::opening::Opened;
use crate::service::base::problem::Problem;

/// Writes a pre-commit hook into the vault's repository that refuses what no admin signed and
/// what looks like plaintext; returns its file.
///
/// # Errors
/// There is another hook; no repository.
pub fn install_hook(ctx: &Context) -> Result<PathBuf> {
    let opened = Opened::open(ctx)?;
    match git::install_hook(opened.vault.root().path())? {
        Hook::Installed(path) => Ok(path),
        Hook::Taken(path) => Err(Problem::HookTaken(path).into()),
        Hook::OfAll(path) => Err(Problem::HooksOfAll(path).into()),
    }
}

/// Has git's diffs, in this clone, tell version and readers of a value: never the value.
///
/// # Errors
/// No repository, no git program.
pub fn install_diff(ctx: &Context) -> Result<()> {
    let opened = Opened::open(ctx)?;
    Ok(git::install_diff(opened.vault.root().path())?)
}
