//! Base64 of a value: alone, with a newline after it, inside a longer text, and in lines.
//!
//! Three bytes become four characters, so a longer text can hold a value in three ways.

use data_encoding::{BASE64, BASE64URL};
use zeroize::Zeroizing;

use super::Forms;
use crate::inject::buffer::Buffer;
use crate::secret::SecretBytes;

/// Where tools break lines: `base64` and `openssl base64`.
const COLUMNS: [usize; 2] = [76, 64];

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
    for end in [&b""[..], b"\n"] {
        let encoded = SecretBytes::from(BASE64.encode(&Zeroizing::new([value, end].concat())));
        add_lines(encoded.expose(), forms);
    }
}

fn without_padding(mut encoded: &[u8]) -> &[u8] {
    while let Some(shorter) = encoded.strip_suffix(b"=") {
        encoded = shorter;
    }
    encoded
}

fn add_lines(encoded: &[u8], forms: &mut Forms) {
    for columns in COLUMNS.into_iter().filter(|&columns| columns < encoded.len()) {
        for end_of_line in [&b"\n"[..], b"\r\n"] {
            let mut lines = Buffer::default();
            for (i, line) in encoded.chunks(columns).enumerate() {
                if i > 0 {
                    lines.push(end_of_line);
                }
                lines.push(line);
            }
            forms.add(lines.into_secret());
        }
    }
}
