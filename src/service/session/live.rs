//! Shared sessions: those whose grants travel with the repository.

use super::token::expiry;
use crate::access::limits;
use crate::crypto::Recipient;
use crate::fs::GrantPlace;
use crate::name::{SecretName, SessionId};
use crate::service::base::clock;
use crate::service::base::{Context, Result, Snapshot};
use crate::store::{Grant, Signed, Stamp};

/// A live shared session.
pub(crate) type Live = (GrantPlace, Signed<Grant>);

/// Those of the `live` shared sessions that may read `name`: its value is encrypted to them
/// too.
pub(crate) fn readers(
    opened: &Snapshot,
    live: &[Live],
    name: &SecretName,
) -> Result<Vec<(SessionId, Recipient)>> {
    let mut readers = Vec::new();
    for (place, grant) in live {
        if may_read(opened, grant, name) {
            readers.push((place.id.clone(), Recipient::parse(&grant.recipient)?));
        }
    }
    Ok(readers)
}

/// The live shared sessions.
pub(crate) fn live(ctx: &Context, opened: &Snapshot) -> Result<Vec<Live>> {
    let now = Stamp::new(clock::latest(ctx, opened));
    let mut live = Vec::new();
    for place in opened.vault.sessions()?.into_iter().filter(|place| place.shared) {
        // A grant that is not in order gives nothing to anybody; `session list` shows it.
        if let Ok(Some(grant)) = opened.vault.grant(&place, &opened.rules.creator_key())
            && now < expiry(&grant, &opened.rules)
        {
            live.push((place, grant));
        }
    }
    Ok(live)
}

fn may_read(opened: &Snapshot, grant: &Signed<Grant>, name: &SecretName) -> bool {
    let Ok((_, policy)) = opened.rules.of_grant(grant) else { return false };
    policy.rule(name).allows()
        && limits(grant).is_ok_and(|limits| limits.rule(name).allows())
        && opened.rules.may_read(grant.by(), name)
}
