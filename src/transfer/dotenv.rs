//! `.env` files as people write them: the common ground of dotenv for Node, Ruby and Python.
//!
//! `export` before a name; spaces around `=`; comments on lines of their own and, after a space,
//! behind values; single quotes and backticks take everything as it is, over lines; double quotes
//! know `\n`, `\r`, `\t`, `\"`, `\\`, `\$`. A `$` is a `$`: nothing is put in for variables.

use super::Found;
use super::error::TransferError;
use crate::secret::SecretBytes;

const FORMAT: &str = "dotenv";

/// Reads the variables, in their order, those without a value too.
///
/// # Errors
/// [`TransferError::Line`].
pub(super) fn parse(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let bytes = bytes.expose();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Reader { rest: bytes, line: 1 };
    let mut found = Vec::new();
    while let Some(entry) = reader.entry()? {
        found.push(entry);
    }
    Ok(found)
}

struct Reader<'b> {
    rest: &'b [u8],
    line: usize,
}

impl Reader<'_> {
    fn entry(&mut self) -> Result<Option<Found>, TransferError> {
        loop {
            self.skip(|byte| byte.is_ascii_whitespace());
            match self.rest.first() {
                None => return Ok(None),
                Some(b'#') => self.skip(|byte| byte != b'\n'),
                Some(_) => break,
            }
        }
        let line = self.line;
        let mut name = self.word();
        if name == "export" && matches!(self.rest.first(), Some(b' ' | b'\t')) {
            self.skip(is_blank);
            name = self.word();
        }
        self.skip(is_blank);
        if name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
            return Err(self.error("a line is NAME=VALUE, a comment or empty"));
        }
        if self.rest.first() != Some(&b'=') {
            return Err(self.error("there is no '=' behind the name"));
        }
        self.advance(1);
        self.skip(is_blank);
        let value = self.value()?;
        Ok(Some(Found { line: Some(line), ..Found::new(name, value) }))
    }

    fn word(&mut self) -> String {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let end = self.rest.iter().take_while(|byte| is_word(byte)).count();
        let word = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.advance(end);
        word
    }

    fn value(&mut self) -> Result<SecretBytes, TransferError> {
        let quote = match self.rest.first() {
            Some(quote @ (b'"' | b'\'' | b'`')) => *quote,
            _ => return Ok(self.bare()),
        };
        let start = self.line;
        self.advance(1);
        let mut value = Vec::with_capacity(self.rest.len());
        loop {
            match self.rest {
                [] => {
                    self.line = start;
                    return Err(self.error("a quote is not closed"));
                }
                [byte, ..] if *byte == quote => break,
                [b'\\', escaped, ..] if quote == b'"' => {
                    match escaped {
                        b'n' => value.push(b'\n'),
                        b'r' => value.push(b'\r'),
                        b't' => value.push(b'\t'),
                        b'"' | b'\\' | b'$' => value.push(*escaped),
                        other => value.extend_from_slice(&[b'\\', *other]),
                    }
                    self.advance(2);
                }
                [byte, ..] => {
                    value.push(*byte);
                    self.advance(1);
                }
            }
        }
        self.advance(1);
        let value = SecretBytes::new(value);
        self.skip(is_blank);
        match self.rest.first() {
            None | Some(b'\n' | b'\r') => {}
            Some(b'#') => self.skip(|byte| byte != b'\n'),
            Some(_) => return Err(self.error("something follows the closing quote")),
        }
        Ok(value)
    }

    /// A value without quotes: to the end of the line, or to a comment behind a space.
    fn bare(&mut self) -> SecretBytes {
        let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        let comment = (0..line.len())
            .find(|at| line[*at] == b'#' && (*at == 0 || line[*at - 1].is_ascii_whitespace()));
        let value = line[..comment.unwrap_or(end)].trim_ascii().to_vec();
        self.advance(end);
        SecretBytes::new(value)
    }

    fn skip(&mut self, goes: impl Fn(u8) -> bool) {
        let count = self.rest.iter().take_while(|byte| goes(**byte)).count();
        self.advance(count);
    }

    fn advance(&mut self, count: usize) {
        let (passed, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.rest = rest;
    }

    fn error(&self, rule: &'static str) -> TransferError {
        TransferError::Line { format: FORMAT, line: self.line, rule }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::secret::SecretBytes;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let found = parse(&SecretBytes::new(text.into())).map_err(|error| error.to_string())?;
        let pair = |found: super::Found| {
            let value = found.value.unwrap();
            (found.name, String::from_utf8_lossy(value.expose()).into_owned())
        };
        Ok(found.into_iter().map(pair).collect())
    }

    /// Each line and its value, as dotenv for Node, Ruby and Python read it.
    const CORPUS: [(&str, &str); 32] = [
        ("A=b", "b"),
        ("A= b ", "b"),
        ("A = b", "b"),
        ("export A=b", "b"),
        ("  export  A=b", "b"),
        ("A=", ""),
        ("A=''", ""),
        ("A=\"\"", ""),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A=#c", ""),
        ("A='b # c'", "b # c"),
        ("A=\"b # c\" # d", "b # c"),
        ("A='b' # d", "b"),
        ("A='it\"s'", "it\"s"),
        ("A=\"it's\"", "it's"),
        ("A=`it's \"x\"`", "it's \"x\""),
        ("A=\"a\\nb\"", "a\nb"),
        ("A='a\\nb'", "a\\nb"),
        ("A=a\\nb", "a\\nb"),
        ("A=\"a\\tb\\\"c\\\\d\"", "a\tb\"c\\d"),
        ("A=\"a\\xb\"", "a\\xb"),
        ("A=\"one\ntwo\"", "one\ntwo"),
        ("A='one\ntwo'", "one\ntwo"),
        ("A=$HOME", "$HOME"),
        ("A=\"${HOME}\"", "${HOME}"),
        ("A=a=b=c", "a=b=c"),
        ("A=a b c", "a b c"),
        ("A=b\r", "b"),
        ("A=it's", "it's"),
        ("A={\"x\": 1}", "{\"x\": 1}"),
        ("A=postgres://u:p@h/db?x=1&y=2", "postgres://u:p@h/db?x=1&y=2"),
    ];

    #[test]
    fn every_style_of_quoting_is_read() {
        for (line, value) in CORPUS {
            let file = format!("# first\n\n{line}\nB=after\n");
            let expected = vec![("A".to_owned(), value.to_owned()), ("B".into(), "after".into())];
            assert_eq!(read(&file), Ok(expected), "{line:?}");
        }
        assert_eq!(read("\u{feff}A=b\r\nB=c\r\n").unwrap().len(), 2);
        assert_eq!(read("A.b-c_1=x").unwrap()[0].0, "A.b-c_1");
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_is_no_dotenv_is_refused_with_its_line_and_without_the_value() {
        for (text, line) in [
            ("A=b\nhunter2\n", 2),
            ("A='hunter2\nB=c\n", 1),
            ("A=b\n\n1A=hunter2", 3),
            ("A=\"x\" hunter2", 1),
            ("=hunter2", 1),
            ("A: hunter2", 1),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(&format!("line {line} ")), "{text:?}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[A-Z=\"'`\\\\\n# $a-z]{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn quoted_values_come_back(value in "[^'\\x00]{0,40}") {
            prop_assert_eq!(&read(&format!("A='{value}'")).unwrap()[0].1, &value);
        }
    }
}
