//! The payload of an age file: how long the value is, writing it, reading it.
//!
//! The value's length follows from the file's, so the buffer has its size from the start
//! and never leaves copies behind by growing. The crate's own 64 KiB write buffer is the
//! one copy that cannot be wiped from here.

use std::io::{Read, Write as _};

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use zeroize::Zeroizing;

use super::error::{CryptoError, Damage};
use super::header::Header;
use super::keys::payload_key;
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

/// Opens a payload whose file's key is known: a nonce, then chunks of at most 64 KiB, each with its tag
/// (age spec, "Payload").
///
/// The crate does the same and wants a header before it; for each file it clears a buffer of 64 KiB,
/// which takes longer than the value. Tests hold the two to the same answers.
///
/// # Errors
/// [`Damage::Altered`], and [`Damage::Truncated`] where there is no nonce; no byte of the value leaves.
pub(super) fn open(payload: &[u8], file_key: &[u8], length: usize) -> Result<SecretBytes, Damage> {
    let (nonce, body) = payload.split_at_checked(NONCE).ok_or(Damage::Truncated)?;
    let cipher = ChaCha20Poly1305::new((&*payload_key(file_key, nonce)).into());
    let mut value = Zeroizing::new(vec![0; length]);
    let mut room = value.as_mut_slice();
    let last = body.chunks(CHUNK).len().saturating_sub(1);
    for (number, chunk) in body.chunks(CHUNK).enumerate() {
        let (sealed, tag) = chunk.split_last_chunk::<TAG>().ok_or(Damage::Altered)?;
        // A last chunk with nothing in it stands for an empty value, and behind no other chunk.
        if sealed.is_empty() && number > 0 || sealed.len() > room.len() {
            return Err(Damage::Altered);
        }
        let (part, rest) = room.split_at_mut(sealed.len());
        part.copy_from_slice(sealed);
        let mut nonce = Nonce::default();
        let counter = u64::try_from(number).map_err(|_| Damage::Altered)?;
        nonce[3..11].copy_from_slice(&counter.to_be_bytes());
        nonce[11] = u8::from(number == last);
        let opened = cipher.decrypt_in_place_detached(&nonce, b"", part, Tag::from_slice(tag));
        opened.map_err(|_| Damage::Altered)?;
        room = rest;
    }
    match room.is_empty() && !body.is_empty() {
        true => Ok(SecretBytes::new(std::mem::take(&mut *value))),
        false => Err(Damage::Altered),
    }
}
