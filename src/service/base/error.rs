//! The library's one public error: what happened, its kind, and what to do next.

use std::error::Error as StdError;

use super::opening::VaultError;
use super::secret_error::SecretError;
use super::token_error::TokenError;
use crate::access::AccessError;
use crate::audit::AuditError;
use crate::fs::FsError;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, SecretName};
use crate::store::StoreError;

/// A result of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure: one line of text, a [`Kind`], and often a hint.
#[derive(Debug)]
pub struct Error(Box<dyn Failure>);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl Error {
    /// The kind of the failure.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// What to do next, where something can be done.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// What a person can do besides, who has an identity of their own and is no agent.
    pub fn hint_to_person(&self) -> Option<&'static str> {
        self.0.hint_to_person()
    }

    /// The exit code: the kind's, except for a program that `run` could not start (126, 127).
    pub fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }

    /// The failure itself, where it is of this type.
    pub(crate) fn of<F: Failure>(&self) -> Option<&F> {
        (&*self.0 as &dyn StdError).downcast_ref()
    }

    /// Whether it failed because somebody is no member in force: who calls, or who signed.
    pub(crate) fn lacks_a_rule(&self) -> bool {
        let access = self.of::<AccessError>();
        let lacks = |error: &AccessError| {
            matches!(
                error,
                AccessError::NotAMember
                    | AccessError::MemberNotInForce { .. }
                    | AccessError::NotGiven { .. }
                    | AccessError::GivenByDamaged { .. }
            )
        };
        access.is_some_and(lacks) || matches!(self.of(), Some(StoreError::UnknownSigner { .. }))
    }

    /// The secret that is not there, where that is why it failed.
    pub(crate) fn secret_not_found(&self) -> Option<&SecretName> {
        match self.of()? {
            SecretError::NotFound { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether it failed because the vault cannot be written.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self.of(), Some(VaultError::ReadOnly))
            || self.of().is_some_and(FsError::is_read_only)
            || matches!(self.of(), Some(AuditError::ReadOnly { .. }))
    }

    /// Whether a grant's files do not fit each other, as while they are being replaced.
    pub(crate) fn is_torn_grant(&self) -> bool {
        matches!(self.of(), Some(TokenError::TornGrant(_)))
    }

    /// The member who asks and waits for an admin's approval, where that is why it failed.
    pub(crate) fn waiting_member(&self) -> Option<&MemberName> {
        match self.of()? {
            AccessError::MemberWaits(name) => Some(name),
            AccessError::MemberNotInForce { name, .. } => name.as_ref(),
            _ => None,
        }
    }

    /// Whether a token's grant is behind the files.
    pub(crate) fn is_stale_grant(&self) -> bool {
        matches!(self.of(), Some(AccessError::Stale { .. }))
    }

    /// Whether the change is decided, and the next command finishes it.
    pub(crate) fn is_unfinished(&self) -> bool {
        matches!(self.of(), Some(FsError::Unfinished { .. }))
    }
}

impl<F: Failure> From<F> for Error {
    fn from(failure: F) -> Self {
        Self(Box::new(failure))
    }
}
