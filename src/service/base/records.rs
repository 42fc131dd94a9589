//! Writing records: whether a name is taken, who may write it, and the version it gets.

use super::context::Context;
use super::error::{Error, Result};
use super::transaction::{LockedVault, Transaction};
use crate::access::{AccessError, Need};
use crate::fs::VaultPath;
use crate::name::SecretName;
use crate::store::{Record, StoreError, Version};

/// Whether either file of the secret is there.
pub(crate) fn exists(locked: &LockedVault, name: &SecretName) -> bool {
    let root = locked.opened.vault.root();
    let there = |path| root.file(&path).symlink_metadata().is_ok();
    there(VaultPath::record(name)) || there(VaultPath::secret(name))
}

/// Whether the name is taken: a secret that was removed here, and put back by git, is not.
pub(crate) fn is_taken(locked: &LockedVault, name: &SecretName) -> bool {
    let record = || locked.opened.vault.record(name, &locked.opened.rules);
    exists(locked, name) && !matches!(record(), Err(StoreError::CameBack { .. }))
}

/// Remembers a removal like a version: what git puts back later is not the secret.
pub(crate) fn remember_removed(tx: &mut Transaction<'_>, locked: &LockedVault, name: &SecretName) {
    let opened = &locked.opened;
    let path = VaultPath::record(name);
    let found = match opened.vault.record(name, &opened.rules) {
        Ok(Some(record)) => Some(Version::from(&*record)),
        // What cannot be verified is remembered as far as it was seen.
        _ => opened.vault.state().seen(&path).max(opened.vault.state().removed(&path)),
    };
    if let Some(version) = found {
        tx.remember_removed(path, version);
    }
}

/// A record is signed by somebody who may read its name: whoever may not, may not write it.
/// A process that is confined to a scope writes within that scope.
///
/// # Errors
/// Denied.
pub(crate) fn may_write(ctx: &Context, locked: &LockedVault, name: &SecretName) -> Result<()> {
    let caller = &locked.caller.name;
    if !locked.opened.rules.may_read(caller, name) {
        let error = AccessError::NotGiven { member: caller.clone(), name: name.clone() };
        return Err(Error::from(error));
    }
    if let Some(scope) = &ctx.confined {
        locked.opened.rules.reach(caller, Some(scope), Need::Names)?.permits(name)?;
    }
    Ok(())
}

/// Stages a record; it never falls behind a version that this machine has seen.
pub(crate) fn put_record(
    tx: &mut Transaction<'_>,
    locked: &LockedVault,
    name: &SecretName,
    mut record: Record,
) -> Result<u64> {
    let path = VaultPath::record(name);
    let state = locked.opened.vault.state();
    if let Some(seen) = state.seen(&path).max(state.removed(&path)) {
        // What was there before may be ahead: another secret's history, after a rename onto a name
        // that was in use; a name stored again within the second in which it was removed; a clock
        // that was ahead then.
        let behind = seen.created - record.created.unix();
        if behind > 0 {
            record.created = record.created.plus(behind.saturating_add(1));
        } else if behind == 0 {
            record.version = record.version.max(seen.version + 1);
        }
    }
    let version = Version::from(&record);
    tx.put_signed(path, &record, version)?;
    Ok(record.version)
}
