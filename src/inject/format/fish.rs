//! Quoting for fish: single quotes, in which only `\\` and `\'` are escapes.

use crate::inject::buffer::Buffer;

/// Writes `set -gx NAME '…'` or `set -g NAME '…'`, and a newline.
pub(super) fn assign(variable: &str, value: &[u8], export: bool, out: &mut Buffer) {
    out.push(if export { b"set -gx " } else { b"set -g " });
    out.push(variable.as_bytes());
    out.push(b" ");
    quote(value, out);
    out.push(b"\n");
}

/// Writes `word` so that fish reads back exactly these bytes.
pub(crate) fn quote(word: &[u8], out: &mut Buffer) {
    out.push(b"'");
    for part in word.split_inclusive(|&byte| matches!(byte, b'\'' | b'\\')) {
        match part.split_last() {
            Some((special @ (b'\'' | b'\\'), before)) => {
                out.push(before);
                out.push(&[b'\\', *special]);
            }
            _ => out.push(part),
        }
    }
    out.push(b"'");
}
