//! More ways in which programs write a value that has no letters and digits enough in a row: beside
//! [`WRITERS`], what was met in the wild.

use std::fmt::Write as _;

use data_encoding::{HEXLOWER, HEXUPPER};

use super::writers::WRITERS;

/// A way to write a value.
type Spell = fn(&[u8]) -> Vec<u8>;

/// Go's JSON, JSON in ASCII, shells, Python, HTML, fingerprints.
pub(super) const ALSO: [Spell; 12] = [
    // Go's JSON; `declare -p` of bash; fingerprints.
    |form| {
        let json = replaced(&WRITERS[0].1(form), b"<", b"\\u003c");
        replaced(&replaced(&json, b">", b"\\u003e"), b"&", b"\\u0026")
    },
    |form| escaped(form, b"$`\"\\"),
    |form| replaced(&in_bytes(form, false), b" ", b":"),
    |form| replaced(&in_bytes(form, true), b" ", b":"),
    |form| escaped(form, b" !\"#$&'()*,;<>?[\\]^`{|}"),
    |form| ascii(&WRITERS[0].1(form), false),
    |form| ascii(&WRITERS[0].1(form), true),
    |form| replaced(&replaced(form, b"\\", b"\\\\"), b"'", b"\\'"),
    |form| replaced(form, b"'", b"'\\''"),
    |form| replaced(form, b"'", b"'\"'\"'"),
    |form| apostrophes(form, b"&#x27;"),
    |form| apostrophes(form, b"&apos;"),
];

/// Hex digits of each byte.
fn in_bytes(text: &[u8], upper: bool) -> Vec<u8> {
    let encoding = if upper { HEXUPPER } else { HEXLOWER };
    let all: Vec<_> = text.iter().map(|byte| encoding.encode(&[*byte])).collect();
    all.join(" ").into_bytes()
}

/// JSON without letters beyond ASCII.
fn ascii(json: &[u8], upper: bool) -> Vec<u8> {
    let mut out = String::with_capacity(json.len() * 2);
    for c in String::from_utf8_lossy(json).chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = match upper {
                true => write!(out, "\\u{unit:04X}"),
                false => write!(out, "\\u{unit:04x}"),
            };
        }
    }
    out.into_bytes()
}

/// With a backslash before each of these, as `printf %q` of bash has it.
fn escaped(form: &[u8], these: &[u8]) -> Vec<u8> {
    let one = |byte: &u8| if these.contains(byte) { vec![b'\\', *byte] } else { vec![*byte] };
    form.iter().flat_map(one).collect()
}

/// HTML, with apostrophes in this way.
fn apostrophes(form: &[u8], by: &[u8]) -> Vec<u8> {
    let marks: [(&[u8], &[u8]); 5] =
        [(b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b"\"", b"&quot;"), (b"'", by)];
    marks.iter().fold(form.to_vec(), |text, (from, to)| replaced(&text, from, to))
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut copied = 0;
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(&text[copied..at]);
        out.extend_from_slice(to);
        copied = at + from.len();
    }
    out.extend_from_slice(&text[copied..]);
    out
}
