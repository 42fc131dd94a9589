//! The end of a text that comes in pieces.

use zeroize::Zeroizing;

/// What came and may still be needed. Wiped when it moves and on drop.
#[derive(Default)]
pub(super) struct Text {
    bytes: Zeroizing<Vec<u8>>,
    /// The place of the first byte that is kept: places are counted from the text's beginning.
    base: usize,
}

impl Text {
    /// What is kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where what is kept begins.
    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.base + self.bytes.len()
    }

    /// The bytes between two places.
    pub(super) fn between(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start - self.base..end - self.base]
    }

    /// The bytes from a place on.
    pub(super) fn from(&self, start: usize) -> &[u8] {
        &self.bytes[start - self.base..]
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        let needed = self.bytes.len() + chunk.len();
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed * 2));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Forgets the bytes before `place`, once they are the greater part: moving the rest each time
    /// would be slow.
    pub(super) fn forget(&mut self, place: usize) {
        let count = place.saturating_sub(self.base);
        if count == 0 || count * 2 < self.bytes.len() {
            return;
        }
        self.bytes.copy_within(count.., 0);
        let left = self.bytes.len() - count;
        self.bytes.truncate(left);
        self.base = place;
    }

    /// Forgets all: what comes next does not follow.
    pub(super) fn restart(&mut self) {
        self.base = self.end();
        self.bytes.clear();
    }
}

/// A text as far as it is to be looked at.
#[derive(Clone, Copy)]
pub(super) struct Part<'t> {
    text: &'t Text,
    /// Where that ends.
    pub(super) end: usize,
    /// Whether nothing follows.
    pub(super) ended: bool,
}

impl<'t> Part<'t> {
    pub(super) fn new(text: &'t Text, end: usize, ended: bool) -> Self {
        Self { text, end, ended }
    }

    /// Where what is kept begins.
    pub(super) fn base(self) -> usize {
        self.text.base
    }

    /// The bytes between two places.
    pub(super) fn between(self, start: usize, end: usize) -> &'t [u8] {
        self.text.between(start, end)
    }

    /// The bytes from a place on.
    pub(super) fn from(self, start: usize) -> &'t [u8] {
        self.text.between(start, self.end)
    }
}

/// Bytes on their way; what they were is wiped where they need more room, and on drop.
#[derive(Default)]
pub(super) struct Scratch(Zeroizing<Vec<u8>>);

impl Scratch {
    /// Nothing, with room for `count` bytes.
    pub(super) fn empty(&mut self, count: usize) -> &mut Vec<u8> {
        self.0.clear();
        if self.0.capacity() < count {
            self.0 = Zeroizing::new(Vec::with_capacity(count));
        }
        &mut self.0
    }

    /// What was put in.
    pub(super) fn get(&self) -> &[u8] {
        &self.0
    }
}
