//! Random values: passwords that need no escaping in a URL, a shell or a file.

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::LENGTHS;
use super::error::InjectError;
use crate::secret::SecretBytes;

/// Length of a generated value where none is given: 192 random bits.
pub const DEFAULT_LENGTH: usize = 32;

/// 64 characters, so that six random bits choose one and each is as likely as the next.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Draws a value of `length` characters from the system's random source.
///
/// # Errors
/// [`InjectError::Length`] outside [`LENGTHS`], [`InjectError::Randomness`].
pub(crate) fn generate(length: usize) -> Result<SecretBytes, InjectError> {
    if !LENGTHS.contains(&length) {
        return Err(InjectError::Length { given: length });
    }
    let mut bytes = Zeroizing::new(vec![0; length]);
    SysRng.try_fill_bytes(&mut bytes)?;
    for byte in bytes.iter_mut() {
        *byte = ALPHABET[usize::from(*byte & 63)];
    }
    Ok(SecretBytes::new(std::mem::take(&mut *bytes)))
}

/// Draws `N` bytes from the system's random source.
pub(super) fn random<const N: usize>() -> Result<[u8; N], InjectError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, DEFAULT_LENGTH, generate};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use std::collections::BTreeSet;

    #[test]
    fn a_value_has_the_length_asked_for_and_safe_characters() {
        for length in [8, DEFAULT_LENGTH, 4096] {
            let value = generate(length).unwrap();
            assert_eq!(value.len(), length);
            assert!(value.expose().iter().all(|byte| ALPHABET.contains(byte)));
        }
        assert!(generate(DEFAULT_LENGTH).unwrap() != generate(DEFAULT_LENGTH).unwrap());
    }

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        assert_eq!(ALPHABET.iter().collect::<BTreeSet<_>>().len(), 64);
        let value = generate(4096).unwrap();
        assert_eq!(value.expose().iter().collect::<BTreeSet<_>>().len(), 64);
    }

    #[test]
    fn senseless_lengths_are_refused() {
        for length in [0, 7, 4097, usize::MAX] {
            assert_eq!(generate(length).unwrap_err().kind(), Kind::Usage);
        }
    }
}
