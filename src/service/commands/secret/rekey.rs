//! Re-encrypting exactly the secrets whose readers changed, all of them or none.

use crate::access::Principal;
use crate::audit::{Action, Op};
use crate::service::base::{
    Context, OpenVault, Result, missing_rules, refuse_gone, refuse_missing,
};
use crate::service::change::LockedVault;
use crate::service::secret::cache;
use crate::service::secret::{ReaderChange, note_undecided, pending, reencrypt};

/// Tells which secrets would be re-encrypted; this needs no identity.
///
/// # Errors
/// No vault, or a damaged one.
pub fn rekey_needed(ctx: &Context) -> Result<Vec<ReaderChange>> {
    let opened = OpenVault::open(ctx)?;
    refuse_missing(&opened, &missing_rules(&opened))?;
    refuse_gone(&opened)?;
    let changes = pending(&opened)?;
    note_undecided(ctx, &opened.rules);
    Ok(changes)
}

/// Encrypts each secret to the members who may read it under the rules now in force, in one
/// change. Values, their authors and their ages stay. `show` gets to see whose access changes
/// before anything happens.
///
/// # Errors
/// The caller is no admin; a secret is damaged.
pub fn rekey(ctx: &Context, show: &mut dyn FnMut(&[ReaderChange])) -> Result<Vec<ReaderChange>> {
    let locked = LockedVault::lock(ctx, &Op::REKEY)?;
    let opened = &locked.opened;
    let asker = Principal::Member(locked.caller.clone());
    // Each record is looked at twice: to see who its readers are, and to open the secret.
    cache::recall_signatures(opened, &asker, opened.vault.names()?.len());
    let changes = pending(opened)?;
    let action = Action::new(Op::REKEY);
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        locked.refuse_missing_secrets()?;
        show(&changes);
        reencrypt(tx, opened, opened, &changes)?;
        let message = match changes.as_slice() {
            [one] => format!("Rekey {}", one.name),
            several => format!("Rekey {} secrets", several.len()),
        };
        Ok((message, ()))
    })?;
    cache::keep_signatures(opened, &asker);
    note_undecided(ctx, &opened.rules);
    Ok(changes)
}
