//! Percent triplets (RFC 3986, 2.1), `+` for a space, and `%uXXXX` as JavaScript's `escape` has it.

use super::inline::{Bytes, Written};

/// Reads what `text` begins with: `%` or `+`.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    if text[0] == b'+' {
        return Written::As(Bytes::byte(b' '), 1);
    }
    if text.get(1) == Some(&b'u') {
        return unit(text, ended);
    }
    match number(text, 1, 2, ended) {
        Ok(number) => Written::As(Bytes::byte(number as u8), 3),
        Err(written) => written,
    }
}

fn unit(text: &[u8], ended: bool) -> Written {
    let first = match number(text, 2, 4, ended) {
        Ok(first) => first,
        Err(written) => return written,
    };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).map_or(Written::Plain, |c| Written::As(Bytes::char(c), 6));
    }
    // Half a character.
    match (text.get(6), text.get(7)) {
        (None, _) | (Some(b'%'), None) if !ended => return Written::Open,
        (Some(b'%'), Some(b'u')) => {}
        _ => return Written::Plain,
    }
    match number(text, 8, 4, ended) {
        Ok(second) => joined(first, second).map_or(Written::Plain, |c| Written::As(c, 12)),
        Err(written) => written,
    }
}

/// The number that `count` digits from `at` on make.
fn number(text: &[u8], at: usize, count: usize, ended: bool) -> Result<u32, Written> {
    let mut number = 0;
    for place in at..at + count {
        let Some(&digit) = text.get(place) else {
            return Err(if ended { Written::Plain } else { Written::Open });
        };
        let digit = char::from(digit).to_digit(16).ok_or(Written::Plain)?;
        number = number << 4 | digit;
    }
    Ok(number)
}

/// The character of two surrogates (Unicode, 3.9).
pub(super) fn joined(first: u32, second: u32) -> Option<Bytes> {
    let are_halves = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let code = || 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    are_halves.then(code).and_then(char::from_u32).map(Bytes::char)
}
