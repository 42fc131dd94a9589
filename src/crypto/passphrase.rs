//! Age files that one passphrase opens: protected identities, and nothing else.

use std::iter;

use age::DecryptError;
use age::secrecy::SecretString;

use super::armor::armor;
use super::error::CryptoError;
use super::header::scan_passphrase;
use super::payload;
use crate::secret::{MAX_VALUE, SecretBytes};

/// The scrypt work factor of what we write, as a power of two.
///
/// 2^17 (128 MiB, a third of a second) is what OWASP asks of scrypt at least. The age
/// crate would measure the machine instead, which makes files of a fast one slow or
/// impossible to open on a small CI runner; age's own 2^18 doubles the wait of each command.
const WORK_FACTOR: u8 = 17;
/// The largest work factor accepted: 2^20 takes 1 GiB and some three seconds.
const MAX_WORK_FACTOR: u8 = 20;

/// Encrypts `plain` under a passphrase, armored, as `age -p -a` does.
///
/// # Errors
/// [`CryptoError::UnusablePassphrase`] where it is empty or not text; otherwise as `encrypt`.
pub(crate) fn encrypt_with_passphrase(
    plain: &[u8],
    passphrase: &SecretBytes,
) -> Result<Vec<u8>, CryptoError> {
    let unusable = |rule| CryptoError::UnusablePassphrase { rule };
    if passphrase.is_empty() {
        return Err(unusable("it is empty"));
    }
    let passphrase = text(passphrase).ok_or(unusable("it is not UTF-8 text"))?;
    let mut recipient = age::scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(WORK_FACTOR);
    let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        .map_err(|_| CryptoError::EncryptionFailed)?;
    Ok(armor(&payload::write(plain, encryptor, MAX_VALUE)?)?.into_bytes())
}

/// Opens the binary age file `file` with its passphrase, which is asked for once.
///
/// # Errors
/// [`CryptoError::PassphraseNeeded`], [`CryptoError::WrongPassphrase`],
/// [`CryptoError::TooMuchWork`], or [`CryptoError::Damaged`], before asking where possible.
pub(super) fn decrypt_with_passphrase(
    file: &[u8],
    ask: &dyn Fn() -> Option<SecretBytes>,
) -> Result<SecretBytes, CryptoError> {
    decrypt_with_passphrase_up_to(MAX_VALUE, MAX_WORK_FACTOR, file, ask)
}

/// The largest work factor accepted of a file that the user names and that another program wrote:
/// 2^22 takes 4 GiB. The age crate measures the machine when it writes.
pub(crate) const MAX_FOREIGN_WORK_FACTOR: u8 = 22;

/// As [`decrypt_with_passphrase`], for at most `limit` bytes and another bound of the work.
///
/// # Errors
/// As [`decrypt_with_passphrase`].
pub(crate) fn decrypt_with_passphrase_up_to(
    limit: usize,
    work_factor: u8,
    file: &[u8],
    ask: &dyn Fn() -> Option<SecretBytes>,
) -> Result<SecretBytes, CryptoError> {
    let length = payload::length(file, &scan_passphrase(file)?, limit)?;
    let decryptor = age::Decryptor::new_buffered(file)?;
    let passphrase = ask().ok_or(CryptoError::PassphraseNeeded)?;
    let passphrase = text(&passphrase).ok_or(CryptoError::WrongPassphrase)?;
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(work_factor);
    let reader = decryptor.decrypt(iter::once(&identity as &dyn age::Identity)).map_err(
        |error| match error {
            DecryptError::DecryptionFailed => CryptoError::WrongPassphrase,
            other => other.into(),
        },
    )?;
    Ok(payload::read(reader, length)?)
}

/// The passphrase in the form of the age crate; `None` where it is not UTF-8.
pub(super) fn text(passphrase: &SecretBytes) -> Option<SecretString> {
    // An owned copy has no spare capacity, so boxing it moves nothing.
    Some(SecretString::from(passphrase.expose_str()?.to_owned()))
}
