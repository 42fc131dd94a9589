//! Percent triplets (RFC 3986, 2.1), `+` for a space, and `%uXXXX` as JavaScript's `escape` has it.

use super::inline::{Bytes, Written};

/// Reads what `text` begins with: `%` or `+`.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    if text[0] == b'+' {
        return Written::As(Bytes::byte(b' '), 1);
    }
    let (at, count) = if text.get(1) == Some(&b'u') { (2, 4) } else { (1, 2) };
    let mut number = 0;
    for place in at..at + count {
        let Some(&digit) = text.get(place) else {
            return if ended { Written::Plain } else { Written::Open };
        };
        let Some(digit) = char::from(digit).to_digit(16) else { return Written::Plain };
        number = number << 4 | digit;
    }
    if count == 2 {
        return Written::As(Bytes::byte(number as u8), 3);
    }
    char::from_u32(number).map_or(Written::Plain, |c| Written::As(Bytes::char(c), 6))
}
