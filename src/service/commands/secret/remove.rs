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
    remove_all(ctx, std::slice::from_ref(name))
}

/// Removes several secrets in one change, or none of them.
///
/// # Errors
/// As [`remove`].
pub fn remove_all(ctx: &Context, names: &[SecretName]) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::REMOVE)?;
    let action = Action::new(Op::REMOVE).on(names.iter().cloned());
    locked.transact(&action, |tx| {
        for name in names {
            locked.may_write(name)?;
            if !locked.has(name) {
                return Err(locked.opened.not_found(name, None));
            }
            tx.remove_secret(name);
        }
        Ok((message(names), ()))
    })
}

fn message(names: &[SecretName]) -> String {
    match names {
        [one] => format!("Remove {one}"),
        [first, ..] => format!("Remove {} secrets, {first} first", names.len()),
        [] => "Remove nothing".to_owned(),
    }
}
