//! The payload of an age file: how long the value is, writing it, reading it.
//!
//! The value's length follows from the file's, so the buffer has its size from the start
//! and never leaves copies behind by growing. The crate's own 64 KiB write buffer is the
//! one copy that cannot be wiped from here.

use std::io::{Read, Write as _};

use zeroize::Zeroizing;

use super::error::{CryptoError, Damage};
use super::header::Header;
use crate::secret::SecretBytes;

const NONCE: usize = 16;
const TAG: usize = 16;
/// Bytes of a full encrypted chunk: 64 KiB and its tag.
const CHUNK: usize = 64 * 1024 + TAG;

/// Encrypts `plain` into a whole age file.
///
/// # Errors
/// [`CryptoError::TooLargeToSeal`] above `limit` bytes, and [`CryptoError::EncryptionFailed`].
pub(super) fn write(
    plain: &[u8],
    encryptor: age::Encryptor,
    limit: usize,
) -> Result<Vec<u8>, CryptoError> {
    if plain.len() > limit {
        return Err(CryptoError::TooLargeToSeal { limit });
    }
    let file = Vec::with_capacity(plain.len() + 1024);
    let mut writer = encryptor.wrap_output(file).map_err(|_| CryptoError::EncryptionFailed)?;
    let mut file = writer
        .write_all(plain)
        .and_then(|()| writer.finish())
        .map_err(|_| CryptoError::EncryptionFailed)?;
    // Of an import thousands wait in memory.
    file.shrink_to_fit();
    Ok(file)
}

/// Computes the value's length from the file's.
///
/// # Errors
/// [`Damage`] where there is no whole payload, or one of more than `limit` bytes.
pub(super) fn length(file: &[u8], header: &Header, limit: usize) -> Result<usize, Damage> {
    let body = file
        .len()
        .checked_sub(header.payload_offset + NONCE)
        .filter(|&body| body >= TAG)
        .ok_or(Damage::Truncated)?;
    let length = body - body.div_ceil(CHUNK) * TAG;
    if length > limit { Err(Damage::TooLarge) } else { Ok(length) }
}

/// Reads the value, exactly `length` bytes and then the end.
///
/// # Errors
/// [`Damage::Altered`] where the payload is not what was written; no byte of it leaves.
pub(super) fn read(mut reader: impl Read, length: usize) -> Result<SecretBytes, Damage> {
    let mut value = Zeroizing::new(vec![0; length]);
    reader.read_exact(&mut value).map_err(|_| Damage::Altered)?;
    // Only the end proves that the last chunk was the last.
    match reader.read(&mut [0]) {
        Ok(0) => Ok(SecretBytes::new(std::mem::take(&mut *value))),
        _ => Err(Damage::Altered),
    }
}
