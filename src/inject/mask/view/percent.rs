//! Percent triplets (RFC 3986, 2.1), `+` for a space, and `%uXXXX` as JavaScript's `escape` has it.

use super::inline::{Bytes, Written};
use super::number::{digits, unit};

/// Reads what `text` begins with: `%` or `+`.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    match text {
        [b'+', ..] => Written::As(Bytes::byte(b' '), 1),
        [_, b'u', ..] => unit(text, ended),
        _ => match digits(text, 1, 2, 16, ended) {
            Ok(number) => Written::As(Bytes::byte(number as u8), 3),
            Err(written) => written,
        },
    }
}
