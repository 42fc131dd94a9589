//! What can go wrong with files. Messages name paths, never what the files hold.

use std::io;
use std::path::{Path, PathBuf};

use crate::kind::{Failure, Kind};
use crate::name::printable;

/// Where a file lies, which decides whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Below a vault's root: it came through git.
    Vault,
    /// Elsewhere: the user named it.
    Outside,
}

/// A failure to read, write, lock or recover files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FsError {
    /// The system refused a call.
    #[error("cannot {action} {}: {}", quoted(path), reason(source))]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The vault cannot be locked because it cannot be written.
    #[error("the vault cannot be written: {}: {}", quoted(path), reason(source))]
    ReadOnly { path: PathBuf, source: io::Error },
    /// A link, device, pipe, socket or folder stands where a file belongs.
    #[error("{} is not a regular file", quoted(path))]
    NotRegular { path: PathBuf, place: Origin },
    /// A link or a file stands where a folder belongs.
    #[error("{} is not a folder", quoted(path))]
    NotFolder { path: PathBuf, place: Origin },
    /// The file exceeds what its reader accepts.
    #[error("{} is larger than {limit} bytes", quoted(path))]
    TooLarge { path: PathBuf, limit: usize, place: Origin },
    /// A file that must be new exists.
    #[error("{} exists already", quoted(path))]
    Exists { path: PathBuf },
    /// Somebody else holds the lock.
    #[error("the vault is locked by another authy ({})", quoted(path))]
    Locked { path: PathBuf },
    /// The journal of an interrupted change cannot be obeyed.
    #[error("the journal {} is damaged: {fault}", quoted(path))]
    Journal { path: PathBuf, fault: &'static str },
    /// A change was begun before an interrupted one was finished.
    #[error("an interrupted change waits to be finished: {}", quoted(path))]
    Waiting { path: PathBuf },
    /// The change is decided, and some of it is still to be done by the next command.
    #[error("the change is recorded but not finished: {source}")]
    Unfinished { source: Box<FsError> },
    /// None of the folders offered lies in memory.
    #[error("there is no memory file system to edit the value on")]
    NoMemory,
}

impl Failure for FsError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotRegular { place, .. }
            | Self::NotFolder { place, .. }
            | Self::TooLarge { place, .. } => match place {
                Origin::Vault => Kind::Damaged,
                Origin::Outside => Kind::Failure,
            },
            Self::Journal { .. } => Kind::Damaged,
            Self::Exists { .. } | Self::Locked { .. } | Self::Waiting { .. } => Kind::Conflict,
            Self::Unfinished { source } => source.kind(),
            Self::Io { .. } | Self::ReadOnly { .. } | Self::NoMemory => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotRegular { place: Origin::Vault, .. }
            | Self::NotFolder { place: Origin::Vault, .. } => {
                "a vault holds plain files and folders only: remove it and restore it from git"
            }
            Self::ReadOnly { .. } => "make the vault's folder writable for this user",
            Self::Exists { .. } => "name another file, or move this one away",
            Self::Locked { .. } => "wait for the other command to end, then try again",
            Self::Journal { .. } => {
                "remove it if it is not yours, then compare the vault with 'git status'"
            }
            Self::Waiting { .. } => "run the command again",
            Self::Unfinished { .. } => {
                "the next authy command finishes it, once the cause is removed"
            }
            Self::NoMemory => no_memory_hint(),
            Self::NotRegular { place: Origin::Outside, .. }
            | Self::NotFolder { place: Origin::Outside, .. }
            | Self::Io { .. }
            | Self::TooLarge { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl FsError {
    /// Whether the vault, or the file, lies where nothing may be written.
    pub(crate) fn is_read_only(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        match self {
            Self::ReadOnly { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem)
            }
            _ => false,
        }
    }

    /// Whether a file that had to be new exists.
    pub(crate) fn is_already_there(&self) -> bool {
        matches!(self, Self::Exists { .. })
    }

    pub(super) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { action, path: path.to_owned(), source: source.into() }
    }
}

const fn no_memory_hint() -> &'static str {
    if cfg!(target_os = "linux") {
        "mount a tmpfs, for example at /dev/shm"
    } else {
        "this system has none: pipe the new value to 'authy rotate' instead"
    }
}

fn quoted(path: &Path) -> String {
    format!("'{}'", printable(&path.to_string_lossy()))
}

/// The system's words, in the shape of ours: lower case, without the number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::{FsError, Origin};
    use crate::kind::{Failure, Kind};
    use std::io;
    use std::path::Path;

    #[test]
    fn messages_are_one_plain_line() {
        let path = Path::new("/v/a\u{1b}[31m\nb");
        let error = FsError::io("read", path, io::Error::from_raw_os_error(13));
        assert_eq!(error.to_string(), "cannot read '/v/a\\u{1b}[31m\\u{a}b': permission denied");
    }

    #[test]
    fn only_files_of_a_vault_damage_it() {
        let error = |place| FsError::NotRegular { path: "x".into(), place };
        assert_eq!(error(Origin::Vault).kind(), Kind::Damaged);
        assert_eq!(error(Origin::Outside).kind(), Kind::Failure);
        assert!(error(Origin::Outside).hint().is_none());
    }
}
