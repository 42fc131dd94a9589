//! Why the last change is not taken back, and what to do instead.

use crate::fs::VaultPath;
use crate::kind::{Failure, Kind};
use crate::name::{SecretName, printable};

/// What keeps the last change from being taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("git knows of no change that could be taken back")]
    Nothing,
    #[error("the last change brought in what others did: '{}'", printable(subject))]
    Joined { subject: String },
    #[error("the last change is {}'s: '{}'", printable(author), printable(subject))]
    Theirs { author: String, subject: String },
    #[error("the last change was of more than secrets or policies alone: '{}'", printable(subject))]
    OfOther { subject: String },
    #[error("the last change encrypted or signed '{name}' anew, and nothing else")]
    OfReaders { name: SecretName },
    #[error("this clone was cut off after the last change (a shallow clone)")]
    CutOff,
    #[error("'{}' was changed later, and is not committed", printable(path))]
    NotCommitted { path: String },
    #[error("'{what}' is not as the last commit left it")]
    NotAsCommitted { what: String },
    #[error("no admin of today signed the '{path}' of before")]
    Unsigned { path: VaultPath },
    #[error("another change was made meanwhile")]
    Moved,
}

impl Failure for UndoError {
    fn kind(&self) -> Kind {
        match self {
            Self::Nothing => Kind::NotFound,
            Self::Joined { .. }
            | Self::Theirs { .. }
            | Self::OfOther { .. }
            | Self::OfReaders { .. }
            | Self::NotAsCommitted { .. }
            | Self::NotCommitted { .. }
            | Self::CutOff
            | Self::Moved => Kind::Conflict,
            Self::Unsigned { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => "'authy restore NAME' takes one secret back to the value before".into(),
            Self::CutOff => "run 'git fetch --unshallow' in the vault's folder".into(),
            Self::NotCommitted { .. } => {
                "commit it, or drop it with git; 'authy restore NAME' takes one secret back to the value before"
                    .into()
            }
            Self::Joined { .. } | Self::Theirs { .. } => {
                "'authy restore NAME' takes one secret back to the value before, whoever changed it".into()
            }
            Self::OfOther { .. } => {
                "what it did is undone by its opposite: see 'authy member', 'authy policy' and 'authy config'"
                    .into()
            }
            Self::OfReaders { .. } => {
                "who reads is said by policies and members: change those, then run 'authy rekey'".into()
            }
            Self::NotAsCommitted { .. } => "see 'authy status' and 'authy check'".into(),
            Self::Unsigned { path } => format!("see 'git log -p -- {path}', and 'authy policy update'"),
            Self::Moved => "run it again: it shows what is to be taken back".into(),
        })
    }
}
