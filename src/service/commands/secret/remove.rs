//! Taking a secret away.

use crate::audit::{Action, Op};
use crate::name::SecretName;
use crate::service::base::{Context, Result};
use crate::service::change::LockedVault;

/// Removes a secret from the present state; git keeps the past.
///
/// # Errors
/// Not found; denied to whoever may not read the name.
pub fn remove(ctx: &Context, name: &SecretName) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::REMOVE)?;
    let action = Action::new(Op::REMOVE).on([name.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(name)?;
        if !locked.has(name) {
            return Err(locked.opened.not_found(name, None));
        }
        tx.remove_secret(name);
        Ok((format!("Remove {name}"), ()))
    })
}
