//! What is wrong with an identity, its kind and what to do next.

use std::path::PathBuf;

use crate::crypto::CryptoError;
use crate::fs::FsError;
use crate::kind::{Failure, Kind};
use crate::name::printable;

/// What is wrong with an identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("no identity found{}", dir.as_ref().map(|d| format!(" in '{}'", d.display())).unwrap_or_default())]
    NotFound { dir: Option<PathBuf> },
    #[error("identity file '{}' not found", .0.display())]
    NoFile(PathBuf),
    #[error("there are {count} identities in '{}' and no one of them is the member's", dir.display())]
    Several { dir: PathBuf, count: usize },
    #[error("{count} identities in '{}' belong to members of this vault", dir.display())]
    Ambiguous { dir: PathBuf, count: usize },
    #[error("identity file '{}' can be read by others", .0.display())]
    FileOpen(PathBuf),
    #[error("identity: {0}")]
    File(FsError),
    #[error("identity '{label}': {source}")]
    Unusable { label: String, source: CryptoError },
    #[error("no passphrase given")]
    NoPassphrase,
    #[error("'{}' is there already, and a copy of an identity overwrites nothing", printable(&.0.to_string_lossy()))]
    CopyExists(PathBuf),
}

impl Failure for IdentityError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::NoFile(_)
            | Self::Several { .. }
            | Self::Ambiguous { .. }
            | Self::FileOpen(_)
            | Self::File(_)
            | Self::NoPassphrase => Kind::Credentials,
            Self::Unusable { source, .. } => source.kind(),
            Self::CopyExists(_) => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { dir: None } => "name one with --keyfile or AUTHY_KEYFILE, or set HOME".into(),
            Self::NotFound { .. } => {
                "name one with --keyfile or AUTHY_KEYFILE; 'authy join' makes one and asks to become a member".into()
            }
            Self::NoFile(_) => "name an existing file with --keyfile or AUTHY_KEYFILE".into(),
            Self::Several { .. } | Self::Ambiguous { .. } => "name one with --keyfile or AUTHY_KEYFILE".into(),
            Self::FileOpen(path) => format!("run: chmod 600 '{}'", path.display()),
            Self::File(error) => return error.hint(),
            Self::NoPassphrase => {
                "run it in a terminal, or set AUTHY_PASSPHRASE".into()
            }
            Self::Unusable { source, .. } => return source.hint(),
            Self::CopyExists(_) => "name another file with --backup".into(),
        })
    }
}
