//! What keeps a policy from being written, and what to do next.

use std::sync::Arc;

use crate::kind::{Failure, Kind};
use crate::name::ScopeName;
use crate::store::StoreError;

/// What keeps a policy from being written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("policy '{0}' exists already")]
    Exists(ScopeName),
    #[error("policy '{scope}' cannot be changed as it is: {why}")]
    Unapproved { scope: ScopeName, why: Arc<StoreError> },
    #[error("policy '{0}' says that already: nothing to change")]
    Unchanged(ScopeName),
}

impl Failure for PolicyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Exists(_) => Kind::Conflict,
            Self::Unapproved { .. } => Kind::Denied,
            Self::Unchanged(_) => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exists(scope) => format!("run 'authy policy update {scope}' to change it"),
            Self::Unapproved { scope, .. } => {
                format!(
                    "run 'authy approve {scope}' to look at it and sign it, or drop it with 'git checkout -- policies/{scope}.toml'"
                )
            }
            Self::Unchanged(scope) => format!("see 'authy policy show {scope}'"),
        })
    }
}
