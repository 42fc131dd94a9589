//! What is missing where a scope is needed, and what to do next.

use crate::kind::{Failure, Kind};
use crate::name::ScopeName;

/// What is missing where a scope is needed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScopeError {
    #[error("no scope given")]
    NotGiven,
    #[error("which scope is the project's?")]
    Which { scopes: Vec<ScopeName> },
}

impl Failure for ScopeError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotGiven | Self::Which { .. } => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotGiven => {
                "name one with --scope, AUTHY_SCOPE or 'scope' in .authy.toml; an admin may 'run --only' without"
                    .into()
            }
            Self::Which { scopes } if scopes.is_empty() => {
                "name one with --scope; 'authy policy create' makes it".into()
            }
            Self::Which { scopes } => {
                let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
                format!("name one with --scope: {}", names.join(", "))
            },
        })
    }
}
