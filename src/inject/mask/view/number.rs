//! Characters by their numbers, and halves of them.

use super::inline::{Bytes, Written};

/// What is to be said where the text stops: no escape, or not known yet.
pub(super) fn open(ended: bool) -> Written {
    if ended { Written::Plain } else { Written::Open }
}

/// The number that `count` digits from `at` on make, of a radix that is a power of two.
///
/// # Errors
/// What is to be said where they do not, or the text stops.
pub(super) fn digits(
    text: &[u8],
    at: usize,
    count: usize,
    radix: u32,
    ended: bool,
) -> Result<u32, Written> {
    let mut number = 0;
    for place in at..at + count {
        let Some(&digit) = text.get(place) else { return Err(open(ended)) };
        let digit = char::from(digit).to_digit(radix).ok_or(Written::Plain)?;
        number = number << radix.trailing_zeros() | digit;
    }
    Ok(number)
}

/// Reads `\u` or `%u` and four digits: half a character where they are a surrogate, and the other
/// half follows (RFC 8259, 7).
pub(super) fn unit(text: &[u8], ended: bool) -> Written {
    let first = match digits(text, 2, 4, 16, ended) {
        Ok(first) => first,
        Err(written) => return written,
    };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).map_or(Written::Plain, |c| Written::As(Bytes::char(c), 6));
    }
    match text[6..] {
        [] => return open(ended),
        [mark] if mark == text[0] => return open(ended),
        [mark, b'u', ..] if mark == text[0] => {}
        _ => return Written::Plain,
    }
    match digits(text, 8, 4, 16, ended) {
        Ok(second) => joined(first, second).map_or(Written::Plain, |c| Written::As(c, 12)),
        Err(written) => written,
    }
}

/// The character of two surrogates (Unicode, 3.9).
pub(super) fn joined(first: u32, second: u32) -> Option<Bytes> {
    let are_halves = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let code = || 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    are_halves.then(code).and_then(char::from_u32).map(Bytes::char)
}
