//! Listing sessions: grants are public, so this needs no identity.

use serde::Serialize;

use crate::access::Exposure;
use crate::audit::Op;
use crate::fs::GrantPlace;
use crate::name::{ScopeName, SessionId};
use crate::service::base::clock;
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::session::{bearer, expiry};
use crate::store::{Grant, Signed, Stamp};
use crate::words::words;

words! {
    /// Whether a session can be used.
    pub enum SessionStatus {
        /// It can.
        Live = "live",
        /// Its time is over.
        Expired = "expired",
        /// Its grant cannot be read, or gives nothing any more.
        Invalid = "invalid",
    }
}

/// One session, as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// For people.
    pub label: String,
    /// The scope.
    pub scope: Option<ScopeName>,
    /// Whether values go into processes only, by the session or by its policy.
    pub run_only: bool,
    /// Whether the grant travels with the repository.
    pub shared: bool,
    /// When it was made (RFC 3339).
    pub created: Option<String>,
    /// When it ends (RFC 3339).
    pub expires: Option<String>,
    /// The member who made it.
    pub by: Option<String>,
    /// `live`, `expired` or `invalid`.
    pub status: SessionStatus,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Lists the sessions of this clone and those that travel with the repository, the oldest
/// first; with a token its own only.
///
/// # Errors
/// No vault; a token that is none.
pub fn session_list(ctx: &Context) -> Result<Vec<SessionView>> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::SESSION_LIST)?;
    let now = Stamp::new(clock::latest(ctx, &opened));
    let mut views = Vec::new();
    for place in opened.vault.sessions()? {
        if bearer.as_ref().is_some_and(|bearer| *bearer.place() != place) {
            continue;
        }
        match opened.vault.grant(&place, &opened.rules.creator_key()) {
            Ok(Some(grant)) => views.push(view(&opened, place, &grant, now)),
            Ok(None) => {}
            Err(error) => views.push(invalid(place, error.to_string())),
        }
    }
    views.sort_by(|a, b| a.created.cmp(&b.created));
    Ok(views)
}

fn view(opened: &Snapshot, place: GrantPlace, grant: &Signed<Grant>, now: Stamp) -> SessionView {
    let usable = opened.rules.of_grant(grant);
    let ends = expiry(grant, &opened.rules);
    let status = match &usable {
        Err(_) => SessionStatus::Invalid,
        Ok(_) if ends <= now => SessionStatus::Expired,
        Ok(_) => SessionStatus::Live,
    };
    let by_policy = usable.as_ref().is_ok_and(|(_, policy)| policy.hides());
    SessionView {
        id: place.id,
        label: grant.label.clone(),
        scope: Some(grant.scope.clone()),
        run_only: Exposure::from(&**grant) < Exposure::Reveal || by_policy,
        shared: place.shared,
        created: Some(grant.created.to_string()),
        expires: Some(ends.to_string()),
        by: Some(grant.by().to_string()),
        status,
        problem: usable.err().map(|error| error.to_string()),
    }
}

fn invalid(place: GrantPlace, problem: String) -> SessionView {
    SessionView {
        id: place.id,
        label: String::new(),
        scope: None,
        run_only: false,
        shared: place.shared,
        created: None,
        expires: None,
        by: None,
        status: SessionStatus::Invalid,
        problem: Some(problem),
    }
}
