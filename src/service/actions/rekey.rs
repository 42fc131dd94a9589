//! Re-encrypting exactly the secrets whose readers changed, all of them or none.

use crate::audit::Op;
use crate::crypto::digest::Digest;
use crate::fs::VaultPath;
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::opening::Opened;
use crate::service::base::readers::{ReaderChange, pending, seal_to};
use crate::service::base::recorder::AuditAction;
use crate::service::base::records::put_record;
use crate::service::base::transaction::{LockedVault, Transaction};
use crate::store::Record;

/// Tells which secrets would be re-encrypted; this needs no identity.
///
/// # Errors
/// No vault, or a damaged one.
pub fn rekey_needed(ctx: &Context) -> Result<Vec<ReaderChange>> {
    let opened = Opened::open(ctx)?;
    let changes = pending(&opened)?;
    opened.settle(ctx);
    Ok(changes)
}

/// Encrypts each secret to the members who may read it under the rules now in force, in one
/// change. Values, their authors and their ages stay.
///
/// # Errors
/// The caller is no admin; a secret is damaged.
pub fn rekey(ctx: &Context) -> Result<Vec<ReaderChange>> {
    let locked = LockedVault::lock(ctx, &Op::REKEY)?;
    let changes = pending(&locked.opened)?;
    let action = AuditAction::new(Op::REKEY);
    locked.transact(ctx, &action, |tx| {
        locked.require_admin(ctx)?;
        encrypt(ctx, &locked, (tx, &changes))?;
        let message = match changes.as_slice() {
            [one] => format!("Rekey {}", one.name),
            several => format!("Rekey {} secrets", several.len()),
        };
        Ok((message, ()))
    })?;
    Ok(changes)
}

fn encrypt(
    ctx: &Context,
    locked: &LockedVault,
    (tx, changes): (&mut Transaction<'_>, &[ReaderChange]),
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let opened = &locked.opened;
    let sealed = changes.iter().map(|change| locked.sealed(&change.name));
    let sealed = sealed.collect::<Result<Vec<_>>>()?;
    let values = tx.reopen(&sealed)?;
    for (old, (name, value)) in sealed.iter().zip(values) {
        let readers = opened.rules.readers(&name);
        let (readers, file) = seal_to(ctx, opened, (&name, readers), &value)?;
        let old: &Record = old.record();
        let digest = Digest::of(&file);
        tx.put(VaultPath::secret(&name), file);
        let record = Record { version: old.version + 1, readers, digest, ..old.clone() };
        put_record(tx, locked, &name, record)?;
    }
    Ok(())
}
