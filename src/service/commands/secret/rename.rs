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
    rename_all(ctx, &[(old.clone(), new.clone())])
}

/// Gives several secrets other names, the old one first in each pair, in one change, or none of them.
///
/// # Errors
/// As [`rename`]; an old name is a new one too.
pub fn rename_all(ctx: &Context, pairs: &[(SecretName, SecretName)]) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::RENAME)?;
    let names = pairs.iter().flat_map(|(old, new)| [old.clone(), new.clone()]);
    let action = Action::new(Op::RENAME).on(names);
    locked.transact(&action, |tx| {
        for (old, new) in pairs {
            locked.may_write(old)?;
            locked.may_write(new)?;
            let sealed = locked.secret(old)?;
            let is_twice = pairs.iter().filter(|(_, other)| other == new).count() > 1;
            if is_twice || locked.is_taken(new) {
                return Err(SecretError::Taken(new.clone()).into());
            }
            let record: Record = (**sealed.record()).clone();
            // A name begins when it gets a secret. With the time of the old name this one would be
            // older than what another clone had under it and removed, and be refused there.
            // Younger than its value, by which the history tells a rename.
            let created = record.time_after(tx.at()).max(record.created);
            let version = record.version + 1;
            let record = Record { version, created, ..record };
            tx.write_secret(new, sealed.ciphertext().to_vec(), record);
            tx.remove_secret(old);
        }
        Ok((message(pairs), ()))
    })
}

fn message(pairs: &[(SecretName, SecretName)]) -> String {
    match pairs {
        [(old, new)] => format!("Rename {old} to {new}"),
        [(old, new), ..] => format!("Rename {} secrets, {old} to {new} first", pairs.len()),
        [] => "Rename nothing".to_owned(),
    }
}
