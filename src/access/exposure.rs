//! How far values may go: the one place where sealed, run-only and everything are told apart.

use super::decide::Need;
use super::error::AccessError;
use super::seal::SealRefused;
use crate::name::ScopeName;
use crate::store::{Grant, Policy};

/// How far a policy or a grant lets values go; each allows what those before it allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exposure {
    /// Programs use what is sealed and hold nothing.
    SealOnly,
    /// Into processes.
    RunOnly,
    /// To whoever asks.
    Reveal,
}

impl Exposure {
    const fn of(run_only: bool, seal_only: bool) -> Self {
        match (seal_only, run_only) {
            (true, _) => Self::SealOnly,
            (false, true) => Self::RunOnly,
            (false, false) => Self::Reveal,
        }
    }

    /// Refuses what this does not allow, in the name of the scope.
    ///
    /// # Errors
    /// `SealRefused::Only`, `RunOnly`.
    pub(super) fn permits(self, need: Need, scope: &ScopeName) -> Result<(), AccessError> {
        match self {
            enough if enough >= need.requires() => Ok(()),
            Self::SealOnly => Err(SealRefused::Only { scope: scope.clone() }.into()),
            Self::RunOnly | Self::Reveal => Err(AccessError::RunOnly { scope: scope.clone() }),
        }
    }
}

impl From<&Policy> for Exposure {
    fn from(policy: &Policy) -> Self {
        Self::of(policy.run_only, policy.seal_only)
    }
}

impl From<&Grant> for Exposure {
    fn from(grant: &Grant) -> Self {
        Self::of(grant.run_only, grant.seal_only)
    }
}

impl Need {
    /// What a scope has to allow for it. What a run seals is decided by name, later.
    const fn requires(self) -> Exposure {
        match self {
            Self::Reveal => Exposure::Reveal,
            Self::Use => Exposure::SealOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exposure;
    use crate::access::Need;
    use crate::kind::{Failure as _, Kind};
    use crate::name::ScopeName;

    #[test]
    fn only_what_reveals_shows_and_all_can_be_used() {
        let scope = ScopeName::parse("ci").unwrap();
        for (run_only, seal_only, shows) in
            [(false, false, true), (true, false, false), (false, true, false), (true, true, false)]
        {
            let exposure = Exposure::of(run_only, seal_only);
            assert!(exposure.permits(Need::Use, &scope).is_ok());
            let shown = exposure.permits(Need::Reveal, &scope);
            assert_eq!(shown.is_ok(), shows);
            assert!(shown.err().is_none_or(|error| error.kind() == Kind::Denied));
        }
        assert!(Exposure::SealOnly < Exposure::RunOnly && Exposure::RunOnly < Exposure::Reveal);
    }
}
