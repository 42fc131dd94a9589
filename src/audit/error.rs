//! Errors of appending to a chain and of reading it.

use std::io;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::name::ChainName;
use crate::fs::FsError;
use crate::kind::{Failure, Kind};
use crate::name::printable;

/// Why a line could not be written or a chain not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    /// The chain cannot be written here: the caller may open one in the state folder.
    #[error("cannot write the audit chain {}: it is read-only here", show(path))]
    ReadOnly {
        /// The chain's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A link, folder, pipe or device where a chain belongs.
    #[error("the audit chain {} is not a regular file", show(path))]
    NotRegular {
        /// The chain's file.
        path: PathBuf,
    },
    /// The system refused something else.
    #[error("cannot {doing} the audit chain {}", show(path))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The chain's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was replaced again and again while it was being locked.
    #[error("the audit chain {} keeps being replaced by another program", show(path))]
    Moving {
        /// The chain's file.
        path: PathBuf,
    },
    /// The chain has been opened already, perhaps by another process just now.
    #[error("the audit chain '{chain}' is open already")]
    Exists {
        /// Which chain.
        chain: ChainName,
    },
    /// There is no file, or one without a whole line.
    #[error("the audit chain '{chain}' has not been opened")]
    NotOpened {
        /// Which chain.
        chain: ChainName,
    },
    /// The last line is not one that authy wrote with this key.
    #[error("the audit chain '{chain}' was altered at line {line}: {fault}")]
    Altered {
        /// Which chain.
        chain: ChainName,
        /// The place, from 1.
        line: u64,
        /// What is wrong there.
        fault: Fault,
    },
    /// The last line of a chain that is only being looked at is none.
    #[error("the last line of the audit chain {} is damaged: {fault}", show(path))]
    Unreadable {
        /// The chain's file.
        path: PathBuf,
        /// What is wrong there.
        fault: Fault,
    },
    /// A file beside the chain.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The event does not fit into this chain; nothing was written.
    #[error("cannot record in the audit chain '{chain}': {fault}")]
    Unfit {
        /// Which chain.
        chain: ChainName,
        /// What verification would say to such a line.
        fault: Fault,
    },
}

impl Failure for AuditError {
    fn kind(&self) -> Kind {
        match self {
            Self::ReadOnly { .. } | Self::Io { .. } | Self::Unfit { .. } => Kind::Failure,
            Self::Exists { .. } | Self::Moving { .. } => Kind::Conflict,
            Self::Fs(error) => error.kind(),
            Self::NotRegular { .. }
            | Self::NotOpened { .. }
            | Self::Altered { .. }
            | Self::Unreadable { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some disk space: no value is given out without its audit line"
            }
            Self::ReadOnly { .. } => {
                "no value is given out without its audit line: make the folder writable, \
                 or point AUTHY_STATE_DIR at one that is"
            }
            Self::Altered { .. } | Self::Unreadable { .. } => {
                "run 'authy audit verify' to see every damage; git may hold the intact file"
            }
            Self::Fs(error) => return error.hint(),
            Self::Moving { .. } => "try again when it is done",
            Self::NotRegular { .. }
            | Self::Io { .. }
            | Self::Exists { .. }
            | Self::NotOpened { .. }
            | Self::Unfit { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl AuditError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }
}

fn show(path: &Path) -> String {
    format!("'{}'", printable(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::{AuditError, Fault, Path, io};
    use crate::kind::Failure as _;

    #[test]
    fn what_can_be_done_is_said_and_paths_are_quoted() {
        let path = Path::new("audit/a\u{7}");
        let io = |kind: io::ErrorKind| AuditError::io("write", path, kind.into());
        let unreadable = AuditError::Unreadable { path: path.to_owned(), fault: Fault::NotALine };
        let moving = AuditError::Moving { path: path.to_owned() };
        for (error, hint) in [
            (io(io::ErrorKind::StorageFull), Some("free some disk space")),
            (io(io::ErrorKind::NotFound), None),
            (unreadable, Some("authy audit verify")),
            (moving, Some("try again")),
        ] {
            assert!(error.to_string().contains("'audit/a"), "{error}");
            assert!(!error.to_string().contains('\u{7}'), "{error}");
            let said = error.hint();
            assert_eq!(said.is_some(), hint.is_some(), "{error}");
            assert!(said.unwrap_or_default().contains(hint.unwrap_or_default()), "{error}");
        }
    }
}
