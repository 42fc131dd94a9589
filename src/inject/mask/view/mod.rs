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
mod margin;
mod number;
mod percent;
mod phase;
mod root;
mod rows;
mod run;

use super::Masker;
use super::finder::{Finder, Found};
use super::text::Part;
use inline::Inline;
use run::Run;

pub(super) use letters::Alphabet;
pub(super) use margin::without as without_margins;
pub(super) use root::Root;

/// Views of views: so many writings may stand in each other.
const DEPTH: u8 = 2;
/// Shorter values are known only as they are: their other writings would be found in any text.
pub(super) const SHORTEST: usize = 6;

/// A view of a text. All places are places in the text.
trait View {
    /// Looks at what came.
    fn proceed(&mut self, text: Part<'_>, masker: &Masker, found: &mut Vec<Found>);

    /// The first place at which something could still start.
    fn undecided(&self) -> usize;

    /// Up to where the text was looked at.
    fn seen(&self) -> usize;

    /// As [`Finder::limit`].
    fn limit(&self, text: Part<'_>, masker: &Masker, shown: usize, most: usize) -> usize;

    /// Begins anew at `place`.
    fn restart(&mut self, place: usize);
}

/// A text with its views.
pub(super) struct Node {
    finder: Finder,
    views: Vec<Box<dyn View + Send>>,
    found: Vec<Found>,
}

impl Node {
    /// The output itself, or where `depth` is not 0 a view.
    fn new(masker: &Masker, depth: u8) -> Self {
        let mut views: Vec<Box<dyn View + Send>> = Vec::new();
        if masker.has_views() && depth < DEPTH {
            views.extend(Inline::all(masker, depth).map(|view| Box::new(view) as _));
            views.extend(Run::all(depth).map(|view| Box::new(view) as _));
        }
        Self { finder: Finder::default(), views, found: Vec::new() }
    }

    /// The text.
    fn finder(&self) -> &Finder {
        &self.finder
    }

    /// Where the text ends.
    fn end(&self) -> usize {
        self.finder.text().end()
    }

    /// Takes more text.
    fn push(&mut self, bytes: &[u8]) {
        self.finder.push(bytes);
    }

    /// Looks at what came, in all views; where the text `ended` nothing follows.
    fn proceed(&mut self, masker: &Masker, ended: bool, found: &mut Vec<Found>) {
        self.found.clear();
        self.finder.decide(masker, ended, &mut self.found);
        let is_long = |one: &&Found| one.end - one.start >= SHORTEST;
        found.extend(self.found.iter().filter(is_long));
        self.look(masker, self.end(), ended, found);
    }

    /// Looks at the text in all views, up to `end`.
    fn look(&mut self, masker: &Masker, end: usize, ended: bool, found: &mut Vec<Found>) {
        let text = Part::new(self.finder.text(), end, ended);
        self.views.iter_mut().for_each(|view| view.proceed(text, masker, found));
    }

    /// The first place at which something could still start, in any view.
    fn undecided(&self) -> usize {
        self.views.iter().map(|view| view.undecided()).fold(self.finder.undecided(), usize::min)
    }

    /// Forgets what is before `place` and not needed.
    fn forget(&mut self, masker: &Masker, place: usize) {
        let place = self.undecided().min(place);
        let place = self.views.iter().map(|view| view.seen()).fold(place, usize::min);
        self.finder.forget(masker, place);
    }

    /// Begins anew: what comes next does not follow.
    fn restart(&mut self) {
        self.finder.restart();
        let end = self.end();
        self.views.iter_mut().for_each(|view| view.restart(end));
    }

    /// As [`Finder::limit`], for all views.
    fn limit(&self, masker: &Masker, shown: usize, most: usize) -> usize {
        let text = Part::new(self.finder.text(), self.end(), false);
        let views = self.views.iter().map(|view| view.limit(text, masker, shown, most));
        views.fold(self.finder.limit(masker, shown, most), usize::min)
    }
}
