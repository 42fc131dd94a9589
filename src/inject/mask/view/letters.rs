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

static HEX: [u8; 256] = table(Alphabet::Hex);
static BASE64: [u8; 256] = table(Alphabet::Base64);

const fn table(alphabet: Alphabet) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match alphabet {
            Alphabet::Hex => digit(byte as u8),
            Alphabet::Base64 => sextet(byte as u8),
        };
        byte += 1;
    }
    table
}

// Comparisons and no table: the compiler does these for many bytes at once.

const fn digit(byte: u8) -> u8 {
    let (number, letter) = (byte.wrapping_sub(b'0'), (byte | 0x20).wrapping_sub(b'a'));
    let value = if number < 10 { number } else { NONE };
    if letter < 6 { letter + 10 } else { value }
}

const fn sextet(byte: u8) -> u8 {
    let (upper, lower) = (byte.wrapping_sub(b'A'), byte.wrapping_sub(b'a'));
    let number = byte.wrapping_sub(b'0');
    let value = if upper < 26 { upper } else { NONE };
    let value = if lower < 26 { lower + 26 } else { value };
    let value = if number < 10 { number + 52 } else { value };
    let value = if byte == b'+' || byte == b'-' { 62 } else { value };
    if byte == b'/' || byte == b'_' { 63 } else { value }
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

    /// How many letters `text` begins with.
    pub(super) fn count(self, text: &[u8]) -> usize {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            let mask = match self {
                Self::Hex => mask(block, is_digit),
                Self::Base64 => mask(block, is_base64),
            };
            if mask != u64::MAX {
                return index * BLOCK + mask.trailing_ones() as usize;
            }
        }
        text.len() - rest.len() + rest.iter().take_while(|byte| self.has(**byte)).count()
    }

    /// Whether a run may have this byte in it: digits in groups are often parted.
    fn is_in_run(self, byte: u8) -> bool {
        self.has(byte) || (self == Self::Hex && matches!(byte, b' ' | b':'))
    }

    /// How many bytes at the beginning of a run are no letter but a mark before a line, as a difference of
    /// base64 has them; `before` is the text before it, all of it where `is_all`. No text of UTF-8 begins with
    /// what that letter says.
    pub(super) fn mark(self, run: &[u8], before: &[u8], is_all: bool) -> usize {
        let is_line = before.last().map_or(is_all, |byte| *byte == b'\n');
        let is_mark = self == Self::Base64 && matches!(run.first(), Some(b'+' | b'-'));
        usize::from(is_line && is_mark)
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
        let mut values = [0; BLOCK];
        for block in text.chunks(BLOCK) {
            let values = &mut values[..block.len()];
            let each = values.iter_mut().zip(block);
            match self {
                Self::Hex => each.for_each(|(value, byte)| *value = digit(*byte)),
                Self::Base64 => each.for_each(|(value, byte)| *value = sextet(*byte)),
            }
            let count = memchr(NONE, values).unwrap_or(values.len());
            out.extend_from_slice(&values[..count]);
            if count < values.len() {
                return;
            }
        }
    }

    /// The three bytes that four base64 letters stand for.
    #[inline]
    pub(super) fn bytes([a, b, c, d]: [u8; 4]) -> [u8; 3] {
        [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
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
                bytes.extend(groups.iter().flat_map(|group| Self::bytes(*group)));
                rest.len()
            }
        }
    }

    /// Where a run begins, or where what could become one begins at the end.
    pub(super) fn find(self, text: &[u8]) -> Result<usize, usize> {
        let (blocks, _) = text.as_chunks::<BLOCK>();
        // Bytes of a run right before the block.
        let mut before = 0;
        for (index, block) in blocks.iter().enumerate() {
            let mask = match self {
                Self::Hex => mask(block, is_in_hex),
                Self::Base64 => mask(block, is_base64),
            };
            let first = mask.trailing_ones() as usize;
            let start = if before + first >= RUN { Some(0) } else { sixteen(mask) };
            if let Some(start) = start {
                let start = index * BLOCK + start - if start == 0 { before } else { 0 };
                if self == Self::Base64 {
                    return Ok(start);
                }
                return self.find_slowly(text, start, true);
            }
            before = if first == BLOCK { before + BLOCK } else { mask.leading_ones() as usize };
        }
        self.find_slowly(text, blocks.len() * BLOCK - before, false)
    }

    /// The same from a place on, byte by byte, and from a block on after a stretch that is no run.
    fn find_slowly(self, text: &[u8], from: usize, goes_on: bool) -> Result<usize, usize> {
        let mut from = from;
        loop {
            // What parts digits is no beginning.
            let parted = text[from..].iter().position(|byte| self.has(*byte));
            let Some(parted) = parted else { return Err(text.len()) };
            let start = from + parted;
            let run = self.run(&text[start..]);
            if run == RUN {
                return Ok(start);
            }
            if start + run == text.len() {
                return Err(start);
            }
            from = start + run + 1;
            if goes_on && text.len() - from.min(text.len()) >= BLOCK {
                let rest = self.find(&text[from..]);
                return rest.map(|at| from + at).map_err(|at| from + at);
            }
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

// Comparisons alone: the compiler does these for many bytes at once.

fn is_base64(byte: u8) -> bool {
    (byte.wrapping_sub(b'0') < 10)
        | ((byte | 0x20).wrapping_sub(b'a') < 26)
        | (byte == b'+')
        | (byte == b'-')
        | (byte == b'/')
        | (byte == b'_')
}

fn is_digit(byte: u8) -> bool {
    (byte.wrapping_sub(b'0') < 10) | ((byte | 0x20).wrapping_sub(b'a') < 6)
}

fn is_in_hex(byte: u8) -> bool {
    is_digit(byte) | (byte == b':') | (byte == b' ')
}

/// A bit for each byte of a block, the first the lowest.
fn mask(block: &[u8; BLOCK], is_in: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is_in(*byte));
    }
    let (eights, _) = flags.as_chunks::<8>();
    let bits = eights.iter().enumerate().map(|(at, eight)| {
        // Gathers the lowest bit of each byte in the highest byte.
        (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at)
    });
    bits.fold(0, |all, some| all | some)
}

/// The first of sixteen bits in a row.
fn sixteen(mask: u64) -> Option<usize> {
    let mut bits = mask;
    for step in [1, 2, 4, 8] {
        bits &= bits >> step;
    }
    (bits != 0).then(|| bits.trailing_zeros() as usize)
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
                let found = alphabet.find(text.as_bytes()).unwrap();
                // Not behind the digits, at a letter, and a run from there on.
                prop_assert!(found <= before.len() && alphabet.has(text.as_bytes()[found]), "{found}");
                prop_assert_eq!(alphabet.run(&text.as_bytes()[found..]), RUN);
                if alphabet == Alphabet::Base64 {
                    let is_run = |at: &usize| alphabet.run(&text.as_bytes()[*at..]) == RUN;
                    prop_assert_eq!(Some(found), (0..text.len()).find(is_run));
                }
            }
        }
    }
}
