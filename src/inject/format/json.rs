//! JSON: one object, sorted by variable, two spaces of indent.
//!
//! Written here rather than through a serializer, whose buffer is not wiped.

use super::text;
use crate::inject::buffer::Buffer;
use crate::inject::environment::Environment;
use crate::inject::error::InjectError;

/// Writes all of `environment` as one object, and a newline.
pub(super) fn write(environment: &Environment, out: &mut Buffer) -> Result<(), InjectError> {
    out.push(b"{");
    for (i, (variable, origin, value)) in environment.iter().enumerate() {
        out.push(if i == 0 { b"\n  " } else { b",\n  " });
        string(variable, out);
        out.push(b": ");
        string(text(origin, value, "json")?, out);
    }
    out.push(if environment.is_empty() { b"}\n" } else { b"\n}\n" });
    Ok(())
}

fn string(text: &str, out: &mut Buffer) {
    quote(text, |_| false, out);
}

/// Writes a text in quotes; characters of the basic plane that are `special` are escaped, those
/// that JSON does not take as they are anyway.
pub(super) fn quote(text: &str, special: impl Fn(char) -> bool, out: &mut Buffer) {
    let special = |c: char| matches!(c, '"' | '\\' | '\0'..='\x1f' | '\x7f') || special(c);
    out.push(b"\"");
    for part in text.split_inclusive(&special) {
        match part.chars().next_back().filter(|&c| special(c)) {
            None => out.push(part.as_bytes()),
            Some(c) => {
                out.push(&part.as_bytes()[..part.len() - c.len_utf8()]);
                match c {
                    '"' => out.push(b"\\\""),
                    '\\' => out.push(b"\\\\"),
                    '\n' => out.push(b"\\n"),
                    '\r' => out.push(b"\\r"),
                    '\t' => out.push(b"\\t"),
                    _ => escape(u32::from(c), out),
                }
            }
        }
    }
    out.push(b"\"");
}

fn escape(c: u32, out: &mut Buffer) {
    let nibble = |shift: u32| hex((c >> shift & 15) as u8);
    out.push(&[b'\\', b'u', nibble(12), nibble(8), nibble(4), nibble(0)]);
}

fn hex(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble)]
}
