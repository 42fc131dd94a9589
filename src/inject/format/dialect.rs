//! `.env` files for one reader: what it, and perhaps nobody else, reads back exactly.
//!
//! Readers agree on little. Some expand `$name` in every quote, some end a value at the line, some
//! take quotes for part of it. Each rule here was tried against its reader with some thousand
//! values and found no value read otherwise; `benches/readers.py` tries it again, and
//! docs/FORMATS.md has the versions. What a reader has no spelling for is refused, not bent.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::dotenv::is_plain;

/// A program, or a family of them, that reads `.env` files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// What the most agree on: node, dotenv, dotenvx, python-dotenv, uv, godotenv, shells.
    Common,
    /// Next.js, Vite, and whatever runs dotenv-expand after dotenv.
    Expand,
    /// Bun.
    Bun,
    /// `docker --env-file` and podman's: the line as it is.
    Docker,
    /// Docker Compose.
    Compose,
    /// `EnvironmentFile=` (systemd.exec(5)).
    Systemd,
    /// `dotenv` in an `.envrc`.
    Direnv,
    /// dotenv for Ruby, and foreman.
    Ruby,
    /// python-decouple.
    Decouple,
    /// django-environ.
    Django,
}

/// A value as it stands behind `NAME=`, or why it cannot.
type Written<'v> = Result<Cow<'v, str>, &'static str>;

impl Reader {
    /// Its name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Common => "dotenv",
            Self::Expand => "dotenv for Next.js, Vite and dotenv-expand",
            Self::Bun => "dotenv for Bun",
            Self::Docker => "a file for docker and podman",
            Self::Compose => "dotenv for Docker Compose",
            Self::Systemd => "a file for systemd",
            Self::Direnv => "dotenv for direnv",
            Self::Ruby => "dotenv for Ruby",
            Self::Decouple => "dotenv for python-decouple",
            Self::Django => "dotenv for django-environ",
        }
    }

    /// Hands the text behind `NAME=` to `take`; whatever was made of the value is wiped then.
    ///
    /// # Errors
    /// Why this reader cannot have the value.
    pub(super) fn write(self, value: &str, take: impl FnOnce(&str)) -> Result<(), &'static str> {
        let written = match self {
            Self::Docker => docker(value)?,
            Self::Common => super::dotenv::spell(value)?,
            _ if is_plain(value) => Cow::Borrowed(value),
            Self::Expand => expand(value)?,
            Self::Bun => bun(value)?,
            Self::Compose => compose(value),
            Self::Systemd => systemd(value)?,
            Self::Direnv => direnv(value)?,
            Self::Ruby => ruby(value)?,
            Self::Decouple => decouple(value)?,
            Self::Django => django(value)?,
        };
        match written {
            Cow::Borrowed(text) => take(text),
            Cow::Owned(text) => take(&Zeroizing::new(text)),
        }
        Ok(())
    }
}

/// Next.js reads with dotenv, Vite 8 with node; both then expand, whatever the quotes.
fn expand(value: &str) -> Written<'_> {
    if value.contains('\r') {
        return Err("it has a carriage return, which some of them change");
    }
    let text = Zeroizing::new(value.replace('$', r"\$"));
    let literal = |letter| text.contains(letter);
    if !text.ends_with('\\') {
        if let Some(quote) = ['\'', '`'].into_iter().find(|quote| !text.contains(*quote)) {
            return Ok(quoted(&text, quote));
        }
        if !text.contains('"') && !literal(r"\n") && !literal(r"\r") {
            return Ok(quoted(&text, '"'));
        }
    }
    bare(&text)
}

/// Bun has a reader of its own. Backquotes come first: what it does in the others may change.
fn bun(value: &str) -> Written<'_> {
    if value.ends_with(r"\$") {
        return Err(r"it ends in '\$', which versions of Bun read differently");
    }
    // 1.2 keeps the backslash before a `$` at the very end, and 1.4 needs none there.
    let (body, last) = match value.strip_suffix('$') {
        Some(body) => (body, "$"),
        None => (value, ""),
    };
    let text = Zeroizing::new(body.replace('$', r"\$") + last);
    if !text.ends_with('\\') {
        let quote = ['`', '\''].into_iter().find(|quote| !text.contains(*quote));
        if let Some(quote) = quote.filter(|_| !text.contains('\r')) {
            return Ok(quoted(&text, quote));
        }
        if !["\"", r"\n", r"\r", "\\\r"].into_iter().any(|one| text.contains(one)) {
            return Ok(quoted(&Zeroizing::new(text.replace('\r', r"\r")), '"'));
        }
    }
    bare(&text)
}

fn docker(value: &str) -> Written<'_> {
    /// The longest line that their readers take is 64 KiB, the name included.
    const LONGEST: usize = 60_000;
    if value.contains('\n') || value.ends_with('\r') {
        return Err("it has several lines, and a line is all they read");
    }
    if value.len() > LONGEST {
        return Err("it is too long for a line of theirs");
    }
    Ok(Cow::Borrowed(value))
}

fn compose(value: &str) -> Cow<'_, str> {
    if !value.contains(['\'', '\\', '\r']) {
        return quoted(value, '\'');
    }
    escaped(value, |c| match c {
        '\\' | '"' | '$' => Some(c),
        '\r' => Some('r'),
        _ => None,
    })
}

fn systemd(value: &str) -> Written<'_> {
    // One of these fails the whole file.
    if value
        .chars()
        .any(|c| matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe)
    {
        return Err("it has a character that is none (a noncharacter of Unicode)");
    }
    if !value.contains('\'') {
        return Ok(quoted(value, '\''));
    }
    Ok(escaped(value, |c| matches!(c, '"' | '\\' | '`' | '$').then_some(c)))
}

fn direnv(value: &str) -> Written<'_> {
    if !value.contains(['\'', '\r', '\n']) {
        return Ok(quoted(value, '\''));
    }
    if ["$", r"\n", r"\r", "\\\n", "\\\r"].into_iter().any(|one| value.contains(one)) {
        return Err(r"it has a '$', '\n' or '\r' beside a quote or a line end");
    }
    Ok(escaped(value, |c| match c {
        '\\' | '"' => Some(c),
        '\n' => Some('n'),
        '\r' => Some('r'),
        _ => None,
    }))
}

/// What version 2 (Debian 12) and version 3 read alike. To version 2 each line of a value is an
/// assignment of its own.
fn ruby(value: &str) -> Written<'_> {
    match value.contains(['\'', '\r', '\n']) || value.ends_with('\\') {
        true => Err(r"it has several lines, a single quote, or a '\' at its end"),
        false => Ok(quoted(value, '\'')),
    }
}

/// The last quote of the line ends the value, so quotes inside do no harm.
fn decouple(value: &str) -> Written<'_> {
    match value.contains(['\r', '\n']) {
        true => Err("it has several lines, and a line is all it reads"),
        false => Ok(quoted(value, '\'')),
    }
}

fn django(value: &str) -> Written<'_> {
    /// Where Python's `splitlines` splits.
    const ENDS: [char; 10] = [
        '\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}',
        '\u{2029}',
    ];
    if value.contains(ENDS) {
        return Err("it has several lines, and a line is all it reads");
    }
    if value.starts_with('$') {
        return Err("it begins with '$', by which another variable is meant");
    }
    if value.starts_with('"') && value.ends_with('"') {
        return Ok(escaped(value, |c| matches!(c, '\\' | '"').then_some(c)));
    }
    Ok(quoted(value, '\''))
}

/// Text without quotes, as dotenv for node and Bun take it.
fn bare<'v>(text: &str) -> Written<'v> {
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let has_blank_end = text.starts_with(is_blank) || text.ends_with(is_blank);
    if text.is_empty()
        || has_blank_end
        || text.starts_with(['\'', '"', '`'])
        || text.contains(['#', '\r', '\n'])
    {
        return Err(r"no quoting fits its quotes, backslashes or line ends");
    }
    Ok(Cow::Owned(text.to_owned()))
}

fn quoted<'v>(text: &str, quote: char) -> Cow<'v, str> {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    out.push_str(text);
    out.push(quote);
    Cow::Owned(out)
}

/// In double quotes, with a backslash before what `escape` gives for a character.
fn escaped<'v>(value: &str, escape: impl Fn(char) -> Option<char>) -> Cow<'v, str> {
    let mut out = String::with_capacity(2 * value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match escape(c) {
            Some(instead) => out.extend(['\\', instead]),
            None => out.push(c),
        }
    }
    out.push('"');
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::Reader;

    fn line(reader: Reader, value: &str) -> Option<String> {
        let mut line = None;
        reader.write(value, |text| line = Some(text.to_owned())).ok()?;
        line
    }

    #[test]
    fn each_reader_has_its_own_spelling() {
        use Reader::{
            Bun, Common, Compose, Decouple, Direnv, Django, Docker, Expand, Ruby, Systemd,
        };
        let all = [Common, Expand, Bun, Docker, Compose, Systemd, Direnv, Ruby, Decouple, Django];
        for reader in all {
            assert_eq!(line(reader, "a:b@c/d?".trim_end_matches('?')).as_deref(), Some("a:b@c/d"));
            assert_eq!(line(reader, "").as_deref(), Some(""), "{reader:?}");
        }
        let cases = [
            (Expand, "pa$HOME", Some(r"'pa\$HOME'")),
            (Expand, "it's $x", Some(r"`it's \$x`")),
            (Expand, "it's `x`", Some("\"it's `x`\"")),
            (Expand, r"$x\", Some(r"\$x\")),
            (Expand, "a\rb", None),
            (Expand, "\"'`", None),
            (Bun, "pa$HOME", Some(r"`pa\$HOME`")),
            (Bun, "cash$", Some("`cash$`")),
            (Bun, r"x\$", None),
            (Docker, "  '$x' \"", Some("  '$x' \"")),
            (Docker, "a\nb", None),
            (Compose, "it's $x", Some("\"it's \\$x\"")),
            (Compose, "a\nb $x", Some("'a\nb $x'")),
            (Systemd, "a\nb\\ $x", Some("'a\nb\\ $x'")),
            (Systemd, "it's `$x`\\", Some("\"it's \\`\\$x\\`\\\\\"")),
            (Systemd, "\u{fdd0} x", None),
            (Direnv, "$x \"y\"", Some("'$x \"y\"'")),
            (Direnv, "a\n\"b\"", Some(r#""a\n\"b\"""#)),
            (Direnv, "it's $x", None),
            (Ruby, "$x \"y\"", Some("'$x \"y\"'")),
            (Ruby, "A\nB=1", None),
            (Decouple, "it's", Some("'it's'")),
            (Decouple, "a\nb", None),
            (Django, "\"all\"", Some(r#""\"all\"""#)),
            (Django, "$2b$10$x", None),
        ];
        for (reader, value, expected) in cases {
            assert_eq!(line(reader, value).as_deref(), expected, "{reader:?} {value:?}");
        }
    }
}
