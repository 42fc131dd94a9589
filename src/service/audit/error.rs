//! What keeps an access from being recorded, and what to do next.

use std::path::PathBuf;

use crate::audit::ChainName;
use crate::crypto::CryptoError;
use crate::kind::{Failure, Kind};

/// What keeps an access from being recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChainError {
    #[error("no place to record the access: the vault is read-only and there is no state folder")]
    NoPlace,
    #[error("the key of audit chain '{chain}' cannot be opened: {source}")]
    Unopened { chain: ChainName, source: CryptoError },
    #[error("the key of audit chain '{0}' is missing")]
    NoKey(ChainName),
    #[error("'{}' holds no clone id", .0.display())]
    BadCloneId(PathBuf),
}

impl Failure for ChainError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoPlace => Kind::Failure,
            Self::Unopened { source, .. } => source.kind(),
            Self::NoKey(_) | Self::BadCloneId(_) => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPlace => "set AUTHY_STATE_DIR to a folder that can be written".into(),
            Self::NoKey(chain) => {
                format!(
                    "restore 'audit/{chain}.key.age' with git; without it the chain cannot grow"
                )
            }
            Self::BadCloneId(_) => "remove that file; the next command generates a new id".into(),
            Self::Unopened { source, .. } => return source.hint(),
        })
    }
}
