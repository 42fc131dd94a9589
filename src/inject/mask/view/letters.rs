//! Hex digits and base64 letters: what they stand for, and where many of them stand in a row.

use memchr::memchr;

/// Fewer letters in a row are no run, and a line that ends in fewer does not go on in the next.
pub(super) const RUN: usize = 16;
/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// What is no letter.
const NONE: u8 = 0xff;

/// Letters that stand for a few bits each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::inject::mask) enum Alphabet {
    /// Digits of both cases.
    Hex,
    /// Both alphabets of RFC 4648.
    Base64,
}

static HEX: [u8; 256] = table(b"0123456789abcdef", b"ABCDEF", 10);
static BASE64: [u8; 256] =
    table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", b"-_", 62);

const fn table(letters: &[u8], others: &[u8], first: u8) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut at = 0;
    while at < letters.len() {
        table[letters[at] as usize] = at as u8;
        at += 1;
    }
    at = 0;
    while at < others.len() {
        table[others[at] as usize] = first + at as u8;
        at += 1;
    }
    table
}

impl Alphabet {
    pub(super) const ALL: [Self; 2] = [Self::Hex, Self::Base64];

    fn table(self) -> &'static [u8; 256] {
        match self {
            Self::Hex => &HEX,
            Self::Base64 => &BASE64,
        }
    }

    pub(super) fn has(self, byte: u8) -> bool {
        self.table()[usize::from(byte)] != NONE
    }

    /// Whether a run may have this byte in it: digits in groups are often parted.
    fn is_in_run(self, byte: u8) -> bool {
        self.has(byte) || (self == Self::Hex && matches!(byte, b' ' | b':'))
    }

    /// How many bits a letter stands for.
    pub(super) fn bits(self) -> usize {
        match self {
            Self::Hex => 4,
            Self::Base64 => 6,
        }
    }

    /// How many letters make whole bytes.
    pub(super) fn group(self) -> usize {
        match self {
            Self::Hex => 2,
            Self::Base64 => 4,
        }
    }

    /// What the letters stand for that `text` begins with.
    pub(super) fn values(self, text: &[u8], out: &mut Vec<u8>) {
        let table = self.table();
        // Many at once, while all of them are letters.
        for block in text.chunks(32) {
            let start = out.len();
            out.extend(block.iter().map(|byte| table[usize::from(*byte)]));
            if let Some(at) = memchr(NONE, &out[start..]) {
                out.truncate(start + at);
                return;
            }
        }
    }

    /// The bytes that whole groups of values say; tells how many values are left.
    pub(super) fn join(self, values: &[u8], bytes: &mut Vec<u8>) -> usize {
        match self {
            Self::Hex => {
                let (pairs, rest) = values.as_chunks::<2>();
                bytes.extend(pairs.iter().map(|[high, low]| high << 4 | low));
                rest.len()
            }
            Self::Base64 => {
                let (groups, rest) = values.as_chunks::<4>();
                bytes.extend(groups.iter().flat_map(|group| {
                    let [a, b, c, d] = group.map(u32::from);
                    let [_, first, second, third] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
                    [first, second, third]
                }));
                rest.len()
            }
        }
    }

    /// Where a run begins, or where what could become one begins at the end.
    pub(super) fn find(self, text: &[u8]) -> Result<usize, usize> {
        let is_in = |byte: &u8| self.is_in_run(*byte);
        let mut from = 0;
        loop {
            let at = from + self.block(&text[from..]);
            let before = text[from..at].iter().rev().take_while(|byte| is_in(byte)).count();
            let start = at - before;
            let parted = text[start..].iter().take_while(|byte| is_in(byte) && !self.has(**byte));
            // What parts digits is no beginning.
            let start = start + parted.count();
            let run = self.run(&text[start..]);
            if run == RUN {
                return Ok(start);
            }
            if start + run == text.len() {
                return Err(start);
            }
            from = (start + run + 1).max(from + 1);
        }
    }

    /// The first place of eight bytes that may be of one run, or the last bytes: a run has such
    /// eight in it, wherever one begins to count.
    fn block(self, text: &[u8]) -> usize {
        let mut flags = [0; BLOCK];
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            // More bytes than are in a run pass: comparisons alone are done for many at once.
            match self {
                Self::Hex => flag(block, &mut flags, |byte| {
                    byte.wrapping_sub(b'0') < 11
                        || (byte | 0x20).wrapping_sub(b'a') < 6
                        || byte == b' '
                }),
                Self::Base64 => flag(block, &mut flags, |byte| {
                    byte.wrapping_sub(b'+') < 15 || (byte | 0x20).wrapping_sub(b'a') < 31
                }),
            }
            let (eights, _) = flags.as_chunks::<8>();
            let all = |eight: &[u8; 8]| u64::from_ne_bytes(*eight) == u64::MAX;
            if let Some(at) = eights.iter().position(all) {
                return index * BLOCK + at * 8;
            }
        }
        let last = text.len() - rest.len();
        let is_in = |eight: &[u8; 8]| eight.iter().all(|byte| self.is_in_run(*byte));
        let (eights, rest) = rest.as_chunks::<8>();
        match eights.iter().position(is_in) {
            Some(at) => last + at * 8,
            None => text.len() - rest.len(),
        }
    }

    /// How many bytes at the beginning of `text`, up to [`RUN`], could be of one run.
    fn run(self, text: &[u8]) -> usize {
        let mut group = 0;
        for (at, byte) in text.iter().take(RUN).enumerate() {
            if self.has(*byte) {
                group += 1;
                continue;
            }
            let goes_on = text.get(at + 1).is_none_or(|next| self.has(*next));
            if !self.is_in_run(*byte) || group == 0 || group % 2 == 1 || !goes_on {
                return at;
            }
            group = 0;
        }
        text.len().min(RUN)
    }
}

/// All bits where `is_in`, none elsewhere.
fn flag(block: &[u8; BLOCK], flags: &mut [u8; BLOCK], is_in: impl Fn(u8) -> bool) {
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = 0_u8.wrapping_sub(u8::from(is_in(*byte)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Alphabet, RUN};

    proptest! {
        #[test]
        fn a_run_is_found_wherever_it_begins(
            before in "[ -~\u{e4}]{0,40}[.;{\u{e4}]", digits in "[0-9a-f]{16,40}", after in "([;.{][ -~]{0,20})?",
        ) {
            let text = format!("{before}{digits}{after}");
            for alphabet in [Alphabet::Hex, Alphabet::Base64] {
                let naive = (0..=text.len()).find(|at| {
                    let text = &text.as_bytes()[*at..];
                    alphabet.has(*text.first().unwrap_or(&b' ')) && alphabet.run(text) == RUN
                });
                let found = alphabet.find(text.as_bytes());
                prop_assert!(found.is_ok_and(|at| Some(at) <= naive), "{found:?} {naive:?}");
            }
        }
    }
}
