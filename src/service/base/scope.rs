//! The scope of a command.

use super::context::Context;
use super::error::Result;
use super::names::known_scopes;
use crate::access::AccessError;
use crate::kind::{Failure, Kind};
use crate::many::some_of;
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

impl ScopeError {
    /// No scope is given, and these are there; where they cannot be told, none.
    pub(crate) fn not_given(ctx: &Context) -> Self {
        Self::NotGiven { scopes: known_scopes(ctx).unwrap_or_default() }
    }
}

/// So many names are written out.
const SHOWN: usize = 8;

/// What is missing where a scope is needed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScopeError {
    #[error("no scope given")]
    NotGiven { scopes: Vec<ScopeName> },
    #[error("which scope is the project's?")]
    Which { scopes: Vec<ScopeName> },
}

impl Failure for ScopeError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotGiven { .. } | Self::Which { .. } => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotGiven { scopes } if scopes.is_empty() => {
                "name one with --scope; 'authy policy create' makes it; an admin may 'run --only' without".into()
            }
            Self::NotGiven { scopes } => format!(
                "name one with --scope, AUTHY_SCOPE or 'scope' in .authy.toml: {}; an admin may 'run --only' without",
                some_of(scopes, SHOWN)
            ),
            Self::Which { scopes } if scopes.is_empty() => {
                "name one with --scope; 'authy policy create' makes it".into()
            }
            Self::Which { scopes } => format!("name one with --scope: {}", some_of(scopes, SHOWN)),
        })
    }
}
