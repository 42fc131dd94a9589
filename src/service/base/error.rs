//! The library's one public error: what happened, its kind, and what to do next.

use super::problem::Problem;
use crate::access::AccessError;
use crate::audit::AuditError;
use crate::fs::FsError;
use crate::kind::Kind;
use crate::name::MemberName;

/// A result of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure: one line of text, a [`Kind`], and often a hint.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Problem>);

impl Error {
    /// The kind of the failure.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// What to do next, where something can be done.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// What a person can do besides, who has an identity of his own and is no agent.
    pub fn hint_to_person(&self) -> Option<&'static str> {
        self.0.hint_to_person()
    }

    /// Whether it failed because the vault cannot be written.
    pub(crate) fn is_read_only(&self) -> bool {
        match &*self.0 {
            Problem::ReadOnlyVault => true,
            Problem::Fs(error) => error.is_read_only(),
            Problem::Audit(error) => matches!(error, AuditError::ReadOnly { .. }),
            _ => false,
        }
    }

    /// Whether a grant's files do not fit each other, as while they are being replaced.
    pub(crate) fn is_torn_grant(&self) -> bool {
        matches!(&*self.0, Problem::TornGrant(_))
    }

    /// The member who asks and waits for an admin's approval, where that is why it failed.
    pub(crate) fn waiting_member(&self) -> Option<&MemberName> {
        match &*self.0 {
            Problem::Access(AccessError::MemberWaits(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether a token's grant is behind the files.
    pub(crate) fn is_stale_grant(&self) -> bool {
        matches!(&*self.0, Problem::Access(AccessError::Stale { .. }))
    }

    /// Whether the change is decided, and the next command finishes it.
    pub(crate) fn is_unfinished(&self) -> bool {
        matches!(&*self.0, Problem::Fs(FsError::Unfinished { .. }))
    }

    /// The exit code: the kind's, except for a program that `run` could not start (126, 127).
    pub fn exit_code(&self) -> u8 {
        match &*self.0 {
            Problem::Inject(error) => error.exit_code(),
            problem => problem.kind().exit_code(),
        }
    }
}

impl<P: Into<Problem>> From<P> for Error {
    fn from(problem: P) -> Self {
        Self(Box::new(problem.into()))
    }
}
