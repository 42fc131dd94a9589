//! `.env` files: the common ground of the programs that read them.
//!
//! There is no standard. What is written here reads back exactly in `sh` (sourced),
//! python-dotenv, dotenv for Node and `node --env-file`, dotenv for Ruby, and Docker
//! Compose. They agree on little: in single quotes some undo backslashes and python-dotenv
//! still expands `${…}`; in double quotes each has its own escapes; Node turns carriage
//! returns into newlines. A value they would read differently is refused, not bent. Not
//! covered: `docker run --env-file` and systemd, which take only the unquoted values as
//! they are, and add-ons that expand `$name` whatever the quotes (dotenv-expand).
//! `export ` is never written: several readers do not know it.

use crate::inject::buffer::Buffer;

/// Writes `NAME=…` and a newline, or says why `value` has no common spelling.
pub(super) fn assign(variable: &str, value: &str, out: &mut Buffer) -> Result<(), &'static str> {
    let quote: &[u8] = quote_for(value)?;
    for part in [variable.as_bytes(), b"=", quote, value.as_bytes(), quote, b"\n"] {
        out.push(part);
    }
    Ok(())
}

/// Picks the quote in which every reader leaves `value` alone.
fn quote_for(value: &str) -> Result<&'static [u8], &'static str> {
    if value.contains('\r') {
        return Err("it has a carriage return, which some readers change");
    }
    if value.contains("${") {
        return Err("it has '${', which some readers expand even in quotes");
    }
    if value.bytes().all(is_plain) {
        return Ok(b"");
    }
    if !value.contains('\'') {
        return if value.contains(r"\\") || value.ends_with('\\') {
            Err("its backslashes are read differently from program to program")
        } else {
            Ok(b"'")
        };
    }
    if value.contains(['"', '\\', '$', '`']) {
        return Err(
            "it has a single quote beside '\"', '\\', '$' or '`', and no quoting fits both",
        );
    }
    Ok(b"\"")
}

/// Bytes that need no quotes anywhere, `docker run --env-file` and systemd included.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::assign;
    use crate::inject::buffer::Buffer;

    fn line(value: &str) -> Result<String, &'static str> {
        let mut out = Buffer::default();
        assign("A", value, &mut out)?;
        Ok(out.into_secret().expose_str().unwrap().to_owned())
    }

    #[test]
    fn quotes_are_used_only_where_needed() {
        assert_eq!(line("").unwrap(), "A=\n");
        let url = "postgres://u:p@h:5432/app";
        assert_eq!(line(url).unwrap(), format!("A={url}\n"));
        assert_eq!(line("a b # c").unwrap(), "A='a b # c'\n");
        assert_eq!(line("$(id) \"x\" `y` \\n").unwrap(), "A='$(id) \"x\" `y` \\n'\n");
        assert_eq!(line("it's\ntwo").unwrap(), "A=\"it's\ntwo\"\n");
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for value in [r#"'""#, r"'\", "'$x", "'`", r"a\", r"a\\b", "${x}", "a\rb"] {
            assert!(line(value).is_err(), "{value:?}");
        }
    }
}
