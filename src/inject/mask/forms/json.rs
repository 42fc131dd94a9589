//! A value inside a JSON string, in the ways that writers of JSON differ.
//!
//! Only text has a form here: what is not UTF-8 cannot stand in JSON without loss.

use super::Forms;
use crate::inject::buffer::Buffer;

/// What a writer escapes beyond what it must.
#[derive(Clone, Copy)]
enum Beyond {
    /// serde_json, JavaScript.
    Nothing,
    /// Whatever is not printable ASCII: Python.
    NotAscii,
    /// What could end a script in HTML: Go.
    Html,
}

pub(super) fn add(value: &[u8], forms: &mut Forms) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    for beyond in [Beyond::Nothing, Beyond::NotAscii, Beyond::Html] {
        for slash in [false, true] {
            for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
                let mut out = Buffer::default();
                let special = |c: char| (c == '/' && slash) || is_escaped(c, beyond);
                for part in text.split_inclusive(special) {
                    match part.chars().next_back().filter(|&c| special(c)) {
                        None => out.push(part.as_bytes()),
                        Some(c) => {
                            out.push(&part.as_bytes()[..part.len() - c.len_utf8()]);
                            escape(c, digits, &mut out);
                        }
                    }
                }
                forms.add(out.into_secret());
            }
        }
    }
}

fn is_escaped(c: char, beyond: Beyond) -> bool {
    matches!(c, '"' | '\\' | '\0'..='\x1f')
        || match beyond {
            Beyond::Nothing => false,
            Beyond::NotAscii => !matches!(c, ' '..='~'),
            Beyond::Html => matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
        }
}

fn escape(c: char, digits: &[u8; 16], out: &mut Buffer) {
    let short = match c {
        '"' | '\\' | '/' => c as u8,
        '\x08' => b'b',
        '\x0c' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let digit = |shift: u32| digits[usize::from(*unit >> shift & 15)];
                out.push(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
            return;
        }
    };
    out.push(&[b'\\', short]);
}
