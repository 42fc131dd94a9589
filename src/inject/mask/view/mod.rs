//! Views of a text: what its escapes, percent triplets, entities, hex digits and base64 letters
//! mean. What is found in a view is found in the text, at the bytes that were written so.
//!
//! A view costs nothing where its alphabet does not occur. Where it does, the view begins as far
//! before as a pattern could, and goes on until no pattern is left that began before.

mod entity;
mod escape;
mod glance;
mod inline;
mod letters;
mod map;
mod percent;
mod phase;
mod rows;
mod run;

use memchr::memchr3_iter;

use super::Masker;
use super::finder::{Finder, Found};
use super::text::Part;
use glance::Glance;
use inline::Inline;
use run::Run;

pub(super) use letters::Alphabet;

/// Views of views: so many writings may stand in each other.
const DEPTH: u8 = 2;
/// Shorter values are known only as they are: their other writings would be found in any text.
pub(super) const SHORTEST: usize = 6;
/// Bytes that are looked at quickly at once, and closely before it is asked whether that is still
/// needed.
const QUICK: usize = 16 << 10;
const CLOSE: usize = 512;
/// The beginning of a line is looked for in so many bytes.
const LINE: usize = 256;

/// A text with its views.
#[derive(Default)]
pub(super) struct Node {
    finder: Finder,
    depth: u8,
    views: Vec<View>,
    found: Vec<Found>,
    quick: Quick,
}

/// What is known of the output before its views are looked at.
#[derive(Default)]
struct Quick {
    glance: Glance,
    /// Up to where it was looked at.
    looked: usize,
    /// Whether views are looked at, and up to where at least.
    is_close: bool,
    mark: usize,
}

enum View {
    Inline(Inline),
    Run(Run),
}

impl View {
    fn proceed(&mut self, text: Part<'_>, masker: &Masker, found: &mut Vec<Found>) {
        match self {
            Self::Inline(view) => view.proceed(text, masker, found),
            Self::Run(view) => view.proceed(text, masker, found),
        }
    }

    fn undecided(&self) -> usize {
        match self {
            Self::Inline(view) => view.undecided(),
            Self::Run(view) => view.undecided(),
        }
    }

    fn seen(&self) -> usize {
        match self {
            Self::Inline(view) => view.seen(),
            Self::Run(view) => view.seen(),
        }
    }

    fn limit(&self, text: Part<'_>, masker: &Masker, shown: usize, most: usize) -> usize {
        match self {
            Self::Inline(view) => view.limit(masker, shown, most),
            Self::Run(view) => view.limit(text, masker, shown, most),
        }
    }

    fn restart(&mut self, place: usize) {
        match self {
            Self::Inline(view) => view.restart(place),
            Self::Run(view) => view.restart(place),
        }
    }
}

impl Node {
    /// The output itself, or where `depth` is not 0 a view.
    pub(super) fn new(masker: &Masker, depth: u8) -> Self {
        let mut views = Vec::new();
        if masker.has_views && depth < DEPTH {
            views.extend(Inline::all(masker, depth).map(View::Inline));
            views.extend(Run::all(depth).map(View::Run));
        }
        Self { depth, views, ..Self::default() }
    }

    /// The text.
    pub(super) fn finder(&self) -> &Finder {
        &self.finder
    }

    /// Where the text ends.
    pub(super) fn end(&self) -> usize {
        self.finder.text().end()
    }

    /// Takes more text.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.finder.push(bytes);
    }

    /// Looks at what came, in all views; where the text `ended` nothing follows.
    pub(super) fn proceed(&mut self, masker: &Masker, ended: bool, found: &mut Vec<Found>) {
        self.found.clear();
        self.finder.decide(masker, ended, &mut self.found);
        let shortest = if self.depth == 0 { 0 } else { SHORTEST };
        let is_long = |one: &&Found| one.end - one.start >= shortest;
        found.extend(self.found.iter().filter(is_long));
        if self.depth == 0 && !self.views.is_empty() {
            self.look(masker, ended, found);
        } else {
            let text = Part::new(self.finder.text(), self.end(), ended);
            self.views.iter_mut().for_each(|view| view.proceed(text, masker, found));
        }
    }

    /// Looks at what came quickly, and into views where something could be, and at the end: there it
    /// has to be known what could still start.
    fn look(&mut self, masker: &Masker, ended: bool, found: &mut Vec<Found>) {
        let end = self.end();
        let before = masker.before;
        let quick = QUICK.max(masker.longest);
        loop {
            if self.quick.is_close {
                let until = end.min(self.quick.looked + CLOSE);
                let text = Part::new(self.finder.text(), until, ended && until == end);
                self.views.iter_mut().for_each(|view| view.proceed(text, masker, found));
                self.quick.looked = until;
                if until == end {
                    return;
                }
                // What began a little before is seen by the next quick look as well.
                let near = until.saturating_sub(before / 2);
                let is_open = self.views.iter().any(|view| view.undecided() < near);
                self.quick.is_close = is_open || until < self.quick.mark;
                continue;
            }
            let until = end.min(self.quick.looked + quick);
            // A value may have stood as it is until here.
            let start = self.context(masker, self.quick.looked.saturating_sub(masker.longest));
            let text = self.finder.text().between(start, until);
            if until > self.quick.looked && self.quick.glance.at(masker, text) {
                self.quick.mark = until;
            } else {
                self.quick.looked = until;
                if until < end {
                    continue;
                }
                if ended {
                    return;
                }
            }
            let start = if self.quick.looked < self.quick.mark {
                start
            } else {
                self.context(masker, self.quick.looked)
            };
            self.views.iter_mut().for_each(|view| view.restart(start));
            self.quick.is_close = true;
        }
    }

    /// From where on to look at what goes on at `place`: from further where much is written otherwise,
    /// and from the beginning of a line where that is near.
    fn context(&self, masker: &Masker, place: usize) -> usize {
        let text = self.finder.text();
        let near = place.saturating_sub(masker.before).max(text.base());
        let bytes = text.between(near, place);
        let escapes = memchr3_iter(b'\\', b'%', b'&', bytes).count();
        let in_digits = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b':');
        let is_dense = escapes * 16 > bytes.len()
            || bytes.iter().filter(in_digits).count() * 10 > bytes.len() * 9;
        let place = if is_dense { place.saturating_sub(masker.far) } else { near };
        let place = place.max(text.base());
        let start = place.saturating_sub(LINE).max(text.base());
        let line = text.between(start, place).iter().rposition(|byte| *byte == b'\n');
        line.map_or(place, |at| start + at + 1)
    }

    /// The first place at which something could still start, in any view.
    pub(super) fn undecided(&self) -> usize {
        self.views.iter().map(View::undecided).fold(self.finder.undecided(), usize::min)
    }

    /// Forgets what is before `place` and not needed.
    pub(super) fn forget(&mut self, masker: &Masker, place: usize) {
        let place = self.undecided().min(place);
        let place = self.views.iter().map(View::seen).fold(place, usize::min);
        self.finder.forget(masker, place);
    }

    /// Begins anew: what comes next does not follow.
    pub(super) fn restart(&mut self) {
        self.finder.restart();
        let end = self.end();
        self.views.iter_mut().for_each(|view| view.restart(end));
    }

    /// As [`Finder::limit`], for all views.
    pub(super) fn limit(&self, masker: &Masker, shown: usize, most: usize) -> usize {
        let text = Part::new(self.finder.text(), self.end(), false);
        let views = self.views.iter().map(|view| view.limit(text, masker, shown, most));
        views.fold(self.finder.limit(masker, shown, most), usize::min)
    }
}
