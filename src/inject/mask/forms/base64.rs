//! Base64 of a short value: alone, with a newline after it, and inside a longer text.
//!
//! Three bytes become four characters, so a longer text can hold a value in three ways.

use data_encoding::{BASE64, BASE64URL};
use zeroize::Zeroizing;

use super::Forms;
use crate::secret::SecretBytes;

pub(super) fn add(value: &[u8], forms: &mut Forms) {
    for offset in 0..3 {
        // `echo $X | base64` encodes the newline too.
        for end in [&b""[..], b"\n"] {
            let text = Zeroizing::new([&[0; 3][..offset], value, end].concat());
            for encoding in [BASE64, BASE64URL] {
                let encoded = SecretBytes::from(encoding.encode(&text));
                // The characters before this one hold bits of the text before the value.
                let own = &encoded.expose()[(offset * 8).div_ceil(6)..];
                forms.add_copy(own);
                forms.add_copy(without_padding(own));
            }
        }
        let text = Zeroizing::new([&[0; 3][..offset], value].concat());
        for encoding in [BASE64, BASE64URL] {
            // Where the text goes on, the last character may hold bits of what follows.
            let encoded = SecretBytes::from(encoding.encode(&text));
            let determined = (offset * 8).div_ceil(6)..text.len() * 8 / 6;
            forms.add_copy(&encoded.expose()[determined]);
        }
    }
}

fn without_padding(mut encoded: &[u8]) -> &[u8] {
    while let Some(shorter) = encoded.strip_suffix(b"=") {
        encoded = shorter;
    }
    encoded
}

/// What the letters stand for that have nothing but bits of `value`, which begins `offset` bytes
/// behind a group.
pub(super) fn letters(value: &[u8], offset: usize) -> SecretBytes {
    let bit = |at: usize| value[at / 8] >> (7 - at % 8) & 1;
    // Bits before the first whole letter belong to one that is shared.
    let skip = (6 - offset * 8 % 6) % 6;
    let count = (value.len() * 8).saturating_sub(skip) / 6;
    let mut letters = Vec::with_capacity(count);
    letters.extend(
        (0..count)
            .map(|letter| (0..6).fold(0, |all, place| all << 1 | bit(skip + letter * 6 + place))),
    );
    SecretBytes::new(letters)
}
