//! URL-encodings of a value: they differ in what they keep, in the space, in the digits.

use super::Forms;
use crate::inject::buffer::Buffer;

/// What is kept besides letters and digits, and what stands for a space.
const STYLES: [(&[u8], &[u8]); 5] = [
    // RFC 3986, "unreserved".
    (b"-._~", b"%20"),
    // Python's `quote`.
    (b"-._~/", b"%20"),
    // JavaScript's `encodeURIComponent`.
    (b"-._~!*'()", b"%20"),
    // Python's `quote_plus`.
    (b"-._~", b"+"),
    // Forms in a browser.
    (b"-._*", b"+"),
];

pub(super) fn add(value: &[u8], forms: &mut Forms) {
    for (kept, space) in STYLES {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            let mut out = Buffer::default();
            let passes = |b: u8| b.is_ascii_alphanumeric() || kept.contains(&b);
            for part in value.split_inclusive(|&b| !passes(b)) {
                match part.split_last() {
                    Some((b' ', before)) => {
                        out.push(before);
                        out.push(space);
                    }
                    Some((&b, before)) if !passes(b) => {
                        out.push(before);
                        let digit = |n: u8| digits[usize::from(n)];
                        out.push(&[b'%', digit(b >> 4), digit(b & 15)]);
                    }
                    _ => out.push(part),
                }
            }
            forms.add(out.into_secret());
        }
    }
}
