//! The output itself: looked at quickly first, and in views where that does not do.

use memchr::memchr3_iter;

use super::Node;
use super::glance::Glance;
use crate::inject::mask::Masker;
use crate::inject::mask::finder::Found;
use crate::inject::mask::text::Text;

/// Bytes that are looked at quickly at once, and closely before it is asked whether that is still
/// needed.
const QUICK: usize = 16 << 10;
const CLOSE: usize = 512;
/// The beginning of a line is looked for in so many bytes.
const LINE: usize = 256;

/// The output with its views.
pub(in crate::inject::mask) struct Root {
    node: Node,
    glance: Glance,
    /// Up to where it was looked at.
    looked: usize,
    /// Whether views are looked at, and up to where at least.
    is_close: bool,
    mark: usize,
}

impl Root {
    pub(in crate::inject::mask) fn new(masker: &Masker) -> Self {
        let (node, glance) = (Node::new(masker, 0), Glance::default());
        Self { node, glance, looked: 0, is_close: false, mark: 0 }
    }

    /// What of the output is kept.
    pub(in crate::inject::mask) fn text(&self) -> &Text {
        self.node.finder.text()
    }

    /// Where it ends.
    pub(in crate::inject::mask) fn end(&self) -> usize {
        self.node.end()
    }

    /// Takes more of it.
    pub(in crate::inject::mask) fn push(&mut self, bytes: &[u8]) {
        self.node.push(bytes);
    }

    /// Looks at what came; where the output `ended` nothing follows.
    pub(in crate::inject::mask) fn proceed(
        &mut self,
        masker: &Masker,
        ended: bool,
        found: &mut Vec<Found>,
    ) {
        self.node.finder.decide(masker, ended, found);
        if !self.node.views.is_empty() {
            self.look(masker, ended, found);
        }
    }

    /// The first place at which something could still start, in any view.
    pub(in crate::inject::mask) fn undecided(&self) -> usize {
        self.node.undecided()
    }

    /// Forgets what is before `place` and not needed.
    pub(in crate::inject::mask) fn forget(&mut self, masker: &Masker, place: usize) {
        self.node.forget(masker, place);
    }

    /// The place up to which a moment's silence lets the output be shown, as [`super::Finder::limit`].
    pub(in crate::inject::mask) fn limit(
        &self,
        masker: &Masker,
        shown: usize,
        most: usize,
    ) -> usize {
        self.node.limit(masker, shown, most)
    }

    /// Looks at what came quickly, and into views where something could be, and at the end: there it
    /// has to be known what could still start.
    fn look(&mut self, masker: &Masker, ended: bool, found: &mut Vec<Found>) {
        let end = self.end();
        let before = masker.means.before;
        let quick = QUICK.max(masker.means.longest);
        loop {
            if self.is_close {
                let until = end.min(self.looked + CLOSE);
                self.node.look(masker, until, ended && until == end, found);
                self.looked = until;
                if until == end {
                    return;
                }
                // What began a little before is seen by the next quick look as well.
                let near = until.saturating_sub(before / 2);
                let is_open = self.node.views.iter().any(|view| view.undecided() < near);
                self.is_close = is_open || until < self.mark;
                continue;
            }
            let until = end.min(self.looked + quick);
            // A value may have stood as it is until here.
            let start = self.context(masker, self.looked.saturating_sub(masker.means.longest));
            let text = self.node.finder.text().between(start, until);
            if until > self.looked && self.glance.at(masker, text) {
                self.mark = until;
            } else {
                self.looked = until;
                if until < end {
                    continue;
                }
                if ended {
                    return;
                }
            }
            let start =
                if self.looked < self.mark { start } else { self.context(masker, self.looked) };
            self.node.views.iter_mut().for_each(|view| view.restart(start));
            self.is_close = true;
        }
    }

    /// From where on to look at what goes on at `place`: from further where much is written otherwise,
    /// and from the beginning of a line where that is near.
    fn context(&self, masker: &Masker, place: usize) -> usize {
        let text = self.node.finder.text();
        let place = place.max(text.base());
        let near = place.saturating_sub(masker.means.before).max(text.base());
        let bytes = text.between(near, place);
        let escapes = memchr3_iter(b'\\', b'%', b'&', bytes).count();
        let in_digits = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b':');
        let is_dense = escapes * 16 > bytes.len()
            || bytes.iter().filter(in_digits).count() * 10 > bytes.len() * 9;
        let place = if is_dense { place.saturating_sub(masker.means.far) } else { near };
        let place = place.max(text.base());
        let start = place.saturating_sub(LINE).max(text.base());
        let line = text.between(start, place).iter().rposition(|byte| *byte == b'\n');
        line.map_or(place, |at| start + at + 1)
    }
}
