//! One stream of output: what is found in it, in any view, is replaced in order.

use std::fmt;
use std::iter::repeat;
use std::ops::Deref;

use super::finder::Found;
use super::view::Root;
use super::{Filter, Masker, SHORT};
use crate::name::SecretName;

/// A stream of output being masked; `M` is a way to the masker, a reference or a share.
pub(crate) struct Stream<M, R> {
    masker: M,
    report: R,
    root: Root,
    /// What came before this place was shown, or a label in its stead.
    shown: usize,
    /// Found, and not yet replaced, by where it starts.
    waiting: Vec<Found>,
    found: Vec<Found>,
    /// Found, of few bytes, and what follows is not yet known.
    doubtful: Vec<Found>,
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Stream<M, R> {
    pub(super) fn new(masker: M, report: R) -> Self {
        let root = Root::new(&masker);
        let (waiting, found, doubtful) = (Vec::new(), Vec::new(), Vec::new());
        Self { masker, report, root, shown: 0, waiting, found, doubtful }
    }

    /// How many bytes of what came are neither shown nor replaced.
    #[cfg(feature = "sealed")]
    pub(crate) fn held(&self) -> usize {
        self.root.end().saturating_sub(self.shown)
    }

    /// Shows all but the last `keep` bytes, also what could still become a value: whoever calls this
    /// keeps as many as one may take.
    #[cfg(feature = "sealed")]
    pub(crate) fn let_go(&mut self, keep: usize, out: &mut Vec<u8>) {
        self.pass(self.root.end().saturating_sub(keep), out);
    }

    /// Looks at what came, and shows what can be shown.
    fn proceed(&mut self, ended: bool, out: &mut Vec<u8>) {
        let masker = self.masker.clone();
        self.found.clear();
        self.found.append(&mut self.doubtful);
        self.root.proceed(&masker, ended, &mut self.found);
        for found in std::mem::take(&mut self.found) {
            self.add(&masker, found, ended);
        }
        let end = self.root.end();
        let doubtful = self.doubtful.iter().map(|found| found.start);
        let until =
            if ended { end } else { doubtful.fold(self.root.undecided().min(end), usize::min) };
        self.pass(until, out);
        self.root.forget(&masker, self.shown);
    }

    fn add(&mut self, masker: &Masker, found: Found, ended: bool) {
        if masker.as_words && found.end - found.start <= SHORT {
            let text = self.root.text();
            let is_word = |byte: Option<&u8>| {
                byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            };
            let inside = text.from(found.start);
            if found.end == text.end() && !ended && is_word(inside.last()) {
                self.doubtful.push(found);
                return;
            }
            let before = found.start.checked_sub(1).filter(|before| *before >= text.base());
            let before = before.map(|before| text.from(before)[0]);
            let after = inside.get(found.end - found.start);
            if (is_word(before.as_ref()) && is_word(inside.first()))
                || (is_word(after) && is_word(inside.get(found.end - found.start - 1)))
            {
                return;
            }
        }
        if found.end <= self.shown {
            return;
        }
        let at = self.waiting.partition_point(|one| one.start <= found.start);
        self.waiting.insert(at, found);
    }

    /// Shows what is before `place`, where nothing starts that is not known by now.
    fn pass(&mut self, place: usize, out: &mut Vec<u8>) {
        while self.shown < place {
            let begun = self.waiting.partition_point(|found| found.start <= self.shown);
            let reach = self.waiting[..begun].iter().filter(|found| found.end > self.shown);
            // Of those that reach equally far, the one that starts first.
            let reach = reach.rev().max_by_key(|found| found.end).copied();
            if let Some(found) = reach {
                self.replace(&found, out);
            } else {
                let next = self.waiting.get(begun).map_or(place, |found| found.start.min(place));
                out.extend_from_slice(self.root.text().between(self.shown, next));
                self.shown = next;
            }
            self.waiting.retain(|found| found.end > self.shown);
        }
    }

    fn replace(&mut self, found: &Found, out: &mut Vec<u8>) {
        let at = self.masker.patterns.label(found.pattern);
        (self.report)(&self.masker.names[at]);
        let label = self.masker.labels[at].expose();
        if self.masker.keeps_length {
            let length = found.end - self.shown;
            out.extend(label.iter().copied().chain(repeat(b'*')).take(length));
        } else {
            out.extend_from_slice(label);
        }
        self.shown = found.end;
    }
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Filter for Stream<M, R> {
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.root.push(chunk);
        self.proceed(false, out);
    }

    fn idle(&mut self, most: usize, out: &mut Vec<u8>) {
        let limit = self.root.limit(&self.masker, self.shown, most);
        // Where more could still become a value, what was found could become part of that.
        let open = self.waiting.iter().filter(|_| limit < usize::MAX).chain(&self.doubtful);
        let limit = open.map(|found| found.start).fold(limit.min(self.root.end()), usize::min);
        self.pass(limit, out);
    }

    fn holds(&self) -> bool {
        self.shown < self.root.end()
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.proceed(true, out);
    }
}

impl<M, R> fmt::Debug for Stream<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream([redacted])")
    }
}
