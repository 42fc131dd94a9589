//! Giving a secret another name.

use crate::audit::{Action, Op};
use crate::name::SecretName;
use crate::service::base::{Context, Result, SecretError};
use crate::service::change::LockedVault;
use crate::store::Record;

/// Gives a secret another name; its value is not opened, its readers stay.
///
/// # Errors
/// The old name not found, the new one taken, either denied.
pub fn rename(ctx: &Context, old: &SecretName, new: &SecretName) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::RENAME)?;
    let action = Action::new(Op::RENAME).on([old.clone(), new.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(old)?;
        locked.may_write(new)?;
        let sealed = locked.secret(old)?;
        if locked.is_taken(new) {
            return Err(SecretError::Taken(new.clone()).into());
        }
        let record: Record = (**sealed.record()).clone();
        // A name begins when it gets a secret. With the time of the old name this one would be older
        // than what another clone had under it and removed, and be refused there.
        // Younger than its value, by which the history tells a rename.
        let created = record.time_after(tx.at()).max(record.created);
        let version = record.version + 1;
        let record = Record { version, created, ..record };
        tx.write_secret(new, sealed.ciphertext().to_vec(), record);
        tx.remove_secret(old);
        Ok((format!("Rename {old} to {new}"), ()))
    })
}
