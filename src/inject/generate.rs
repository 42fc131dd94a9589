//! Random values: passwords, by default such that need no escaping in a URL, a shell or a file, and
//! passphrases of words.

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::error::InjectError;
use super::{LENGTHS, WORDS};
use crate::secret::SecretBytes;
use crate::words::{words, words_read};

/// Length of a generated value where none is given: 192 random bits.
pub const DEFAULT_LENGTH: usize = 32;

/// Words of a generated passphrase where no number is given: 88 random bits.
pub const DEFAULT_WORDS: usize = 8;

words! {
    /// What characters a generated value is made of.
    #[derive(Default)]
    pub enum Alphabet {
        /// Letters, digits, `-` and `_`: nothing to escape anywhere.
        #[default]
        Safe = "safe",
        /// Letters and digits.
        Alnum = "alnum",
        /// Lower-case hexadecimal digits.
        Hex = "hex",
        /// Digits.
        Digits = "digits",
        /// Every visible ASCII character, for what wants symbols.
        Ascii = "ascii",
    }
}
words_read!(Alphabet { Safe, Alnum, Hex, Digits, Ascii });

impl Alphabet {
    const fn characters(self) -> &'static [u8] {
        match self {
            Self::Safe => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            Self::Alnum => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Self::Hex => b"0123456789abcdef",
            Self::Digits => b"0123456789",
            Self::Ascii => {
                b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
            }
        }
    }
}

/// Draws a value of `length` characters from the system's random source, each character of the
/// alphabet as likely as the next.
///
/// # Errors
/// [`InjectError::Length`] outside [`LENGTHS`], [`InjectError::Randomness`].
pub(crate) fn generate(length: usize, alphabet: Alphabet) -> Result<SecretBytes, InjectError> {
    if !LENGTHS.contains(&length) {
        return Err(InjectError::Length { given: length });
    }
    let characters = alphabet.characters();
    let mut value = Zeroizing::new(Vec::with_capacity(length));
    while value.len() < length {
        value.push(characters[below(characters.len())?]);
    }
    Ok(SecretBytes::new(std::mem::take(&mut *value)))
}

/// Draws a passphrase of `count` words, each one of the 2,048 English words of BIP 39, with `-` between
/// them.
///
/// # Errors
/// [`InjectError::Words`] for fewer than 4 or more than 64, [`InjectError::Randomness`].
pub(crate) fn generate_words(count: usize) -> Result<SecretBytes, InjectError> {
    if !WORDS.contains(&count) {
        return Err(InjectError::Words { given: count });
    }
    let list = bip39::Language::English.word_list();
    // No word has more than eight letters.
    let mut value = Zeroizing::new(Vec::with_capacity(count * 9));
    for at in 0..count {
        if at > 0 {
            value.push(b'-');
        }
        value.extend_from_slice(list[below(list.len())?].as_bytes());
    }
    Ok(SecretBytes::new(std::mem::take(&mut *value)))
}

/// Draws a number below `end`, each as likely as the next: what lies above the last whole multiple is
/// drawn again.
fn below(end: usize) -> Result<usize, InjectError> {
    let whole = 65_536 - 65_536 % end;
    loop {
        let drawn = usize::from(u16::from_le_bytes(random()?));
        if drawn < whole {
            return Ok(drawn % end);
        }
    }
}

/// Draws `N` bytes from the system's random source.
pub(super) fn random<const N: usize>() -> Result<[u8; N], InjectError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, DEFAULT_LENGTH, generate, generate_words};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use std::collections::BTreeSet;

    const ALL: [(Alphabet, usize); 5] = [
        (Alphabet::Safe, 64),
        (Alphabet::Alnum, 62),
        (Alphabet::Hex, 16),
        (Alphabet::Digits, 10),
        (Alphabet::Ascii, 94),
    ];

    #[test]
    fn a_value_has_the_length_asked_for_and_characters_of_its_alphabet() {
        for (alphabet, size) in ALL {
            let characters: BTreeSet<u8> = alphabet.characters().iter().copied().collect();
            assert_eq!(characters.len(), size);
            assert!(characters.iter().all(u8::is_ascii_graphic));
            for length in [8, DEFAULT_LENGTH, 4096] {
                let value = generate(length, alphabet).unwrap();
                assert_eq!(value.len(), length);
                assert!(value.expose().iter().all(|byte| characters.contains(byte)));
            }
            let value = generate(4096, alphabet).unwrap();
            assert_eq!(value.expose().iter().collect::<BTreeSet<_>>().len(), size);
        }
        let one = || generate(DEFAULT_LENGTH, Alphabet::Safe).unwrap();
        assert!(one() != one());
    }

    #[test]
    fn words_are_words_of_the_list() {
        let value = generate_words(12).unwrap();
        let text = std::str::from_utf8(value.expose()).unwrap();
        let list = bip39::Language::English.word_list();
        assert_eq!(list.len(), 2048);
        assert_eq!(text.split('-').count(), 12);
        assert!(text.split('-').all(|word| list.contains(&word)), "{text}");
        assert!(list.iter().all(|word| word.len() <= 8));
    }

    #[test]
    fn senseless_lengths_are_refused() {
        for length in [0, 7, 4097, usize::MAX] {
            assert_eq!(generate(length, Alphabet::Hex).unwrap_err().kind(), Kind::Usage);
        }
        for count in [0, 3, 65] {
            assert_eq!(generate_words(count).unwrap_err().kind(), Kind::Usage);
        }
    }
}
