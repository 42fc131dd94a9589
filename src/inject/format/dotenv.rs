//! `.env` files: the common ground of the programs that read them.
//!
//! There is no standard. What is written here reads back exactly in `sh` (sourced), `node
//! --env-file`, dotenv and dotenvx for Node, python-dotenv, uv and godotenv. They agree on little:
//! in single quotes some undo backslashes and python-dotenv still expands `${…}`; in double quotes
//! each has its own escapes; Node turns carriage returns into newlines. A value they would read
//! differently is refused, not bent. Other readers get some of it wrong ([`Misread`] tells which),
//! and have a dialect of their own (`dialect`). `export ` is never written: several readers do not
//! know it.

use std::borrow::Cow;

use super::dialect::Reader;
use crate::inject::buffer::Buffer;
use crate::inject::environment::Environment;

/// How a `.env` file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dotenv {
    /// Who reads it.
    pub reader: Reader,
    /// Write values whose lines some readers take for variables, too.
    pub multiline: bool,
}

/// Writes `NAME=…` and a newline, or says why `value` cannot be written so.
pub(super) fn assign(
    variable: &str,
    value: &str,
    how: Dotenv,
    out: &mut Buffer,
) -> Result<(), &'static str> {
    if how.reader == Reader::Common && !how.multiline && has_assignment(value) {
        return Err(
            "a line of it reads NAME=…, which some readers make a variable; --multiline writes it all the same",
        );
    }
    how.reader.write(value, |text| {
        for part in [variable, "=", text, "\n"] {
            out.push(part.as_bytes());
        }
    })
}

/// Whether a line after the first looks like a variable to whoever reads line by line.
fn has_assignment(value: &str) -> bool {
    value.lines().skip(1).any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let name = line.split('=').next().unwrap_or_default().trim_end();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        line.contains('=') && !name.is_empty() && name.chars().all(is_name)
    })
}

/// The value with the quotes in which every reader leaves it alone.
pub(super) fn spell(value: &str) -> Result<Cow<'_, str>, &'static str> {
    let quote = quote_for(value)?;
    Ok(match quote {
        "" => Cow::Borrowed(value),
        quote => Cow::Owned([quote, value, quote].concat()),
    })
}

/// Picks the quote in which every reader leaves `value` alone.
fn quote_for(value: &str) -> Result<&'static str, &'static str> {
    if value.contains('\r') {
        return Err("it has a carriage return, which some readers change");
    }
    if value.contains("${") {
        return Err("it has '${', which some readers expand even in quotes");
    }
    if is_plain(value) {
        return Ok("");
    }
    if !value.contains('\'') {
        return if value.contains(r"\\") || value.ends_with('\\') {
            Err("its backslashes are read differently from program to program")
        } else {
            Ok("'")
        };
    }
    if value.contains(['"', '\\', '$', '`']) {
        return Err(
            "it has a single quote beside '\"', '\\', '$' or '`', and no quoting fits both",
        );
    }
    Ok("\"")
}

/// Whether it needs no quotes anywhere. zsh takes a `=` at the beginning, or behind a `:`, for the
/// path of a program.
pub(super) fn is_plain(value: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    value.bytes().all(is_plain) && !value.starts_with('=') && !value.contains(":=")
}

/// Readers that get values wrong which are written for all, and the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// Who.
    pub readers: &'static str,
    /// What they do.
    pub how: &'static str,
    /// Which variables.
    pub variables: Vec<String>,
}

/// A rule about values, and who gets them wrong: docs/FORMATS.md has the versions.
type Rule = (fn(&str) -> bool, &'static str, &'static str);

const RULES: [Rule; 6] = [
    (expands, "Next.js, Vite, Bun, dotenv-cli", "expand the '$' (--for next, vite, bun)"),
    (
        has_lines,
        "direnv, ruby, django-environ, python-decouple, env-cmd, honcho, gotenv",
        "end a value at the line (--for direnv)",
    ),
    (has_escapes, "env-cmd, honcho", r"make '\n' or '\t' a line end or a tab"),
    (is_proxy, "django-environ", "takes a '$' at the beginning for another variable's name"),
    (is_double_quoted, "django-environ", "drops quotes around the whole value (--for django)"),
    (is_quoted, "docker --env-file, podman", "take quotes for part of the value (--for docker)"),
];

/// Tells which variables are read wrong, and by whom.
pub(crate) fn misread(environment: &Environment) -> Vec<Misread> {
    let text = |value: &'_ crate::secret::SecretBytes, is: fn(&str) -> bool| {
        value.expose_str().is_some_and(is)
    };
    let found = RULES.into_iter().map(|(is, readers, how)| {
        let wrong = environment.iter().filter(|(_, _, value)| text(value, is));
        Misread { readers, how, variables: wrong.map(|(name, ..)| name.to_owned()).collect() }
    });
    found.filter(|misread| !misread.variables.is_empty()).collect()
}

/// In single quotes too: a `$` before a name, a digit or another one, or behind a backslash.
fn expands(value: &str) -> bool {
    let follows = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '{');
    value.contains(r"\$")
        || value.match_indices('$').any(|(at, _)| value[at + 1..].starts_with(follows))
}

fn has_lines(value: &str) -> bool {
    value.contains('\n')
}

fn has_escapes(value: &str) -> bool {
    value.contains(r"\n") || value.contains(r"\t")
}

fn is_proxy(value: &str) -> bool {
    value.starts_with('$')
}

fn is_double_quoted(value: &str) -> bool {
    value.len() > 1 && value.starts_with('"') && value.ends_with('"')
}

fn is_quoted(value: &str) -> bool {
    quote_for(value).is_ok_and(|quote| !quote.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Dotenv, Reader, assign};
    use crate::inject::buffer::Buffer;

    fn line(value: &str) -> Result<String, &'static str> {
        let mut out = Buffer::default();
        assign("A", value, Dotenv { reader: Reader::Common, multiline: false }, &mut out)?;
        Ok(out.into_secret().expose_str().unwrap().to_owned())
    }

    #[test]
    fn quotes_are_used_only_where_needed() {
        assert_eq!(line("").unwrap(), "A=\n");
        let url = "postgres://u:p@h:5432/app";
        assert_eq!(line(url).unwrap(), format!("A={url}\n"));
        assert_eq!(line("a b # c").unwrap(), "A='a b # c'\n");
        assert_eq!(line("=ls").unwrap(), "A='=ls'\n");
        assert_eq!(line("$(id) \"x\" `y` \\n").unwrap(), "A='$(id) \"x\" `y` \\n'\n");
        assert_eq!(line("it's\ntwo").unwrap(), "A=\"it's\ntwo\"\n");
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for value in [r#"'""#, r"'\", "'$x", "'`", r"a\", r"a\\b", "${x}", "a\rb"] {
            assert!(line(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_line_that_would_become_a_variable_is_refused() {
        for value in ["a\nB=1", "a\n  export B = 1", "a\n\nb.c-d=", "x\nQIDAQAB=="] {
            assert!(line(value).is_err(), "{value:?}");
        }
        for value in ["B=1\na", "a\n=1", "a\nb c=1", "a\n# x", "a\n-----END X-----"] {
            assert!(line(value).is_ok(), "{value:?}");
        }
        let mut out = Buffer::default();
        let how = Dotenv { reader: Reader::Common, multiline: true };
        assert!(assign("A", "a\nB=1", how, &mut out).is_ok());
    }
}
