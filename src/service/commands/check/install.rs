//! Having git call authy: in a hook, and in its diffs.

use std::path::PathBuf;

use crate::git::{self, Hook};
use crate::kind::{Failure, Kind};
use crate::name::printable;
use crate::service::base::{Context, OpenVault, Result};

/// Writes a pre-commit hook into the vault's repository that refuses what no admin signed and
/// what looks like plaintext; returns its file.
///
/// # Errors
/// There is another hook; no repository.
pub fn install_hook(ctx: &Context) -> Result<PathBuf> {
    let opened = OpenVault::open(ctx)?;
    match git::install_hook(opened.vault.root().path())? {
        Hook::Installed(path) => Ok(path),
        Hook::Taken(path) => Err(HookError::Taken(path).into()),
        Hook::OfAll(path) => Err(HookError::OfAll(path).into()),
    }
}

/// Has git's diffs, in this clone, tell version and readers of a value: never the value.
///
/// # Errors
/// No repository, no git program.
pub fn install_diff(ctx: &Context) -> Result<()> {
    let opened = OpenVault::open(ctx)?;
    Ok(git::install_diff(opened.vault.root().path())?)
}

/// What keeps a hook from being installed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    #[error("there is a hook '{}' already", printable(&.0.to_string_lossy()))]
    Taken(PathBuf),
    #[error("git's hooks lie in '{}' for every repository (core.hooksPath)", printable(&.0.to_string_lossy()))]
    OfAll(PathBuf),
}

impl Failure for HookError {
    fn kind(&self) -> Kind {
        match self {
            Self::Taken(_) | Self::OfAll(_) => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OfAll(_) => {
                "give this repository its own: git config --local core.hooksPath .git/hooks".into()
            }
            Self::Taken(_) => "add 'authy check --staged && authy scan --staged' to it".into(),
        })
    }
}
