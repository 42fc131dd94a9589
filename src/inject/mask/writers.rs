//! Ways in which programs write values: what is searched for looks for these first, and tests and
//! fuzzers try them.

use std::fmt::Write as _;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// A way to write a value, and its name.
pub(crate) type Writer = (&'static str, fn(&[u8]) -> Vec<u8>);

pub(crate) const WRITERS: [Writer; 21] = [
    ("json", |v| {
        let text = serde_json::Value::from(String::from_utf8_lossy(v)).to_string();
        text[1..text.len() - 1].into()
    }),
    ("json, all as \\u", |v| units(v, |_| true, "\\u", 4, false)),
    ("json of .NET", |v| units(v, |c| !c.is_ascii_alphanumeric(), "\\u", 4, true)),
    ("json of Go", |v| units(v, |c| "<>&\\\"".contains(c) || c < ' ', "\\u", 4, false)),
    ("python bytes", |v| {
        each(v, |b| !(b' '..=b'~').contains(&b) || b"\\'".contains(&b), |b| format!("\\x{b:02x}"))
    }),
    ("printf %q", |v| {
        each(
            v,
            |b| b"\\ \"'!&$`<>#(){}[]*?;|~=%@,+".contains(&b),
            |b| format!("\\{}", char::from(b)),
        )
    }),
    ("octal", |v| each(v, |b| !b.is_ascii_alphanumeric(), |b| format!("\\{b:03o}"))),
    ("encodeURIComponent", |v| percent(v, b"-._~!*'()")),
    ("quote", |v| percent(v, b"-._~/")),
    ("encodeURI", |v| percent(v, b"-._~!*'();/?:@&=+$,#")),
    ("percent, each byte", |v| each(v, |_| true, |b| format!("%{b:02x}"))),
    ("form", |v| {
        let text = percent(v, b"-._* ");
        text.into_iter().map(|b| if b == b' ' { b'+' } else { b }).collect()
    }),
    ("html", |v| {
        each(
            v,
            |b| b"&<>\"'".contains(&b),
            |b| match b {
                b'&' => "&amp;".into(),
                b'<' => "&lt;".into(),
                b'>' => "&gt;".into(),
                b'"' => "&quot;".into(),
                _ => "&#39;".into(),
            },
        )
    }),
    ("xml, by number", |v| units(v, |_| true, "&#x", 0, true)),
    ("hex", |v| HEXLOWER.encode(v).into()),
    ("HEX", |v| HEXUPPER.encode(v).into()),
    ("xxd -p", |v| lines(HEXLOWER.encode(v).as_bytes(), 60, "")),
    ("hex, in pairs", |v| {
        let text: Vec<_> = v.iter().map(|b| format!("{b:02x}")).collect();
        text.join(" ").into()
    }),
    ("base64", |v| BASE64.encode(v).into()),
    ("base64url", |v| BASE64URL_NOPAD.encode(v).into()),
    ("base64 -w20, indented", |v| lines(BASE64.encode(v).as_bytes(), 20, "    ")),
];

fn each(value: &[u8], is_written: fn(u8) -> bool, write: fn(u8) -> String) -> Vec<u8> {
    let one = |&b: &u8| if is_written(b) { write(b).into_bytes() } else { vec![b] };
    value.iter().flat_map(one).collect()
}

fn percent(value: &[u8], kept: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &b in value {
        if b.is_ascii_alphanumeric() || kept.contains(&b) {
            out.push(b);
        } else {
            out.extend(format!("%{b:02X}").bytes());
        }
    }
    out
}

/// Characters as UTF-16 units, or with `&#x` as code points.
fn units(
    value: &[u8],
    is_written: fn(char) -> bool,
    before: &str,
    digits: usize,
    upper: bool,
) -> Vec<u8> {
    let mut out = String::new();
    for c in String::from_utf8_lossy(value).chars() {
        let write = |number: u32, out: &mut String| {
            let end = if digits == 0 { ";" } else { "" };
            // Writing into a text cannot fail.
            let _ = if upper {
                write!(out, "{before}{number:0digits$X}{end}")
            } else {
                write!(out, "{before}{number:0digits$x}{end}")
            };
        };
        if !is_written(c) {
            out.push(c);
        } else if digits == 0 {
            write(c.into(), &mut out);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write((*unit).into(), &mut out));
        }
    }
    out.into_bytes()
}

fn lines(text: &[u8], width: usize, indent: &str) -> Vec<u8> {
    let lines: Vec<_> = text.chunks(width).map(<[u8]>::to_vec).collect();
    lines.join(format!("\n{indent}").as_bytes())
}
