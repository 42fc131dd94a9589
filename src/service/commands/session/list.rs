//! Listing sessions: grants are public, so this needs no identity.

use serde::Serialize;

use crate::audit::Op;
use crate::fs::GrantPlace;
use crate::name::{ScopeName, SessionId};
use crate::service::base::clock;
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::session::ended::{End, Ended, ended, last_used, runs_only};
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
        /// It was ended before that.
        Revoked = "revoked",
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
    /// When its token was last given something, as far as this clone knows (RFC 3339).
    pub used: Option<String>,
    /// When it ended (RFC 3339), of one that is remembered.
    pub ended: Option<String>,
    /// `live`, `expired`, `revoked` or `invalid`.
    pub status: SessionStatus,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Lists the sessions of this clone and those that travel with the repository, the oldest
/// first, and then those that ended within a week; with a token its own only.
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
    let ids: Vec<SessionId> = views.iter().map(|view| view.id.clone()).collect();
    let used = last_used(&opened, &ids.iter().collect::<Vec<_>>());
    for view in &mut views {
        view.used = used.get(&view.id).map(ToString::to_string);
    }
    if bearer.is_none() {
        let over = ended(opened.vault.root(), now);
        views.extend(over.into_iter().filter(|one| !ids.contains(&one.id)).map(remembered));
    }
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
    SessionView {
        id: place.id,
        label: grant.label.clone(),
        scope: Some(grant.scope.clone()),
        run_only: runs_only(grant, &opened.rules),
        shared: place.shared,
        created: Some(grant.created.to_string()),
        expires: Some(ends.to_string()),
        by: Some(grant.by().to_string()),
        used: None,
        ended: None,
        status,
        problem: usable.err().map(|error| error.to_string()),
    }
}

fn remembered(one: Ended) -> SessionView {
    SessionView {
        id: one.id,
        label: one.label,
        scope: Some(one.scope),
        run_only: one.run_only,
        shared: one.shared,
        created: Some(one.created.to_string()),
        expires: Some(one.expires.to_string()),
        by: Some(one.by.to_string()),
        used: one.used.map(|used| used.to_string()),
        ended: Some(one.at.to_string()),
        status: match one.how {
            End::Expired => SessionStatus::Expired,
            End::Revoked => SessionStatus::Revoked,
        },
        problem: None,
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
        used: None,
        ended: None,
        status: SessionStatus::Invalid,
        problem: Some(problem),
    }
}
