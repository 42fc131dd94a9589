//! How a commit ended, and why one had to wait.

use std::fmt;

use crate::name::printable;

/// How a commit ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was made.
    Committed {
        /// The commit's id.
        id: String,
    },
    /// Nothing in the paths differs from the last commit.
    Nothing,
    /// It cannot be made now; the files are as they should be.
    Deferred(Reason),
}

/// Why a commit has to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A merge, rebase or the like is going on.
    InProgress(&'static str),
    /// Another program holds the index.
    IndexLocked,
    /// No branch is checked out.
    Detached,
    /// Other commits kept coming.
    HeadMoved,
    /// There is no repository.
    NoRepository,
    /// The repository belongs to another user and is not listed as safe.
    NotTrusted,
    /// The `git` program refused, or is missing.
    GitRefused(String),
    /// Something else, in the words of the library.
    Failed(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress(what) => {
                write!(f, "a {what} is in progress in the vault's repository")
            }
            Self::IndexLocked => f.write_str("another program holds git's index.lock"),
            Self::Detached => f.write_str("no branch is checked out (detached HEAD)"),
            Self::HeadMoved => f.write_str("other commits kept coming"),
            Self::NoRepository => f.write_str("the vault is in no git repository"),
            Self::NotTrusted => f.write_str(
                "the repository belongs to another user \
                 (git config --global --add safe.directory PATH)",
            ),
            Self::GitRefused(line) => write!(f, "git refused: {}", printable(line)),
            Self::Failed(why) => printable(why).fmt(f),
        }
    }
}
