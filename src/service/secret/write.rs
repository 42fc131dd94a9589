//! Writing secrets: whether a name is taken, who may write it, and the version it gets. A secret is
//! two files, its value and its record; whatever writes or removes one goes through here.

use crate::access::Need;
use crate::crypto::digest::Digest;
use crate::fs::VaultPath;
use crate::name::{MemberName, SecretName};
use crate::service::base::{Context, Error, Result, SecretError, Snapshot};
use crate::service::change::{LockedVault, Transaction};
use crate::store::{Pin, Record, StoreError, Version};

impl LockedVault<'_> {
    /// Whether either file of the secret is there.
    pub(crate) fn has(&self, name: &SecretName) -> bool {
        let root = self.opened.vault.root();
        let there = |path| root.file(&path).symlink_metadata().is_ok();
        there(VaultPath::record(name)) || there(VaultPath::secret(name))
    }

    /// Whether the name is taken: a secret that was removed here, and put back by git, is not.
    pub(crate) fn is_taken(&self, name: &SecretName) -> bool {
        let record = || self.opened.vault.record(name, &self.opened.rules);
        self.has(name) && !matches!(record(), Err(StoreError::CameBack { .. }))
    }

    /// As [`may_write`], of whoever holds the lock.
    ///
    /// # Errors
    /// Denied.
    pub(crate) fn may_write(&self, name: &SecretName) -> Result<()> {
        may_write(self.ctx, &self.opened, &self.caller.name, name)
    }
}

/// A record is signed by somebody who may read its name: whoever may not, may not write it. A process
/// that is confined to a scope writes within that scope.
///
/// # Errors
/// Denied.
pub(crate) fn may_write(
    ctx: &Context,
    opened: &Snapshot,
    caller: &MemberName,
    name: &SecretName,
) -> Result<()> {
    if !opened.rules.may_read(caller, name) {
        return Err(Error::from(opened.rules.not_given(caller, name)));
    }
    if let Some(scope) = &ctx.confined {
        opened.rules.reach(caller, Some(scope), Need::Use)?.permits(name)?;
    }
    Ok(())
}

impl Transaction<'_> {
    /// Stages both files of a secret; the record gets the digest of the value. Returns the version.
    pub(crate) fn write_secret(
        &mut self,
        name: &SecretName,
        ciphertext: Vec<u8>,
        record: Record,
    ) -> u64 {
        let digest = Digest::of(&ciphertext);
        self.put(VaultPath::secret(name), ciphertext);
        self.write_record(name, Record { digest, ..record })
    }

    /// Stages the record of a secret whose value stays; it never falls behind a version that this
    /// machine has seen. Returns the version.
    pub(crate) fn write_record(&mut self, name: &SecretName, mut record: Record) -> u64 {
        let path = VaultPath::record(name);
        let state = self.opened().vault.pins();
        if let Some(seen) = state.seen(&path).max(state.removed(&path)) {
            // What was there before may be ahead: another secret's history, after a rename onto a
            // name that was in use; a name stored again within the second in which it was removed;
            // a clock that was ahead then.
            let behind = seen.created - record.created.unix();
            if behind > 0 {
                record.created = record.created.plus(behind.saturating_add(1));
            } else if behind == 0 {
                record.version = record.version.max(seen.version + 1);
            }
        }
        let version = record.version;
        self.put_record(path, record);
        version
    }

    /// Stages another name for a secret; its value is not opened, its readers stay.
    ///
    /// # Errors
    /// The old name not found, the new one taken, either denied.
    pub(crate) fn rename_secret(&mut self, old: &SecretName, new: &SecretName) -> Result<u64> {
        let locked = self.locked();
        locked.may_write(old)?;
        locked.may_write(new)?;
        let sealed = locked.secret(old)?;
        if new == old {
            return Err(SecretError::SameName(old.clone()).into());
        }
        if locked.is_taken(new) {
            return Err(SecretError::Taken(new.clone()).into());
        }
        let record: Record = (**sealed.record()).clone();
        // A name begins when it gets a secret. With the time of the old name this one would be
        // older than what another clone had under it and removed, and be refused there.
        // Younger than its value, by which the history tells a rename.
        let created = record.time_after(self.at()).max(record.created);
        let version = record.version + 1;
        let record = Record { version, created, ..record };
        let version = self.write_secret(new, sealed.ciphertext().to_vec(), record);
        self.remove_secret(old);
        Ok(version)
    }

    /// Stages the removal of a secret, which is remembered like a version: what git puts back later
    /// is not the secret.
    pub(crate) fn remove_secret(&mut self, name: &SecretName) {
        let opened = self.opened();
        let path = VaultPath::record(name);
        let found = match opened.vault.record(name, &opened.rules) {
            Ok(Some(record)) => Some(Version::from(&*record)),
            // What cannot be verified is remembered as far as it was seen.
            _ => opened.vault.pins().seen(&path).max(opened.vault.pins().removed(&path)),
        };
        if let Some(version) = found {
            self.remember(Pin::Removed(path.clone(), version));
        }
        self.remove(path);
        self.remove(VaultPath::secret(name));
    }
}
