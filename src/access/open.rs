//! The one place where plaintext begins to exist.

use super::decide::{Access, Means};
use super::error::AccessError;
use crate::audit::Receipt;
use crate::crypto::{decrypt, decrypt_with_key};
use crate::many;
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::store::EncryptedSecret;

/// Opens a secret that `access` covers and whose audit line is on disk.
///
/// # Errors
/// `NotRecorded` where access or receipt do not cover it, `Open` where it cannot be decrypted,
/// `Stale` where a token's grant has the key of an older file.
pub(crate) fn open(
    access: &Access,
    receipt: &Receipt,
    sealed: &EncryptedSecret,
) -> Result<SecretBytes, AccessError> {
    let name = sealed.name();
    if !access.covers(name) || !receipt.covers(name) {
        return Err(AccessError::NotRecorded(name.clone()));
    }
    match access.means() {
        Means::Identity(identity, known) => {
            let key = known.key_of(name, &sealed.record().digest);
            // A key that is not this file's fails at the header's mac: it costs a try, no more.
            let opened = key.and_then(|key| decrypt_with_key(sealed.ciphertext(), key).ok());
            opened
                .map_or_else(|| decrypt(sealed.ciphertext(), identity), Ok)
                .map_err(|source| AccessError::Open { name: name.clone(), source })
        }
        Means::Grant(bearer) => bearer.open(sealed),
    }
}

/// Opens many secrets at once, in the order given.
///
/// # Errors
/// As [`open`]; the first that fails.
pub(crate) fn open_many(
    access: &Access,
    receipt: &Receipt,
    sealed: &[EncryptedSecret],
) -> Result<Vec<(SecretName, SecretBytes)>, AccessError> {
    let open = |one: &EncryptedSecret| Ok((one.name().clone(), open(access, receipt, one)?));
    many::map(sealed, open).into_iter().collect()
}
