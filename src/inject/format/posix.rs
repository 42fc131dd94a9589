//! Quoting for sh, bash, zsh and ksh: single quotes, in which no byte but the quote is special.

use crate::inject::buffer::Buffer;

/// Writes `export NAME='…'` or `NAME='…'`, and a newline.
pub(super) fn assign(variable: &str, value: &[u8], export: bool, out: &mut Buffer) {
    if export {
        out.push(b"export ");
    }
    out.push(variable.as_bytes());
    out.push(b"=");
    quote(value, out);
    out.push(b"\n");
}

/// Writes `word` so that a POSIX shell reads back exactly these bytes.
pub(crate) fn quote(word: &[u8], out: &mut Buffer) {
    for (i, part) in word.split(|&byte| byte == b'\'').enumerate() {
        if i > 0 {
            out.push(br"\'");
        }
        if !part.is_empty() || word.is_empty() {
            out.push(b"'");
            out.push(part);
            out.push(b"'");
        }
    }
}
