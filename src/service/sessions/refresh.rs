//! Refreshing by command: the caller's sessions of this clone and those that travel.

use crate::audit::Op;
use crate::name::SessionId;
use crate::service::bearer::creator_key;
use crate::service::change::Workplace;
use crate::service::context::Context;
use crate::service::error::Result;
use crate::service::recorder::Deed;
use crate::service::refresh::{renewed, seal};
use crate::store::Version;

/// Gives the live sessions that the caller made the values as they are now, and deletes
/// those of this clone that ended. Returns the shared ones that changed.
///
/// # Errors
/// No identity; a token asks.
pub fn session_refresh(ctx: &Context) -> Result<Vec<SessionId>> {
    let place = Workplace::enter(ctx, &Op::SESSION_REFRESH)?;
    // Those of this clone follow by themselves, as after any change.
    place.change(ctx, &Deed::new(Op::SESSION_REFRESH), |change| {
        let opened = &place.opened;
        let mut changed = Vec::new();
        for folder in opened.vault.sessions()?.into_iter().filter(|folder| folder.shared) {
            let Ok(Some(grant)) = opened.vault.grant(&folder, &creator_key(&opened.rules)) else {
                continue;
            };
            if *grant.by() != place.caller.name {
                continue;
            }
            if let Some((mut grant, keys)) = renewed(opened, &place.caller, (&folder, &grant))? {
                change.put(folder.keys(), seal(opened, &place.caller.name, (&mut grant, &keys))?);
                let version = Version { created: 0, version: grant.version };
                change.put_signed(folder.grant(), &grant, version)?;
                changed.push(folder.id);
            }
        }
        Ok(("Refresh shared sessions".to_owned(), changed))
    })
}
