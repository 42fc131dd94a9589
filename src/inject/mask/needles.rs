//! Texts to be found: which of them, if any, stands in a text.

use super::patterns::{Patterns, Unsorted};
use super::sieve::Sieve;
use crate::secret::SecretBytes;

/// Texts, ready to be found.
pub(super) struct Needles {
    patterns: Patterns,
    sieve: Sieve,
}

impl Default for Needles {
    fn default() -> Self {
        Self::new(std::iter::empty())
    }
}

impl Needles {
    /// Prepares `texts`.
    pub(super) fn new(texts: impl Iterator<Item = SecretBytes>) -> Self {
        let mut unsorted = Unsorted::default();
        texts.filter(|text| !text.is_empty()).for_each(|text| unsorted.push(&[text], 0));
        let patterns = unsorted.sort();
        let sieve = Sieve::new(&patterns);
        Self { patterns, sieve }
    }

    /// The length of the shortest that begins as `text` does, and is longer.
    pub(super) fn open(&self, text: &[u8]) -> Option<usize> {
        let mut cursor = self.patterns.root();
        self.patterns.follow(&mut cursor, text);
        cursor.is_open().then(|| self.patterns.shortest(&cursor))
    }

    /// Whether one stands in `text`.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let mut from = 0;
        while let Some(at) = self.sieve.last(text, from) {
            let mut cursor = self.patterns.root();
            self.patterns.follow(&mut cursor, &text[at..]);
            if cursor.found.is_some() {
                return true;
            }
            from = at + 1;
        }
        false
    }
}
