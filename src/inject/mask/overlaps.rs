//! How patterns lie inside each other, so that no byte of a text is compared over and over.
//!
//! A long stretch of text that turned out to start like a pattern says all about the starts
//! inside it: they go as they go inside that pattern, which was looked up once. Like the
//! failure links of Aho-Corasick, but kept only where they save much: for most sets of
//! values there are none. Without them `aaa…` in the output would take quadratic time
//! against a value `aaa…`.

use super::patterns::{Cursor, Patterns, common};
use super::sieve::Sieve;

/// What is known of a text: the `depth` bytes before `end` are how pattern `witness` starts.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) end: usize,
    depth: usize,
    witness: usize,
}

impl Known {
    /// What `cursor`, which started at `start`, found out.
    pub(super) fn from(start: usize, cursor: &Cursor) -> Self {
        Self { end: start + cursor.depth, depth: cursor.depth, witness: cursor.witness }
    }
}

/// A place in a pattern where some pattern starts, for at least as long as is remembered.
#[derive(Clone, Copy)]
struct Overlap {
    offset: u32,
    /// How far it goes on, there, like `witness` starts.
    depth: u32,
    witness: u32,
}

/// The long overlaps of all patterns.
pub(super) struct Overlaps {
    long: usize,
    /// For each pattern by offset; empty where no pattern has any, as is everything below.
    of: Vec<Vec<Overlap>>,
    /// How many bytes each pattern has in common with the one before it.
    common: Vec<usize>,
    /// The longest pattern that each pattern starts with, itself left out.
    inner: Vec<Option<usize>>,
}

impl Overlaps {
    /// Finds the overlaps of `long` bytes or more.
    pub(super) fn new(patterns: &Patterns, sieve: &Sieve, long: usize) -> Self {
        let mut overlaps = Self { long, of: Vec::new(), common: Vec::new(), inner: Vec::new() };
        let mut places = places(patterns, sieve, long);
        if places.is_empty() {
            return overlaps;
        }
        overlaps.of.resize_with(patterns.len(), Vec::new);
        overlaps.relate(patterns);
        // By offset: what an overlap needs of another pattern stands there further ahead.
        places.sort_unstable();
        let mut known = vec![Known::default(); patterns.len()];
        for (offset, index) in places {
            let (start, pattern) = (offset as usize, index as usize);
            let resumed = overlaps.resume(&known[pattern], start);
            let mut cursor = resumed.unwrap_or_else(|| patterns.root());
            patterns.follow(&mut cursor, &patterns.bytes(pattern)[start..]);
            if start + cursor.depth >= known[pattern].end {
                known[pattern] = Known::from(start, &cursor);
            }
            let (depth, witness) = (cursor.depth as u32, cursor.witness as u32);
            overlaps.of[pattern].push(Overlap { offset, depth, witness });
        }
        overlaps
    }

    /// Gives the cursor for `start` as far as `known` tells, if it tells enough.
    pub(super) fn resume(&self, known: &Known, start: usize) -> Option<Cursor> {
        let left = known.end.checked_sub(start).filter(|&left| left >= self.long)?;
        let offset = known.depth - left;
        let all = self.of.get(known.witness)?;
        let at = all.binary_search_by_key(&offset, |overlap| overlap.offset as usize).ok()?;
        let (depth, witness) = (all[at].depth as usize, all[at].witness as usize);
        Some(self.cursor(witness, depth.min(left)))
    }

    /// The cursor that has followed the first `depth` bytes of pattern `witness`.
    fn cursor(&self, witness: usize, depth: usize) -> Cursor {
        let mut low = witness;
        while self.common[low] >= depth {
            low -= 1;
        }
        let more = self.common[witness + 1..].iter().take_while(|&&common| common >= depth);
        let high = witness + 1 + more.count();
        Cursor { low, high, depth, witness, found: self.inner[low] }
    }

    /// Fills in `common` and `inner`.
    fn relate(&mut self, patterns: &Patterns) {
        let mut outer: Vec<usize> = Vec::new();
        let mut last: &[u8] = b"";
        for (index, pattern) in patterns.iter().enumerate() {
            let shared = common(last, pattern);
            while outer.last().is_some_and(|&inner| patterns.bytes(inner).len() > shared) {
                outer.pop();
            }
            self.common.push(shared);
            self.inner.push(outer.last().copied());
            outer.push(index);
            last = pattern;
        }
    }
}

/// Lists the offsets, and the patterns, where a pattern starts for at least `long` bytes.
fn places(patterns: &Patterns, sieve: &Sieve, long: usize) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    for (index, pattern) in patterns.iter().enumerate().filter(|(_, p)| p.len() > long) {
        let mut start = sieve.next(pattern, 1);
        while start + long <= pattern.len() {
            let mut cursor = patterns.root();
            patterns.follow(&mut cursor, &pattern[start..start + long]);
            if cursor.depth == long {
                // Values are of 1 MiB at most, their forms of six: both fit.
                places.push((start as u32, index as u32));
            }
            start = sieve.next(pattern, start + 1);
        }
    }
    places
}
