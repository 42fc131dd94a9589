//! What keeps a session from being made or found, and what to do next.

use crate::kind::{Failure, Kind};
use crate::name::{MemberName, SessionId, printable};

/// What keeps a session from being made or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("session '{}' not found", printable(.0))]
    NotFound(String),
    #[error("session {id} ended at {at}")]
    Over { id: SessionId, at: String },
    #[error("'{}' is the beginning of {count} sessions", printable(given))]
    Several { given: String, count: usize },
    #[error("session {id} was made by '{creator}'")]
    Others { id: SessionId, creator: MemberName },
    #[error("the label cannot be used: {rule}")]
    Label { rule: &'static str },
}

impl Failure for SessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound(_) | Self::Over { .. } => Kind::NotFound,
            Self::Several { .. } | Self::Label { .. } => Kind::Usage,
            Self::Others { .. } => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => "run 'authy session list'".into(),
            Self::Over { .. } => {
                "its token gives nothing any more: there is nothing to revoke".into()
            }
            Self::Several { .. } => "give more of the id; see 'authy session list'".into(),
            Self::Others { .. } => "an admin can revoke it".into(),
            Self::Label { .. } => return None,
        })
    }
}
