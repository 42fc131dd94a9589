//! The scope of a command.

use super::context::Context;
use super::error::Result;
use crate::access::AccessError;
use crate::kind::{Failure, Kind};
use crate::name::ScopeName;

/// The scope of a command in a process that may be confined to one.
///
/// # Errors
/// `Confined` where another scope is asked for.
pub(crate) fn effective_scope(
    ctx: &Context,
    asked: Option<&ScopeName>,
) -> Result<Option<ScopeName>> {
    match (&ctx.confined, asked) {
        (Some(confined), Some(asked)) if asked != confined => {
            Err(AccessError::Confined { confined: confined.clone() }.into())
        }
        (Some(confined), _) => Ok(Some(confined.clone())),
        (None, asked) => Ok(asked.cloned()),
    }
}

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
