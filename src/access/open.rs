//! The one place where plaintext begins to exist.

use super::decide::{Access, KeySource};
use super::error::AccessError;
use crate::audit::Receipt;
use crate::crypto::{decrypt, decrypt_with_key};
use crate::many;
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::store::EncryptedSecret;

impl Access<'_> {
    /// Opens the files, in their order. The receipt is that of the audit line, which is on disk by
    /// then; one line is one opening.
    ///
    /// # Errors
    /// `NotRecorded` where the line is not of this operation, or does not name one of the files;
    /// `Open` where one cannot be decrypted, `Stale` where a token's grant has the key of an
    /// older file. The first that fails.
    #[allow(clippy::needless_pass_by_value, reason = "a receipt is used up")]
    pub(crate) fn open(
        self,
        receipt: Receipt,
    ) -> Result<Vec<(SecretName, SecretBytes)>, AccessError> {
        self.means.prepare(&self.files)?;
        let open = |one: &EncryptedSecret| {
            let name = one.name();
            if !receipt.covers(&self.op, name) {
                return Err(AccessError::NotRecorded(name.clone()));
            }
            Ok((name.clone(), self.means.open(one)?))
        };
        many::map(&self.files, open).into_iter().collect()
    }
}

impl KeySource {
    /// Has plugins asked about all files at once: one after another that would be a touch each.
    fn prepare(&self, files: &[EncryptedSecret]) -> Result<(), AccessError> {
        let (Self::Identity(identity, _), Some(first)) = (self, files.first()) else {
            return Ok(());
        };
        let name = first.name();
        let failed = |source| AccessError::Open { name: name.clone(), source };
        identity.prepare(files.iter().map(EncryptedSecret::ciphertext)).map_err(failed)
    }

    fn open(&self, sealed: &EncryptedSecret) -> Result<SecretBytes, AccessError> {
        let name = sealed.name();
        match self {
            Self::Identity(identity, known) => {
                let key = known.key_of(name, &sealed.record().digest);
                // A key that is not this file's fails at the header's mac: it costs a try, no more.
                let opened = key.and_then(|key| decrypt_with_key(sealed.ciphertext(), key).ok());
                opened
                    .map_or_else(|| decrypt(sealed.ciphertext(), identity), Ok)
                    .map_err(|source| AccessError::Open { name: name.clone(), source })
            }
            Self::Grant(bearer) => bearer.open(sealed),
        }
    }
}
