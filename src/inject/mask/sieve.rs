//! Rejects, many at a time, the places of a text where no pattern starts.
//!
//! Where a pattern of at least `window` bytes starts at one of `stride` places in a row, the bytes
//! at the last of them stand in it, too. So one look into a set of all such pieces of all patterns
//! rejects `stride` places. The set is a Bloom filter: it may say yes wrongly, never no. Patterns
//! of fewer than six bytes are looked for at each place.

use zeroize::Zeroizing;

use super::patterns::Patterns;

/// Patterns of at least so many bytes are looked for in strides.
const LONG: usize = 6;
/// More than so many bytes of a pattern are not made use of.
const WINDOW: usize = 20;
/// Memory for each piece: one in about a thousand others passes.
const BITS_PER_KEY: usize = 32;

/// What the patterns start with, hashed.
pub(super) struct Sieve {
    pieces: Bits,
    /// How many bytes of text it takes to judge a stride; none where no pattern is long.
    window: Option<usize>,
    stride: usize,
    /// The bits of eight bytes that make a piece: all of them, or of six or four bytes.
    piece: u64,
    fours: Option<Bits>,
    twos: Option<Bits>,
    /// Which two bytes, and which one, patterns start with.
    starts: Starts,
}

impl Sieve {
    /// Takes what it needs of all of `patterns`.
    pub(super) fn new(patterns: &Patterns) -> Self {
        let long = || patterns.iter().filter(|pattern| pattern.len() >= LONG);
        let window = long().map(<[u8]>::len).min().map(|shortest| shortest.min(WINDOW));
        let (bytes, piece) = match window {
            Some(12..) => (8, u64::MAX),
            Some(8..) => (6, u64::MAX >> 16),
            _ => (4, u64::MAX >> 32),
        };
        let stride = window.map_or(LONG, |window| window - bytes + 1);
        let pieces = || {
            let starts = long().flat_map(move |pattern| (0..stride).map(move |at| &pattern[at..]));
            starts.filter_map(move |text| key(text, piece))
        };
        let shorter = |range: std::ops::Range<usize>| {
            patterns.iter().filter(move |pattern| range.contains(&pattern.len()))
        };
        let fours = || shorter(4..LONG).filter_map(|p| p.first_chunk()).map(|w| four(*w));
        let twos = || shorter(0..4).flat_map(pairs).map(two);
        Self {
            pieces: Bits::of(pieces),
            window,
            stride,
            piece,
            fours: fours().next().map(|_| Bits::of(fours)),
            twos: twos().next().map(|_| Bits::of(twos)),
            starts: Starts::new(patterns),
        }
    }

    /// Finds the first place of `text`, not before `from`, where a pattern could start.
    ///
    /// Any of the last places could be one: what follows them is not yet known.
    pub(super) fn next(&self, text: &[u8], from: usize) -> usize {
        let is_short = self.fours.is_some() || self.twos.is_some();
        if self.window.is_none() && !is_short {
            return text.len();
        }
        let window = self.window.unwrap_or(0).max(self.stride + 3);
        let mut at = from;
        while at + window <= text.len() {
            let piece = self.window.and_then(|_| key(&text[at + self.stride - 1..], self.piece));
            if piece.is_some_and(|piece| self.pieces.has(piece)) {
                return at;
            }
            if is_short && let Some(place) = self.short(text, at) {
                return place;
            }
            at += self.stride;
        }
        (at..text.len()).find(|at| self.starts.has(&text[*at..])).unwrap_or(text.len())
    }

    /// As [`Sieve::next`], in a text that ends here; `None` where nothing could.
    pub(super) fn last(&self, text: &[u8], from: usize) -> Option<usize> {
        let at = self.next(text, from);
        let is_short = self.fours.is_some() || self.twos.is_some();
        let shortest = if is_short { 1 } else { self.window.unwrap_or(usize::MAX) };
        (text.len().saturating_sub(at) >= shortest).then_some(at)
    }

    /// The first place of a stride where a short pattern could start.
    fn short(&self, text: &[u8], from: usize) -> Option<usize> {
        (from..from + self.stride).find(|&at| {
            text[at..].first_chunk().is_some_and(|&[a, b, c, d]| {
                self.fours.as_ref().is_some_and(|bits| bits.has(four([a, b, c, d])))
                    || self.twos.as_ref().is_some_and(|bits| bits.has(two([a, b])))
            })
        })
    }
}

/// The piece that `text` starts with; where that ends, zeros follow.
fn key(text: &[u8], piece: u64) -> Option<u64> {
    let bytes = text.first_chunk().copied().or_else(|| {
        let mut bytes = [0; 8];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(bytes)
    });
    bytes.map(|bytes| u64::from_le_bytes(bytes) & piece)
}

fn four(bytes: [u8; 4]) -> u64 {
    u32::from_le_bytes(bytes).into()
}

fn two(bytes: [u8; 2]) -> u64 {
    u16::from_le_bytes(bytes).into()
}

/// The pairs that a text may start with where it starts with `pattern`.
fn pairs(pattern: &[u8]) -> impl Iterator<Item = [u8; 2]> {
    let (first, seconds) = match *pattern {
        [first, second, ..] => (first, second..=second),
        [first] => (first, 0..=u8::MAX),
        // There is none: no form is empty.
        [] => (0, 0..=u8::MAX),
    };
    seconds.map(move |second| [first, second])
}

/// The two bytes that patterns start with, and the one of those that have no more.
struct Starts {
    pairs: Zeroizing<Vec<u64>>,
    ones: [bool; 256],
}

impl Starts {
    fn new(patterns: &Patterns) -> Self {
        let mut starts = Self { pairs: Zeroizing::new(vec![0; 1 << 10]), ones: [false; 256] };
        for pattern in patterns.iter() {
            starts.ones[usize::from(pattern[0])] = true;
            for pair in pairs(&pattern[..pattern.len().min(2)]) {
                let pair = usize::from(u16::from_le_bytes(pair));
                starts.pairs[pair / 64] |= 1 << (pair % 64);
            }
        }
        starts
    }

    /// Whether a pattern could start as `text` does.
    fn has(&self, text: &[u8]) -> bool {
        match *text {
            [first, second, ..] => {
                let pair = usize::from(u16::from_le_bytes([first, second]));
                self.pairs[pair / 64] >> (pair % 64) & 1 == 1
            }
            [first] => self.ones[usize::from(first)],
            [] => false,
        }
    }
}

/// A set of keys in which each is three bits of one word.
struct Bits {
    words: Zeroizing<Vec<u64>>,
    /// Turns a hash into the index of a word.
    shift: u32,
}

impl Bits {
    fn of<I: Iterator<Item = u64>>(keys: impl Fn() -> I) -> Self {
        let words = (keys().count() * BITS_PER_KEY / 64 + 2).next_power_of_two();
        let mut bits =
            Self { words: Zeroizing::new(vec![0; words]), shift: 64 - words.trailing_zeros() };
        for key in keys() {
            let (word, some) = bits.place(key);
            bits.words[word] |= some;
        }
        bits
    }

    fn has(&self, key: u64) -> bool {
        let (word, some) = self.place(key);
        self.words[word] & some == some
    }

    /// The word and the three bits in it for `key`, from the upper bits of its product.
    fn place(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = |below: u32| 1 << (hash >> (self.shift - below) & 63);
        ((hash >> self.shift) as usize, bit(6) | bit(12) | bit(18))
    }
}
