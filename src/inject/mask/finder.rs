//! One text, the output itself or a view of it: decides place by place, in order, what starts there.
//!
//! A place is decided when no longer pattern can start at it any more. The bytes from the
//! first undecided place on are kept; each is followed once, however it comes in.

use super::Masker;
use super::overlaps::Known;
use super::patterns::Cursor;
use super::text::Text;

/// A pattern in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) pattern: usize,
}

/// What of a text is decided.
#[derive(Default)]
pub(super) struct Finder {
    text: Text,
    /// The first undecided place.
    next: usize,
    /// How far the text was followed from there, where it ended before that was decided.
    cursor: Option<Cursor>,
    /// What is known of the text beyond `next`.
    known: Known,
}

impl Finder {
    /// The text.
    pub(super) fn text(&self) -> &Text {
        &self.text
    }

    /// Takes more text.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.text.push(bytes);
    }

    /// The first place at which something could still start.
    pub(super) fn undecided(&self) -> usize {
        self.next
    }

    /// Decides all places that can be decided, or simply all where the text has `ended`.
    pub(super) fn decide(&mut self, masker: &Masker, ended: bool, found: &mut Vec<Found>) {
        let Masker { patterns, sieve, overlaps, .. } = masker;
        let base = self.text.base();
        while self.next < self.text.end() {
            let mut cursor = if let Some(cursor) = self.cursor.take() {
                cursor
            } else {
                self.next = base + sieve.next(self.text.bytes(), self.next - base);
                if self.next == self.text.end() {
                    break;
                }
                let resumed = overlaps.resume(&self.known, self.next);
                resumed.unwrap_or_else(|| patterns.root())
            };
            patterns.follow(&mut cursor, self.text.from(self.next));
            if cursor.is_open() && !ended {
                self.cursor = Some(cursor);
                break;
            }
            if self.next + cursor.depth >= self.known.end {
                self.known = Known::from(self.next, &cursor);
            }
            if let Some(pattern) = cursor.found {
                let (start, end) = (self.next, self.next + patterns.bytes(pattern).len());
                // What starts later and reaches no further is never shown.
                if found.last().is_none_or(|last| last.end < end) {
                    found.push(Found { start, end, pattern });
                }
            }
            self.next += 1;
        }
    }

    /// Forgets what is before `place`, save for what views may need of it, and the byte that tells
    /// whether a word begins there.
    pub(super) fn forget(&mut self, masker: &Masker, place: usize) {
        let before = masker.means.far + masker.means.longest + 1;
        self.text.forget(place.min(self.next).saturating_sub(before));
    }

    /// Begins anew: what comes next does not follow.
    pub(super) fn restart(&mut self) {
        self.text.restart();
        self.next = self.text.end();
        self.cursor = None;
        self.known = Known::default();
    }

    /// The place up to which a moment's silence lets the text be shown, of which what is before
    /// `shown` is shown already: no more than `most` bytes of what could become a pattern.
    pub(super) fn limit(&self, masker: &Masker, shown: usize, most: usize) -> usize {
        let Masker { patterns, sieve, overlaps, .. } = masker;
        let Some(cursor) = self.cursor else { return usize::MAX };
        let base = self.text.base();
        let known = Known::from(self.next, &cursor);
        let quarter = |start: usize, cursor: &Cursor| {
            let end = cursor.found.map_or(0, |found| start + patterns.bytes(found).len());
            if end > shown {
                start
            } else if cursor.is_open() {
                start + (patterns.shortest(cursor) / 4).min(most)
            } else {
                usize::MAX
            }
        };
        let mut start = self.next;
        let mut limit = quarter(start, &cursor);
        while limit > shown {
            start = base + sieve.next(self.text.bytes(), start + 1 - base);
            if start >= limit.min(self.text.end()) {
                break;
            }
            let resumed = overlaps.resume(&known, start);
            let mut cursor = resumed.unwrap_or_else(|| patterns.root());
            patterns.follow(&mut cursor, self.text.from(start));
            limit = limit.min(quarter(start, &cursor));
        }
        limit
    }
}
