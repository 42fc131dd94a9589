//! Access that somebody asked for: lines of the trail, until a policy gives it.

use serde::Serialize;
use time::Duration;

use crate::access::Reach;
use crate::audit::{self, AuditEntry, Filter, Op, Outcome};
use crate::name::{ScopeName, SecretName};
use crate::service::audit::trail;
use crate::service::base::{Context, Result, Snapshot};

/// So long a request waits for an answer.
const WAITS: Duration = Duration::days(14);
/// At most so many are shown, the newest.
const MOST: usize = 50;

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

/// What was asked for in the last two weeks and is not given yet, newest first.
///
/// # Errors
/// The trail cannot be read.
pub(crate) fn open_requests(ctx: &Context, opened: &Snapshot) -> Result<Vec<AccessRequest>> {
    let filter = Filter {
        outcome: Some(Outcome::Granted),
        op: Some(Op::REQUEST.to_string()),
        since: Some(ctx.now - WAITS),
        ..Filter::default()
    };
    let mut chains = Vec::new();
    for place in trail(opened)? {
        let lines = place.newest(&filter, Some(MOST))?;
        chains.push((place.chain, lines));
    }
    let mut open: Vec<AccessRequest> = Vec::new();
    for entry in audit::merge(chains, &filter, Some(MOST)).iter().rev() {
        let Some(request) = still_open(opened, entry) else { continue };
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
