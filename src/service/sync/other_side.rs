//! The other side of a merge: the branch of a remote that this one follows, or one that was named.

use super::merge::SyncError;
use crate::git::{self, Remote};
use crate::service::base::{Context, Result};

/// It, and where it stands.
#[derive(Debug)]
pub(crate) struct OtherSide {
    /// As people call it, such as `origin/main`.
    pub(crate) shown: String,
    /// Its commit, as it was fetched last; `None` where the remote has no such branch yet.
    pub(crate) commit: Option<String>,
    /// Whether it was named, and is not the one that this branch follows.
    pub(crate) is_named: bool,
}

impl OtherSide {
    /// The one that `with` names, or the one that this branch follows.
    ///
    /// # Errors
    /// There is no such revision; there is no remote; the repository cannot be read.
    pub(crate) fn find(ctx: &Context, with: Option<&str>) -> Result<Self> {
        match with {
            Some(rev) => Self::named(ctx, rev),
            None => {
                let remote = git::remote(&ctx.vault)?;
                let commit = git::fetched(&ctx.vault, &remote)?;
                Ok(Self::followed(&remote, commit))
            }
        }
    }

    /// The one that this branch follows, at `commit`.
    pub(crate) fn followed(remote: &Remote, commit: Option<String>) -> Self {
        Self { shown: remote.shown(), commit, is_named: false }
    }

    /// A branch or another revision of this clone.
    pub(crate) fn named(ctx: &Context, rev: &str) -> Result<Self> {
        let commit = git::commit_of(&ctx.vault, rev)?;
        Ok(Self { shown: rev.to_owned(), commit: Some(commit), is_named: true })
    }

    /// The error for what both sides changed.
    pub(super) fn clashes(&self, names: Vec<String>) -> SyncError {
        SyncError::Clashes { names, with: self.is_named.then(|| self.shown.clone()) }
    }
}
