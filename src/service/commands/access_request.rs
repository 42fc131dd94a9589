//! Asking for access: a line of the trail, which travels to admins as every line does.

use crate::access::Need;
use crate::audit::{Action, Op};
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName};
use crate::service::audit::{LossError, MAX_REASON, Recorder};
use crate::service::base::{Context, OpenVault, Result, ScopeError, effective_scope};
use crate::service::rules::{AccessRequest, open_requests};
use crate::service::secret::read::scope_of;
use crate::service::session::asker;

/// At most so many names in one.
const MOST_NAMES: usize = 50;

/// Asks an admin for access of a scope to these secrets; they need not exist. The request is a line of
/// the asker's chain. Returns the names that the scope does not reach.
///
/// # Errors
/// No scope; no reason, or more than a line of 200 characters; the scope reaches all of them.
pub fn request_access(
    ctx: &Context,
    scope: Option<&ScopeName>,
    names: &[SecretName],
    reason: &str,
) -> Result<Vec<SecretName>> {
    let reason = reason.trim();
    let fits = (1..=MAX_REASON).contains(&reason.chars().count());
    if !fits || reason.chars().any(char::is_control) {
        return Err(LossError::Reason.into());
    }
    let opened = OpenVault::open(ctx)?;
    let asker = asker(ctx, &opened, &Op::REQUEST)?;
    let scope = effective_scope(ctx, scope)?.or_else(|| scope_of(&asker));
    let scope = scope.ok_or_else(|| ScopeError::not_given(ctx))?;
    let reach = opened.rules.reach_of(&asker, Some(&scope), Need::Use)?;
    let is_missing = |name: &&SecretName| reach.permits(name).is_err();
    let missing: Vec<_> = names.iter().filter(is_missing).take(MOST_NAMES).cloned().collect();
    if missing.is_empty() {
        return Err(RequestError::Has { scope }.into());
    }
    let action = Action::new(Op::REQUEST).on(missing.clone()).within(scope);
    let mut recorder = Recorder::open(ctx, &opened, &asker)?;
    // A receipt opens nothing here.
    let _ = recorder.granted(&action.saying(reason.to_owned()))?;
    Ok(missing)
}

/// What was asked for in the last two weeks and is not given yet, newest first. Needs no identity.
///
/// # Errors
/// The trail cannot be read.
pub fn access_requests(ctx: &Context) -> Result<Vec<AccessRequest>> {
    let opened = OpenVault::open(ctx)?;
    open_requests(ctx, &opened)
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("scope '{scope}' reaches all of that already")]
    Has { scope: ScopeName },
}

impl Failure for RequestError {
    fn kind(&self) -> Kind {
        match self {
            Self::Has { .. } => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Has { scope } => {
                format!(
                    "'authy list --scope {scope}' shows it; a token made before may need 'authy session create' again"
                )
            }
        })
    }
}
