//! Giving a secret another name.

use crate::audit::{Action, Op};
use crate::name::SecretName;
use crate::service::base::{Context, Result, SecretError};
use crate::service::change::LockedVault;

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
            if pairs.iter().filter(|(_, other)| other == new).count() > 1 {
                return Err(SecretError::Taken(new.clone()).into());
            }
            tx.rename_secret(old, new)?;
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
