//! What kind of failure an error is: the one table of exit codes and JSON codes.
//!
//! Every error of the library answers `kind()`; the fronts turn the kind into an
//! exit code and nothing else. No other module may know a number.

/// The kind of a failure, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Anything the other kinds do not name: an I/O error, a failing helper program.
    Failure,
    /// Wrong words: usage, an invalid name, an invalid pattern.
    Usage,
    /// The secret, policy, session or member does not exist.
    NotFound,
    /// Access denied: policy, run-only, not a reader, read-only token, unapproved.
    Denied,
    /// The vault is missing, damaged or tampered with.
    Damaged,
    /// No identity, wrong passphrase, token invalid, expired or revoked.
    Credentials,
    /// It exists already, is locked, or was changed by somebody else meanwhile.
    Conflict,
}

impl Kind {
    /// The exit code that scripts rely on (1 to 7).
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Denied => 4,
            Self::Damaged => 5,
            Self::Credentials => 6,
            Self::Conflict => 7,
        }
    }

    /// The stable word for `--json` errors.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Denied => "access_denied",
            Self::Damaged => "vault_damaged",
            Self::Credentials => "credentials",
            Self::Conflict => "conflict",
        }
    }
}

/// A failure of the library: every error enum says its kind and, where there is something to do,
/// what.
pub(crate) trait Failure: std::error::Error + Send + Sync + 'static {
    /// The kind of the failure.
    fn kind(&self) -> Kind;

    /// What to do next, where something can be done.
    fn hint(&self) -> Option<String> {
        None
    }

    /// What a person can do besides, who has an identity of their own and is no agent.
    fn hint_to_person(&self) -> Option<&'static str> {
        None
    }

    /// The exit code: the kind's, except for a program that could not be started (126, 127).
    fn exit_code(&self) -> u8 {
        self.kind().exit_code()
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn every_kind_has_its_own_code() {
        let kinds = [
            Kind::Failure,
            Kind::Usage,
            Kind::NotFound,
            Kind::Denied,
            Kind::Damaged,
            Kind::Credentials,
            Kind::Conflict,
        ];
        for (i, kind) in kinds.iter().enumerate() {
            assert_eq!(usize::from(kind.exit_code()), i + 1);
            assert!(kinds[..i].iter().all(|k| k.code() != kind.code()));
        }
    }
}
