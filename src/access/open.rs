//! The one place where plaintext begins to exist.

use rayon::prelude::*;

use super::decide::Access;
use super::error::AccessError;
use crate::audit::Receipt;
use crate::crypto::unseal;
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::store::Sealed;

/// Opens a secret that `access` covers and whose audit line is on disk.
///
/// # Errors
/// `NotRecorded` where access or receipt do not cover it, `Open` where it cannot be decrypted.
pub(crate) fn open(
    access: &Access,
    receipt: &Receipt,
    sealed: &Sealed,
) -> Result<SecretBytes, AccessError> {
    let name = sealed.name();
    if !access.covers(name) || !receipt.covers(name) {
        return Err(AccessError::NotRecorded(name.clone()));
    }
    unseal(sealed.ciphertext(), access.identity())
        .map_err(|source| AccessError::Open { name: name.clone(), source })
}

/// Opens many secrets at once, in the order given.
///
/// # Errors
/// As [`open`]; the first that fails.
pub(crate) fn open_many(
    access: &Access,
    receipt: &Receipt,
    sealed: &[Sealed],
) -> Result<Vec<(SecretName, SecretBytes)>, AccessError> {
    sealed.par_iter().map(|one| Ok((one.name().clone(), open(access, receipt, one)?))).collect()
}
