//! What can go wrong with the vault's repository before a commit is even tried.

use std::path::PathBuf;

use crate::kind::Kind;
use crate::name::printable;

/// A failure around the vault's repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// The repository could not be made.
    #[error("cannot make a git repository in '{}': {}", path.display(), printable(reason))]
    Init { path: PathBuf, reason: String },
    /// The repository is there and cannot be opened.
    #[error("cannot open the git repository of '{}': {}", path.display(), printable(reason))]
    Open { path: PathBuf, reason: String },
    /// The index is there and cannot be read.
    #[error("cannot read the git index '{}': {}", path.display(), printable(reason))]
    Index { path: PathBuf, reason: String },
}

impl GitError {
    /// The kind of the failure.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Init { .. } | Self::Open { .. } => Kind::Failure,
            Self::Index { .. } => Kind::Damaged,
        }
    }

    /// What to do next, where something can be done.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Open { path, .. } | Self::Index { path, .. } => {
                Some(format!("run 'git status' in '{}'", path.display()))
            }
            Self::Init { .. } => None,
        }
    }
}
