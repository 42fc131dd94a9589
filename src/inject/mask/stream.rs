//! One stream of output: decides place by place, in order, what starts there.
//!
//! A place is decided when no longer pattern can start at it any more. The bytes from the
//! first undecided place on are kept; each is followed once, however it comes in.

use std::fmt;
use std::iter::repeat;
use std::ops::Deref;

use zeroize::Zeroizing;

use super::overlaps::Known;
use super::patterns::Cursor;
use super::{Filter, Masker};
use crate::name::SecretName;

/// A stream of output being masked; `M` is a way to the masker, a reference or a share.
pub(crate) struct Stream<M, R> {
    masker: M,
    report: R,
    /// What came and may still be needed; all places below are places in it.
    text: Text,
    /// The first undecided place.
    next: usize,
    /// How far the text was followed from there, where it ended before that was decided.
    cursor: Option<Cursor>,
    /// What came before this place was shown, or a label in its stead.
    shown: usize,
    /// The occurrence that reaches furthest beyond `shown`: its end and its pattern.
    reach: Option<(usize, usize)>,
    /// What is known of the text beyond `next`.
    known: Known,
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Stream<M, R> {
    pub(super) fn new(masker: M, report: R) -> Self {
        Self {
            masker,
            report,
            text: Text::default(),
            next: 0,
            cursor: None,
            shown: 0,
            reach: None,
            known: Known::default(),
        }
    }

    /// How many bytes of what came are neither shown nor replaced.
    #[cfg(feature = "sealed")]
    pub(crate) fn held(&self) -> usize {
        self.text.len() - self.shown
    }

    /// Decides all places that can be decided, or simply all where the text has `ended`.
    fn decide(&mut self, ended: bool, out: &mut Vec<u8>) {
        let masker = self.masker.clone();
        let Masker { patterns, sieve, overlaps, .. } = &*masker;
        while self.next < self.text.len() {
            let mut cursor = if let Some(cursor) = self.cursor.take() {
                cursor
            } else {
                let start = sieve.next(self.text.bytes(), self.next);
                self.pass(start, out);
                if start == self.text.len() {
                    break;
                }
                let resumed = overlaps.resume(&self.known, start);
                resumed.unwrap_or_else(|| patterns.root())
            };
            patterns.follow(&mut cursor, &self.text.bytes()[self.next..]);
            if cursor.is_open() && !ended {
                self.cursor = Some(cursor);
                break;
            }
            self.settle(&cursor, out);
        }
    }

    /// Takes in what `cursor` found at the next place.
    fn settle(&mut self, cursor: &Cursor, out: &mut Vec<u8>) {
        if self.next + cursor.depth >= self.known.end {
            self.known = Known::from(self.next, cursor);
        }
        if let Some(found) = cursor.found {
            let end = self.next + self.masker.patterns.bytes(found).len();
            if end > self.reach.map_or(self.shown, |(end, _)| end) {
                self.reach = Some((end, found));
            }
        }
        self.pass(self.next + 1, out);
    }

    /// Shows what is before `place`, where nothing starts that is not known by now.
    fn pass(&mut self, place: usize, out: &mut Vec<u8>) {
        while self.shown < place {
            if let Some((end, pattern)) = self.reach.take() {
                let at = self.masker.patterns.label(pattern);
                (self.report)(&self.masker.names[at]);
                let label = self.masker.labels[at].expose();
                if self.masker.keeps_length {
                    let length = end - self.shown;
                    out.extend(label.iter().copied().chain(repeat(b'*')).take(length));
                } else {
                    out.extend_from_slice(label);
                }
                self.shown = end;
            } else {
                out.extend_from_slice(&self.text.bytes()[self.shown..place]);
                self.shown = place;
            }
        }
        self.next = place;
    }

    /// The place up to which a moment's silence lets the text be shown, where `cursor`
    /// belongs to the next place.
    fn limit(&self, cursor: &Cursor) -> usize {
        let Masker { patterns, sieve, overlaps, .. } = &*self.masker;
        let known = Known::from(self.next, cursor);
        let mut start = self.next;
        let mut limit = self.quarter(start, cursor);
        while limit > self.shown {
            start = sieve.next(self.text.bytes(), start + 1);
            if start >= limit.min(self.text.len()) {
                break;
            }
            let resumed = overlaps.resume(&known, start);
            let mut cursor = resumed.unwrap_or_else(|| patterns.root());
            patterns.follow(&mut cursor, &self.text.bytes()[start..]);
            limit = limit.min(self.quarter(start, &cursor));
        }
        limit.min(self.text.len())
    }

    /// The same for what starts at `start` alone.
    fn quarter(&self, start: usize, cursor: &Cursor) -> usize {
        let patterns = &self.masker.patterns;
        let end = cursor.found.map_or(0, |found| start + patterns.bytes(found).len());
        if end > self.shown {
            start
        } else if cursor.is_open() {
            start + patterns.shortest(cursor) / 4
        } else {
            usize::MAX
        }
    }
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Filter for Stream<M, R> {
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.text.push(chunk);
        self.decide(false, out);
        if let Some(count) = self.text.forget(self.next) {
            self.next -= count;
            self.shown -= count;
            self.reach = self.reach.map(|(end, pattern)| (end - count, pattern));
            self.known.shift(count);
        }
    }

    fn idle(&mut self, out: &mut Vec<u8>) {
        let Some(cursor) = self.cursor.filter(|_| self.reach.is_none()) else { return };
        let limit = self.limit(&cursor);
        if limit > self.shown {
            out.extend_from_slice(&self.text.bytes()[self.shown..limit]);
            self.shown = limit;
        }
    }

    fn holds(&self) -> bool {
        self.shown < self.text.len()
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.decide(true, out);
    }
}

impl<M, R> fmt::Debug for Stream<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream([redacted])")
    }
}

/// The end of what came so far. Wiped when it moves and on drop.
#[derive(Default)]
struct Text(Zeroizing<Vec<u8>>);

impl Text {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, chunk: &[u8]) {
        let needed = self.0.len() + chunk.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed * 2));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(chunk);
    }

    /// Forgets the bytes before `place`, once they are the greater part: moving the rest
    /// each time would be slow. Tells how many went.
    fn forget(&mut self, place: usize) -> Option<usize> {
        if place == 0 || place * 2 < self.0.len() {
            return None;
        }
        self.0.copy_within(place.., 0);
        let left = self.0.len() - place;
        self.0.truncate(left);
        Some(place)
    }
}
