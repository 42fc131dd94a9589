//! The ends of lines, where a program puts something before the next one: an indentation, a mark, a
//! name; or where it breaks a long line at a blank.

use super::inline::{Bytes, Written};

/// No more than that stands before a line.
const LONGEST: usize = 64;

/// Reads what `text` begins with: the end of a line, with the margin of the next one.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    let rest = &text[1..];
    if rest.len() < LONGEST && !rest.contains(&b'\n') && !ended {
        return Written::Open;
    }
    match margin(&rest[..rest.len().min(LONGEST)]) {
        0 => Written::Plain,
        width => Written::As(Bytes::byte(b'\n'), 1 + width),
    }
}

/// Reads what `text` begins with: the end of a line that goes on in the next one, indented, as YAML folds
/// it.
pub(super) fn folded(text: &[u8], ended: bool) -> Written {
    let width = blanks(&text[1..]);
    match text.get(1 + width) {
        None if !ended && width < LONGEST => Written::Open,
        Some(byte) if width > 0 && *byte != b'\n' => Written::As(Bytes::byte(b' '), 1 + width),
        _ => Written::Plain,
    }
}

/// A text without the margins of its lines.
pub(in crate::inject::mask) fn without(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if at > 0 {
            out.push(b'\n');
        }
        let margin = if at == 0 { 0 } else { margin(&line[..line.len().min(LONGEST)]) };
        out.extend_from_slice(&line[margin..]);
    }
    out
}

/// How wide the margin is that a line begins with.
fn margin(line: &[u8]) -> usize {
    // As of `docker compose logs`: `web-1  | `.
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let name = line.iter().take_while(|byte| is_name(byte)).count();
    let bar = name + blanks(&line[name..]);
    if name > 0 {
        let is_bar = line[bar..].starts_with(b"| ");
        return if is_bar { bar + 1 + blanks(&line[bar + 1..]) } else { mark(line) };
    }
    let begun = blanks(line);
    begun + mark(&line[begun..])
}

/// A mark, as of a difference, a comment or a quotation, and the blanks behind it.
fn mark(line: &[u8]) -> usize {
    match line.first() {
        Some(b'+' | b'-' | b'<' | b'>' | b'#' | b'|') => 1 + blanks(&line[1..]),
        _ => 0,
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take(LONGEST).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn margins_go_and_lines_stay() {
        for (text, lines) in [
            ("a\n  b\n\tc\nd", "a\nb\nc\nd"),
            ("a\n+b\n- c\n> d\n  # e", "a\nb\nc\nd\ne"),
            ("a\nweb-1  | b\nweb-1 |c | d\n\n", "a\nb\nweb-1 |c | d\n\n"),
            ("  a", "  a"),
        ] {
            assert_eq!(String::from_utf8(without(text.as_bytes())).unwrap(), lines);
        }
    }
}
