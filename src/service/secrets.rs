//! Single secrets: reading one, removing one, renaming one.

use super::change::{Change, Workplace};
use super::context::Context;
use super::error::{Error, Result};
use super::problem::Problem;
use super::reading::{Wanted, not_found, read, settled};
use super::recorder::Deed;
use crate::access::{AccessError, Need, Reach};
use crate::audit::Op;
use crate::fs::VaultPath;
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::store::{Record, Version};

/// Reads one secret: its exact bytes.
///
/// # Errors
/// Denied before not found; damaged; no identity.
pub fn get(ctx: &Context, name: &SecretName, scope: Option<&ScopeName>) -> Result<SecretBytes> {
    get_for(ctx, Op::GET, name, scope)
}

/// Reads one secret for the command `op`.
pub(super) fn get_for(
    ctx: &Context,
    op: Op,
    name: &SecretName,
    scope: Option<&ScopeName>,
) -> Result<SecretBytes> {
    let select = |reach: &Reach<'_>, _: &super::opening::Opened| {
        reach.permits(name)?;
        Ok(vec![name.clone()])
    };
    let wanted = Wanted {
        op,
        scope,
        need: Need::Reveal,
        named: vec![name.clone()],
        detail: None,
        select: &select,
    };
    let values = read(ctx, &wanted, |reading| Ok(reading.values))?;
    let value = values.into_iter().next().map(|(_, value)| value);
    value.ok_or_else(|| {
        Problem::NotFound { name: name.clone(), scope: scope.cloned(), nearest: None }.into()
    })
}

/// Removes a secret from the present state; git keeps the past.
///
/// # Errors
/// Not found; denied to whoever may not read the name.
pub fn remove(ctx: &Context, name: &SecretName) -> Result<()> {
    let place = Workplace::enter(ctx, &Op::REMOVE)?;
    let deed = Deed::of(Op::REMOVE, &[name]);
    place.change(ctx, &deed, |change| {
        may_write(ctx, &place, name)?;
        if !exists(&place, name) {
            return Err(not_found(&place.opened, name, None));
        }
        change.remove(VaultPath::record(name));
        change.remove(VaultPath::secret(name));
        Ok((format!("Remove {name}"), ()))
    })
}

/// Gives a secret another name; its value is not opened, its readers stay.
///
/// # Errors
/// The old name not found, the new one taken, either denied.
pub fn rename(ctx: &Context, old: &SecretName, new: &SecretName) -> Result<()> {
    let place = Workplace::enter(ctx, &Op::RENAME)?;
    let deed = Deed::of(Op::RENAME, &[old, new]);
    place.change(ctx, &deed, |change| {
        may_write(ctx, &place, old)?;
        may_write(ctx, &place, new)?;
        let opened = &place.opened;
        let sealed = settled(opened, || opened.vault.sealed(old, &opened.rules))?
            .ok_or_else(|| not_found(opened, old, None))?;
        if exists(&place, new) {
            return Err(Problem::Taken(new.clone()).into());
        }
        let record: Record = (**sealed.record()).clone();
        change.put(VaultPath::secret(new), sealed.ciphertext().to_vec());
        put_record(change, &place, new, Record { version: record.version + 1, ..record })?;
        change.remove(VaultPath::record(old));
        change.remove(VaultPath::secret(old));
        Ok((format!("Rename {old} to {new}"), ()))
    })
}

/// Whether either file of the secret is there.
pub(super) fn exists(place: &Workplace, name: &SecretName) -> bool {
    let root = place.opened.vault.root();
    let there = |path| root.file(&path).symlink_metadata().is_ok();
    there(VaultPath::record(name)) || there(VaultPath::secret(name))
}

/// A record is signed by somebody who may read its name: whoever may not, may not write it.
/// A process that is confined to a scope writes within that scope.
///
/// # Errors
/// Denied.
pub(super) fn may_write(ctx: &Context, place: &Workplace, name: &SecretName) -> Result<()> {
    let caller = &place.caller.name;
    if !place.opened.rules.may_read(caller, name) {
        let error = AccessError::NotGiven { member: caller.clone(), name: name.clone() };
        return Err(Error::from(error));
    }
    if let Some(scope) = &ctx.confined {
        place.opened.rules.reach(caller, Some(scope), Need::Names)?.permits(name)?;
    }
    Ok(())
}

/// Stages a record; it never falls behind a version that this machine has seen.
pub(super) fn put_record(
    change: &mut Change<'_>,
    place: &Workplace,
    name: &SecretName,
    mut record: Record,
) -> Result<u64> {
    let path = VaultPath::record(name);
    if let Some(seen) = place.opened.vault.state().seen(&path) {
        // Another secret's history may be ahead: a rename onto a name that was in use, or
        // a name stored again within the second in which it was removed.
        if record.created.unix() <= seen.created {
            record.version = record.version.max(seen.version + 1);
        }
    }
    let version = Version { created: record.created.unix(), version: record.version };
    change.put_signed(path, &record, version)?;
    Ok(record.version)
}
