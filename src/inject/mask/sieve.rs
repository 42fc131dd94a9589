//! Rejects, in about a nanosecond each, the places of a text where no pattern starts.
//!
//! A Bloom filter over the first eight bytes of the patterns, or four or two where they are
//! shorter: it may say yes wrongly, never no.

use zeroize::Zeroizing;

use super::patterns::Patterns;

/// How many bytes of text it takes to judge a place.
const WINDOW: usize = 8;
/// Memory for each distinct start: one in about fifty other places passes.
const BITS_PER_KEY: usize = 16;

/// What the patterns start with, hashed.
pub(super) struct Sieve {
    eights: Bits,
    fours: Bits,
    twos: Bits,
    /// Whether there are patterns of fewer than eight bytes.
    any_short: bool,
}

impl Sieve {
    /// Takes the first bytes of all of `patterns`.
    pub(super) fn new(patterns: &Patterns) -> Self {
        let shorter_than = |len| patterns.iter().filter(move |p: &&[u8]| len > p.len());
        let eights = || patterns.iter().filter_map(|p| p.first_chunk()).map(eight);
        let fours = || shorter_than(8).filter_map(|p| p.first_chunk()).map(|w| four(*w));
        let twos = || shorter_than(4).flat_map(pairs).map(two);
        Self {
            eights: Bits::of(eights),
            fours: Bits::of(fours),
            twos: Bits::of(twos),
            any_short: shorter_than(8).next().is_some(),
        }
    }

    /// Finds the first place of `text`, not before `from`, where a pattern could start.
    ///
    /// Any of the last places could be one: what follows them is not yet known.
    pub(super) fn next(&self, text: &[u8], from: usize) -> usize {
        let rest = &text[from..];
        let mut windows = rest.windows(WINDOW).filter_map(|w| w.first_chunk());
        let hit = if self.any_short {
            windows.position(|w| self.passes(w))
        } else {
            windows.position(|w| self.eights.has(eight(w)))
        };
        from + hit.unwrap_or(rest.len().saturating_sub(WINDOW - 1))
    }

    fn passes(&self, window: &[u8; WINDOW]) -> bool {
        let [a, b, c, d, ..] = *window;
        self.eights.has(eight(window))
            || self.fours.has(four([a, b, c, d]))
            || self.twos.has(two([a, b]))
    }
}

fn eight(bytes: &[u8; WINDOW]) -> u64 {
    u64::from_le_bytes(*bytes)
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

/// A set of keys in which each is two bits of one word.
struct Bits {
    words: Zeroizing<Vec<u64>>,
    /// Turns a hash into the index of a word.
    shift: u32,
}

impl Bits {
    fn of<I: Iterator<Item = u64>>(keys: impl Fn() -> I) -> Self {
        let mut last = None;
        // Sorted patterns: those that start alike are neighbours.
        let distinct = keys().filter(|&key| last.replace(key) != Some(key)).count();
        let words = (distinct * BITS_PER_KEY / 64 + 2).next_power_of_two();
        let mut bits =
            Self { words: Zeroizing::new(vec![0; words]), shift: 64 - words.trailing_zeros() };
        for key in keys() {
            let (word, pair) = bits.place(key);
            bits.words[word] |= pair;
        }
        bits
    }

    fn has(&self, key: u64) -> bool {
        let (word, pair) = self.place(key);
        self.words[word] & pair == pair
    }

    /// The word and the two bits in it for `key`, from the upper bits of its product.
    fn place(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = |below: u32| 1 << (hash >> (self.shift - below) & 63);
        ((hash >> self.shift) as usize, bit(6) | bit(12))
    }
}
