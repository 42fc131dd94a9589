//! `.env` files as people write them: the common ground of dotenv for Node, Ruby and Python.
//!
//! `export` before a name; spaces around `=`; comments on lines of their own and, after a space,
//! behind values; single quotes and backticks take everything as it is, over lines; double quotes
//! know `\n`, `\r`, `\t`, `\"`, `\\`, `\$`. A `$` is a `$`: nothing is put in for variables.
//!
//! `$(…)` is text here, though dotenvx and shells run it: that is said of it.
//!
//! Where those three differ (a `#` right behind a character of a bare value, backticks, other
//! escapes) the value is marked as doubtful: whoever moves in has to look at it.

use std::ops::Range;

use super::error::TransferError;
use super::{Doubt, Found};
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

/// As [`parse`], each with the place of its lines.
///
/// # Errors
/// [`TransferError::Line`].
pub(super) fn entries(text: &str) -> Result<Vec<(Range<usize>, Found)>, TransferError> {
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader { rest: &text.as_bytes()[mark..], line: 1 };
    let mut found = Vec::new();
    while reader.is_at_entry() {
        let start = text.len() - reader.rest.len();
        let start = text[..start].rfind('\n').map_or(mark, |end| end + 1);
        let Some(entry) = reader.entry()? else { break };
        let end = text.len() - reader.rest.len();
        let end = text[end..].find('\n').map_or(text.len(), |length| end + length + 1);
        found.push((start..end, entry));
    }
    Ok(found)
}

struct Reader<'b> {
    rest: &'b [u8],
    line: usize,
}

impl Reader<'_> {
    /// Passes over blanks and comments; tells whether something follows.
    fn is_at_entry(&mut self) -> bool {
        loop {
            self.skip(|byte| byte.is_ascii_whitespace());
            match self.rest.first() {
                None => return false,
                Some(b'#') => self.skip(|byte| byte != b'\n'),
                Some(_) => return true,
            }
        }
    }

    fn entry(&mut self) -> Result<Option<Found>, TransferError> {
        if !self.is_at_entry() {
            return Ok(None);
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
        let quote = self.rest.first().copied();
        let (value, is_doubtful) = self.value()?;
        // In single quotes nobody runs it.
        let is_command = quote != Some(b'\'') && has_command(value.expose());
        let doubt = match (is_command, is_doubtful) {
            (true, _) => Some(Doubt::Command),
            (false, true) => Some(Doubt::Readers),
            (false, false) => None,
        };
        Ok(Some(Found { line: Some(line), doubt, ..Found::new(name, value) }))
    }

    fn word(&mut self) -> String {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let end = self.rest.iter().take_while(|byte| is_word(byte)).count();
        let word = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.advance(end);
        word
    }

    /// A value, and whether it is doubtful.
    fn value(&mut self) -> Result<(SecretBytes, bool), TransferError> {
        let quote = match self.rest.first() {
            Some(quote @ (b'"' | b'\'' | b'`')) => *quote,
            _ => return Ok(self.bare()),
        };
        let start = self.line;
        let mut is_doubtful = quote == b'`';
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
                    is_doubtful |= !matches!(escaped, b'n' | b'r');
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
        Ok((value, is_doubtful))
    }

    /// A value without quotes: to the end of the line, or to a comment behind a space.
    fn bare(&mut self) -> (SecretBytes, bool) {
        let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        let comment = (0..line.len())
            .find(|at| line[*at] == b'#' && (*at == 0 || line[*at - 1].is_ascii_whitespace()));
        let value = line[..comment.unwrap_or(end)].trim_ascii().to_vec();
        let is_doubtful = comment == Some(0) || value.contains(&b'#');
        self.advance(end);
        (SecretBytes::new(value), is_doubtful)
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

/// Whether a `$(…)` stands in it: dotenvx and shells run that.
fn has_command(value: &[u8]) -> bool {
    value.windows(2).position(|two| two == b"$(").is_some_and(|at| value[at..].contains(&b')'))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests;
