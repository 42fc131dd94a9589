//! Backslashes, as JSON, JavaScript, Python, C, Go, Rust and shells write them, and quotation
//! marks within quotation marks of a shell.

use super::inline::{Bytes, Written};
use super::number::{digits, open, unit};

/// What bash writes for `'` between two of them.
const QUOTE: &[u8] = b"'\\''";

/// Reads what `text` begins with: a backslash.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    let Some(&kind) = text.get(1) else { return open(ended) };
    match kind {
        b'u' | b'x' if text.get(2) == Some(&b'{') => braced(text, ended),
        b'u' => unit(text, ended),
        b'U' => number(text, 2, 8, 16, ended),
        b'x' => byte(text, 2, 2, 16, ended),
        b'0'..=b'7' => octal(text, ended),
        b'n' => Written::As(Bytes::byte(b'\n'), 2),
        b'r' => Written::As(Bytes::byte(b'\r'), 2),
        b't' => Written::As(Bytes::byte(b'\t'), 2),
        b'b' => Written::As(Bytes::byte(8), 2),
        b'f' => Written::As(Bytes::byte(12), 2),
        b'v' => Written::As(Bytes::byte(11), 2),
        b'a' => Written::As(Bytes::byte(7), 2),
        b'e' | b'E' => Written::As(Bytes::byte(27), 2),
        b'\n' | b'\r' => Written::Plain,
        other if other.is_ascii_alphanumeric() => Written::Plain,
        other => Written::As(Bytes::byte(other), 2),
    }
}

/// Reads what `text` begins with: a quotation mark.
pub(super) fn quoted(text: &[u8], ended: bool) -> Written {
    if text.starts_with(QUOTE) {
        return Written::As(Bytes::byte(b'\''), QUOTE.len());
    }
    if !ended && text.len() < QUOTE.len() && QUOTE.starts_with(text) {
        return Written::Open;
    }
    // As Python's `shlex.quote` writes it, and dash, some at once: `'"''"'`.
    let [_, b'"', rest @ ..] = text else { return Written::Plain };
    let count = rest.iter().take(4).take_while(|byte| **byte == b'\'').count();
    match &rest[count..] {
        [b'"', b'\'', ..] if count > 0 => Written::As(Bytes::quotes(count), count + 4),
        [] | [b'"'] if !ended => Written::Open,
        _ => Written::Plain,
    }
}

fn number(text: &[u8], at: usize, count: usize, radix: u32, ended: bool) -> Written {
    match digits(text, at, count, radix, ended) {
        Ok(number) => char::from_u32(number)
            .map_or(Written::Plain, |c| Written::As(Bytes::char(c), at + count)),
        Err(written) => written,
    }
}

fn byte(text: &[u8], at: usize, count: usize, radix: u32, ended: bool) -> Written {
    match digits(text, at, count, radix, ended) {
        Ok(number) => Written::As(Bytes::byte(number as u8), at + count),
        Err(written) => written,
    }
}

/// `\101`, or fewer digits where no digit follows, as Perl writes them.
fn octal(text: &[u8], ended: bool) -> Written {
    let rest = &text[1..text.len().min(4)];
    let count = rest.iter().take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    if count < 3 && rest.len() == count && !ended {
        return Written::Open;
    }
    let number = rest[..count].iter().fold(0, |all, digit| all * 8 + u32::from(digit - b'0'));
    match (u8::try_from(number), rest.get(count)) {
        (Ok(number), _) if count == 3 => Written::As(Bytes::byte(number), 4),
        // What comes first decides: `\0` before anything else is a zero.
        (_, Some(digit)) if digit.is_ascii_digit() && rest[0] != b'0' => Written::Plain,
        (Ok(_), Some(digit)) if digit.is_ascii_digit() => Written::As(Bytes::byte(0), 2),
        (Ok(number), _) => Written::As(Bytes::byte(number), 1 + count),
        (Err(_), _) => Written::Plain,
    }
}

/// `\u{f6}`, or Perl's `\x{f6}`, one to six digits.
fn braced(text: &[u8], ended: bool) -> Written {
    for count in 1..=6 {
        match text.get(3 + count) {
            None => return open(ended),
            Some(b'}') => {
                return match number(text, 3, count, 16, ended) {
                    Written::As(bytes, width) => Written::As(bytes, width + 1),
                    other => other,
                };
            }
            Some(_) => {}
        }
    }
    Written::Plain
}
