//! Refreshing by command: the caller's sessions of this clone and those that travel.

use crate::audit::{Action, Op};
use crate::name::SessionId;
use crate::service::base::{Context, Result};
use crate::service::change::LockedVault;
use crate::service::session::{encrypt, renewed};
use crate::store::Version;

/// Gives the live sessions that the caller made the values as they are now, and deletes
/// those of this clone that ended. Returns the shared ones that changed.
///
/// # Errors
/// No identity; a token asks.
pub fn session_refresh(ctx: &Context) -> Result<Vec<SessionId>> {
    let locked = LockedVault::lock(ctx, &Op::SESSION_REFRESH)?;
    // Those of this clone follow by themselves, as after any change.
    locked.transact(&Action::new(Op::SESSION_REFRESH), |tx| {
        let opened = &locked.opened;
        let mut changed = Vec::new();
        for folder in opened.vault.sessions()?.into_iter().filter(|folder| folder.shared) {
            let Ok(Some(grant)) = opened.vault.grant(&folder, &opened.rules.creator_key()) else {
                continue;
            };
            if *grant.by() != locked.caller.name {
                continue;
            }
            if let Some((mut grant, keys)) = renewed(opened, &locked.caller, &folder, &grant)? {
                tx.put(folder.keys(), encrypt(opened, &locked.caller.name, &mut grant, &keys)?);
                let version = Version::of_document(grant.version);
                tx.put_signed(folder.grant(), &grant, version)?;
                changed.push(folder.id);
            }
        }
        Ok(("Refresh shared sessions".to_owned(), changed))
    })
}
