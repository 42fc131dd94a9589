//! Asking for access: a line of the trail, which travels to admins as every line does.

use serde::Serialize;
use time::Duration;

use crate::access::{Need, Reach};
use crate::audit::{self, Action, AuditEntry, Filter, Op, Outcome};
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName};
use crate::service::audit::{LossError, MAX_REASON, Recorder, trail};
use crate::service::base::{Context, OpenVault, Result, ScopeError, Snapshot, effective_scope};
use crate::service::secret::read::scope_of;
use crate::service::session::asker;

/// So long a request waits for an answer.
const WAITS: Duration = Duration::days(14);
/// At most so many are shown, the newest.
const MOST: usize = 50;
/// At most so many names in one.
const MOST_NAMES: usize = 50;

/// What somebody asked for, and does not have yet.
#[derive(Debug, Clone, Serialize)]
pub struct AccessRequest {
    /// When (RFC 3339).
    pub time: String,
    /// The member, or the session by its id and label.
    pub by: String,
    /// The agent that was at work, where one was.
    pub agent: Option<String>,
    /// The scope that is to reach them.
    pub scope: ScopeName,
    /// The secrets that it does not reach yet.
    pub names: Vec<SecretName>,
    /// Why.
    pub reason: String,
}

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
    let filter = Filter {
        outcome: Some(Outcome::Granted),
        op: Some(Op::REQUEST.to_string()),
        since: Some(ctx.now - WAITS),
        ..Filter::default()
    };
    let mut chains = Vec::new();
    for place in trail(&opened)? {
        let lines = place.newest(&filter, Some(MOST))?;
        chains.push((place.chain, lines));
    }
    let mut open: Vec<AccessRequest> = Vec::new();
    for entry in audit::merge(chains, &filter, Some(MOST)).iter().rev() {
        let Some(request) = still_open(&opened, entry) else { continue };
        let is_same = |one: &AccessRequest| {
            (&one.by, &one.scope, &one.names) == (&request.by, &request.scope, &request.names)
        };
        if !open.iter().any(is_same) {
            open.push(request);
        }
    }
    Ok(open)
}

/// A request, less what the scope reaches by now; `None` where nothing is left of it.
fn still_open(opened: &Snapshot, entry: &AuditEntry) -> Option<AccessRequest> {
    let scope = entry.scope.clone()?;
    let (name, policy) = opened.rules.scope(&scope).ok()?;
    let reach = Reach::Scope(name, policy);
    let is_missing = |name: &&SecretName| reach.permits(name).is_err();
    let names: Vec<_> = entry.secrets.iter().filter(is_missing).cloned().collect();
    (!names.is_empty()).then(|| AccessRequest {
        time: entry.time(),
        by: entry.actor(),
        agent: entry.agent().map(str::to_owned),
        scope,
        names,
        reason: entry.detail().unwrap_or_default().to_owned(),
    })
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
