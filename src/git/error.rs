//! What can go wrong with git. Messages name paths, never what the files hold.

use std::io;
use std::path::{Path, PathBuf};

use super::reason::{Reason, quoted};
use crate::kind::{Failure, Kind};
use crate::name::printable;

/// A failure to read or write the repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// The system refused a call.
    #[error("cannot {action} '{}': {}", printable(&path.to_string_lossy()), reason(source))]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The repository could not be read or written.
    #[error("cannot {action}: {}", line(source.probable_cause()))]
    Gix { action: &'static str, source: Box<gix::Error> },
    /// A path that leads out of the vault or that git forbids.
    #[error("'{}' is not a path that git can hold", printable(path))]
    Path { path: String },
    /// A link, device, pipe, socket or folder stands where a file belongs.
    #[error("'{}' is not a regular file", printable(path))]
    NotRegular { path: String },
    /// A file changed each time it was read.
    #[error("'{}' keeps changing while it is read", printable(path))]
    Unstable { path: String },
    /// `HEAD` is an empty file, as a power cut leaves it; git takes the folder for no repository.
    #[error("'{}' is an empty file, and without it git finds no repository there", printable(&file.to_string_lossy()))]
    NoHead { file: PathBuf },
    /// Git knows no such revision.
    #[error("git knows no revision '{}' here", printable(rev))]
    NoRevision { rev: String },
    /// The repository is in no state for this.
    #[error("{reason}")]
    NotReady { reason: Reason },
    /// There is no remote to sync with, or several and none of them is the branch's.
    #[error("{}", if *several { "none of the remotes is the one that this branch follows" } else { "there is no remote to sync with" })]
    NoRemote { work_tree: PathBuf, several: bool },
    /// The two branches share no commit.
    #[error("what was fetched and what is here have no past in common")]
    Unrelated,
    /// What was fetched has files that must never travel.
    #[error("what was fetched has '{}', which must never leave a machine", printable(path))]
    TracksPrivate { path: String },
    /// A file that was to be replaced was edited and not committed.
    #[error("'{}' was changed here and not committed", printable(path))]
    Uncommitted { path: String },
    /// A file is larger than any that authy takes over.
    #[error("a file of {size} bytes is too large for a vault")]
    TooLarge { size: u64 },
    /// The remote of a partial clone does not give what that lacks.
    #[error("cannot fetch what a partial clone left out: {}", printable(line))]
    LeftOut { line: String },
    /// The git program could not be started or failed to answer.
    #[error("cannot {action} with the git program: {}", reason(source))]
    Program { action: &'static str, source: io::Error },
    /// The git program refused a question.
    #[error("cannot {action}: {}", printable(line))]
    Refused { action: &'static str, line: String },
}

impl Failure for GitError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotRegular { .. }
            | Self::NoHead { .. }
            | Self::TracksPrivate { .. }
            | Self::TooLarge { .. } => Kind::Damaged,
            Self::NoRevision { .. } => Kind::NotFound,
            Self::NotReady {
                reason: Reason::NoRepository | Reason::NotColocated | Reason::NotTrusted { .. },
            } => Kind::Failure,
            Self::NotReady { .. } | Self::Uncommitted { .. } => Kind::Conflict,
            Self::NoRemote { .. }
            | Self::Unrelated
            | Self::Io { .. }
            | Self::Gix { .. }
            | Self::Path { .. }
            | Self::Unstable { .. }
            | Self::LeftOut { .. }
            | Self::Program { .. }
            | Self::Refused { .. } => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotRegular { .. } => {
                "a vault holds plain files and folders only: remove it and restore it from git"
            }
            Self::NoHead { .. } => "'authy check --repair' writes it again",
            Self::NoRevision { .. } => {
                "see 'git log' and 'git branch --all' in the vault; a shallow clone lacks the past"
            }
            Self::Unstable { .. } => "run the command again",
            Self::LeftOut { .. } => {
                "run it again when the remote can be reached; 'git fetch --refetch --no-filter' brings all of it once"
            }
            Self::NotReady { reason } => return reason.hint(),
            Self::NoRemote { several: true, .. } => {
                "say which: git branch --set-upstream-to=REMOTE/BRANCH, or push once with 'git push -u'"
            }
            Self::NoRemote { work_tree, several: false } => {
                return Some(format!("git -C {} remote add origin URL", quoted(work_tree)));
            }
            Self::Unrelated => {
                "is it another vault? In a shallow clone run 'git fetch --unshallow'"
            }
            Self::TracksPrivate { .. } => {
                "have whoever pushed it take it out with 'git rm --cached', and make new keys"
            }
            Self::Uncommitted { .. } => {
                "commit it with git, or drop the edit with 'git checkout -- FILE'"
            }
            Self::Gix { .. } => {
                "look at it with 'authy check' and 'git fsck'; what a power cut left of it mends \
                 'authy check --repair'"
            }
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "install git"
            }
            Self::Io { .. }
            | Self::Path { .. }
            | Self::TooLarge { .. }
            | Self::Program { .. }
            | Self::Refused { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl GitError {
    /// Whether two branches share no commit.
    pub(crate) const fn is_unrelated(&self) -> bool {
        matches!(self, Self::Unrelated)
    }

    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(super) fn gix(action: &'static str) -> impl FnOnce(gix::Error) -> Self {
        move |source| Self::Gix { action, source: Box::new(source) }
    }
}

/// The system's words, in the shape of ours: lower case, without the number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    lowered(text.split(" (os error").next().unwrap_or(&text))
}

fn line(error: &(dyn std::error::Error + 'static)) -> String {
    lowered(error.to_string().lines().next().unwrap_or_default())
}

fn lowered(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    let text: String =
        chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect());
    printable(&text)
}
