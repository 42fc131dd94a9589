//! Why something sealed is not had, or a rule is none.

use crate::kind::Kind;
use crate::name::{ScopeName, SecretName};

/// What sealing refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealRefused {
    #[error("scope '{scope}' is sealed: programs use its values and never hold them")]
    Only { scope: ScopeName },
    #[error("scope '{scope}' is sealed, and no rule of it names a host for '{name}'")]
    NotSealed { scope: ScopeName, name: SecretName },
    #[error("scope '{scope}' seals '{name}': programs use it and never hold it")]
    Sealed { scope: ScopeName, name: SecretName },
    #[error("invalid sealed rule for '{rule}': {why}")]
    Rule { rule: String, why: String },
}

impl SealRefused {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Only { .. } | Self::NotSealed { .. } | Self::Sealed { .. } => Kind::Denied,
            Self::Rule { .. } => Kind::Usage,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Only { scope } | Self::Sealed { scope, .. } => {
                format!(
                    "run 'authy run --scope {scope} -- COMMAND', which puts values in on the wire"
                )
            }
            Self::NotSealed { scope, name } => format!(
                "leave it out with --only, or an admin runs: authy policy update {scope} --seal '{name}=HOST'"
            ),
            Self::Rule { .. } => {
                "as in: --seal 'github-token=api.github.com,*.githubusercontent.com;as=bearer'"
                    .into()
            }
        }
    }
}
