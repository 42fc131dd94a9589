//! Quoting for PowerShell: single quotes, doubled inside; line breaks as escapes of their own.
//!
//! PowerShell reads four typographic quotes as single quotes too. A program's output
//! reaches it line by line, so a value with line breaks is written as a sum of strings on
//! one line and survives `authy env … | Invoke-Expression`.

use crate::inject::buffer::Buffer;

/// Writes `$env:NAME = '…'` or `$NAME = '…'`, and a newline.
pub(super) fn assign(variable: &str, value: &str, export: bool, out: &mut Buffer) {
    out.push(if export { b"$env:" } else { b"$" });
    out.push(variable.as_bytes());
    out.push(b" = ");
    quote(value, out);
    out.push(b"\n");
}

/// Writes `word` as an expression that PowerShell evaluates to exactly this text.
pub(crate) fn quote(word: &str, out: &mut Buffer) {
    if word.is_empty() {
        return out.push(b"''");
    }
    let mut rest = word;
    while !rest.is_empty() {
        if rest.len() < word.len() {
            out.push(b" + ");
        }
        let is_break = rest.starts_with(['\r', '\n']);
        let run = rest.find(|c| matches!(c, '\r' | '\n') != is_break).unwrap_or(rest.len());
        let (part, after) = rest.split_at(run);
        let write = if is_break { line_breaks } else { single_quotes };
        write(part, out);
        rest = after;
    }
}

fn line_breaks(breaks: &str, out: &mut Buffer) {
    out.push(b"\"");
    for byte in breaks.bytes() {
        out.push(if byte == b'\n' { b"`n" } else { b"`r" });
    }
    out.push(b"\"");
}

fn single_quotes(text: &str, out: &mut Buffer) {
    out.push(b"'");
    for part in text.split_inclusive(is_single_quote) {
        out.push(part.as_bytes());
        if let Some(quote) = part.chars().next_back().filter(|&c| is_single_quote(c)) {
            out.push(quote.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.push(b"'");
}

fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201b}')
}

#[cfg(test)]
mod tests {
    use super::assign;
    use crate::inject::buffer::Buffer;

    fn line(value: &str, export: bool) -> String {
        let mut out = Buffer::default();
        assign("A", value, export, &mut out);
        out.into_secret().expose_str().unwrap().to_owned()
    }

    #[test]
    fn plain_text_is_single_quoted() {
        assert_eq!(line("a $b `c \"d\"", true), "$env:A = 'a $b `c \"d\"'\n");
        assert_eq!(line("", true), "$env:A = ''\n");
        assert_eq!(line("x", false), "$A = 'x'\n");
    }

    #[test]
    fn every_kind_of_single_quote_is_doubled() {
        assert_eq!(line("it's", true), "$env:A = 'it''s'\n");
        assert_eq!(line("‘’‚‛", true), "$env:A = '‘‘’’‚‚‛‛'\n");
    }

    #[test]
    fn a_value_with_line_breaks_stays_on_one_line() {
        assert_eq!(line("a\r\nb\n", true), "$env:A = 'a' + \"`r`n\" + 'b' + \"`n\"\n");
        assert_eq!(line("\n", true), "$env:A = \"`n\"\n");
    }
}
