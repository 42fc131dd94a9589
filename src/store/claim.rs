//! Files of members and policies that are not in force, as somebody wants them to be; and the
//! versions of them that an admin signed before.
//!
//! A claim decides nothing. An admin looks at what it would change, and signs it or not.

use serde::de::DeserializeOwned;

use super::MAX_TOML;
use super::documents::{AdminSet, Config};
use super::error::StoreError;
use super::record::{EncryptedSecret, Record};
use super::signed::{Signed, Unverified, claimed};
use super::vault::{Authority, Vault};
use crate::crypto::digest::Digest;
use crate::crypto::sign::VerifyKey;
use crate::fs::VaultPath;
use crate::name::{MemberName, SecretName};

/// A document that no admin signed as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Claim<T> {
    /// What it says.
    pub(crate) document: T,
    /// Who claims to have signed it.
    pub(crate) by: Option<MemberName>,
    /// Of the whole file: what was looked at is what is approved.
    pub(crate) digest: Digest,
    bytes: Vec<u8>,
}

impl<T: DeserializeOwned> Claim<T> {
    /// Whether the signature is one by `key`.
    pub(crate) fn is_signed_with(&self, vault: &Vault, path: &VaultPath, key: &VerifyKey) -> bool {
        Unverified::parse(path, self.bytes.clone())
            .and_then(|read| read.verify::<T>(vault.id(), Some(key)))
            .is_ok()
    }
}

impl Vault {
    /// Reads what a file claims, whoever signed it.
    ///
    /// # Errors
    /// The file is missing, cannot be read, or holds no such document.
    pub(crate) fn claim<T: DeserializeOwned>(
        &self,
        path: &VaultPath,
    ) -> Result<Claim<T>, StoreError> {
        let bytes = self
            .files()
            .read(path, MAX_TOML)?
            .ok_or_else(|| StoreError::Missing { path: path.clone() })?;
        self.claim_in(path, bytes)
    }

    /// Reads what `bytes` claim, as those of the file at `path`.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn claim_in<T: DeserializeOwned>(
        &self,
        path: &VaultPath,
        bytes: Vec<u8>,
    ) -> Result<Claim<T>, StoreError> {
        let (document, by) = claimed(path, &bytes)?;
        Ok(Claim { document, by, digest: Digest::of(&bytes), bytes })
    }

    /// Joins an earlier record to its ciphertext, where one of `keys` signed it and the digest
    /// fits; `None` where it is not what somebody who may once wrote.
    pub(crate) fn past_secret(
        &self,
        name: &SecretName,
        record: &[u8],
        ciphertext: Vec<u8>,
        keys: &dyn Fn(&MemberName) -> Vec<VerifyKey>,
    ) -> Option<EncryptedSecret> {
        let record = self.past_record(name, record, keys)?;
        EncryptedSecret::join(name.clone(), ciphertext, record)
    }

    /// Verifies an earlier record, where one of `keys` signed it.
    pub(crate) fn past_record(
        &self,
        name: &SecretName,
        record: &[u8],
        keys: &dyn Fn(&MemberName) -> Vec<VerifyKey>,
    ) -> Option<Signed<Record>> {
        let path = VaultPath::record(name);
        let by = Unverified::parse(&path, record.to_vec()).ok()?.by().clone();
        keys(&by).into_iter().find_map(|key| {
            Unverified::parse(&path, record.to_vec()).ok()?.verify(self.id(), Some(&key)).ok()
        })
    }

    /// Joins a record that comes from elsewhere to its ciphertext, where somebody signed it who
    /// may under the rules of `authority`, and the digest fits.
    ///
    /// # Errors
    /// Whatever is wrong with either file.
    pub(crate) fn offered_secret(
        &self,
        name: &SecretName,
        record: Vec<u8>,
        ciphertext: Vec<u8>,
        authority: &dyn Authority,
    ) -> Result<EncryptedSecret, StoreError> {
        let path = VaultPath::record(name);
        let read = Unverified::parse(&path, record)?;
        let key = authority.record_key(read.by(), name);
        let record = read.verify(self.id(), key.as_ref())?;
        let value = VaultPath::secret(name);
        EncryptedSecret::join(name.clone(), ciphertext, record)
            .ok_or(StoreError::Digest { value, record: path })
    }

    /// Whether an admin of this set, which is not looked into otherwise, signed the file at `path`.
    pub(crate) fn is_signed_by_set(
        &self,
        set_path: &VaultPath,
        set: Vec<u8>,
        path: &VaultPath,
        bytes: Vec<u8>,
    ) -> bool {
        let Ok(claim) = self.claim_in::<AdminSet>(set_path, set) else { return false };
        let Ok(read) = Unverified::parse(path, bytes) else { return false };
        let key = claim.document.admins.get(read.by()).copied();
        read.verify::<Config>(self.id(), key.as_ref()).is_ok()
    }

    /// Verifies an earlier version of the file at `path`; `None` where no admin of today
    /// signed it.
    pub(crate) fn approved<T: DeserializeOwned>(
        &self,
        path: &VaultPath,
        bytes: Vec<u8>,
    ) -> Option<Signed<T>> {
        let read = Unverified::parse(path, bytes).ok()?;
        let key = self.admins().admins.get(read.by()).copied();
        read.verify::<T>(self.id(), key.as_ref()).ok()
    }
}
