//! Where a run of letters goes on over what stands between them: white space, and prefixes of lines.

use zeroize::Zeroizing;

use super::letters::{Alphabet, RUN};

/// The longest prefix of lines that is known again.
const PREFIX: usize = 64;
/// So much white space ends a run.
const BLANK: usize = 64;

/// A run as far as it was read.
pub(super) struct Rows {
    alphabet: Alphabet,
    /// Letters in a row, and on their line.
    segment: usize,
    line: usize,
    /// What stands before the letters on the first line.
    prefix: Zeroizing<Vec<u8>>,
}

/// What follows letters.
pub(super) enum Next {
    /// The run goes on behind so many bytes.
    Over(usize),
    /// It ends, and so much padding follows.
    End(usize),
    /// That is not yet known.
    Open,
}

impl Rows {
    pub(super) fn new(alphabet: Alphabet) -> Self {
        let prefix = Zeroizing::new(Vec::with_capacity(PREFIX + 1));
        Self { alphabet, segment: 0, line: 0, prefix }
    }

    /// Begins a run.
    pub(super) fn begin(&mut self) {
        (self.segment, self.line) = (0, 0);
        self.prefix.clear();
    }

    /// Remembers what stands before the run on its line, for where that ends; `before` is the text
    /// before it, the beginning of all text where `is_all`.
    pub(super) fn remember(&mut self, before: &[u8], is_all: bool) {
        self.prefix.clear();
        let near = &before[before.len().saturating_sub(PREFIX + 1)..];
        let line = near.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let line = line.or((is_all && near.len() == before.len()).then_some(0));
        self.prefix.extend_from_slice(line.map_or(b"", |line| &near[line..]));
    }

    /// Takes letters.
    pub(super) fn letters(&mut self, count: usize) {
        self.segment += count;
        self.line += count;
    }

    /// What `rest`, which begins with no letter, means for the run.
    pub(super) fn next(&mut self, rest: &[u8], ended: bool) -> Next {
        let next = self.judge(rest, ended);
        if let Next::Over(width) = next {
            self.segment = 0;
            if rest[..width].contains(&b'\n') {
                self.line = 0;
            }
        }
        next
    }

    fn judge(&self, rest: &[u8], ended: bool) -> Next {
        let open = if ended { Next::End(0) } else { Next::Open };
        let has = |byte: u8| self.alphabet.has(byte);
        if self.alphabet == Alphabet::Hex {
            let is_group = self.segment > 0 && self.segment.is_multiple_of(2);
            match rest {
                [b' ' | b':'] if is_group && !ended => return Next::Open,
                [b' ' | b':', digit, ..] if is_group && has(*digit) => return Next::Over(1),
                _ => {}
            }
        } else if rest[0] == b'=' {
            return match rest {
                [b'='] if !ended => Next::Open,
                [b'=', b'=', ..] => Next::End(2),
                _ => Next::End(1),
            };
        }
        let row = if self.alphabet == Alphabet::Hex { self.line } else { self.segment };
        if row < RUN || !rest[0].is_ascii_whitespace() {
            return Next::End(0);
        }
        let blank = |text: &[u8]| {
            text.iter().take(BLANK).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
        };
        let mut at = blank(rest);
        at += match rest[at..] {
            [] | [b'\r'] => return open,
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [byte, ..] if at > 0 && has(byte) => return Next::Over(at),
            _ => return Next::End(0),
        };
        let line = &rest[at..];
        if line.starts_with(&self.prefix) {
            at += self.prefix.len();
        } else if self.prefix.starts_with(line) && !self.prefix.trim_ascii().is_empty() {
            return open;
        }
        at += blank(&rest[at..]);
        match rest.get(at) {
            None => open,
            Some(byte) if has(*byte) => Next::Over(at),
            Some(_) => Next::End(0),
        }
    }
}
