//! All forms of all values in one sorted list, and the walk of a text through it.
//!
//! Sorted, the patterns that start alike stand together: a [`Cursor`] is such a range, and
//! reading on narrows it. The list takes what the bytes of the patterns take, no more; an
//! automaton (Aho-Corasick) takes twenty times that, for up to a hundred forms a value.

use crate::inject::buffer::Buffer;
use crate::secret::SecretBytes;

/// Patterns not yet sorted.
#[derive(Default)]
pub(super) struct Unsorted {
    arena: Buffer,
    used: usize,
    list: Vec<Pattern>,
}

/// Where a pattern stands in the arena, and the value that it is a form of.
#[derive(Clone, Copy)]
struct Pattern {
    start: usize,
    len: usize,
    label: usize,
}

impl Unsorted {
    /// Adds the sorted `forms` of one value.
    pub(super) fn push(&mut self, forms: &[SecretBytes], label: usize) {
        let mut after: Option<(&SecretBytes, usize)> = None;
        for form in forms.iter().rev() {
            // A form that another starts with needs no bytes of its own.
            let shared = after.filter(|(longer, _)| longer.expose().starts_with(form.expose()));
            let start = shared.map_or(self.used, |(_, start)| start);
            if shared.is_none() {
                self.arena.push(form.expose());
                self.used += form.len();
            }
            self.list.push(Pattern { start, len: form.len(), label });
            after = Some((form, start));
        }
    }

    /// Sorts the patterns; of several that are the same the lowest label stays.
    pub(super) fn sort(self) -> Patterns {
        let arena = self.arena.into_secret();
        let mut list = self.list;
        let bytes = |pattern: &Pattern| &arena.expose()[pattern.start..][..pattern.len];
        list.sort_unstable_by(|one, other| {
            bytes(one).cmp(bytes(other)).then(one.label.cmp(&other.label))
        });
        list.dedup_by(|next, kept| bytes(next) == bytes(kept));
        Patterns { arena, list }
    }
}

/// Patterns in bytewise order, none empty, no two the same. Named by their index.
pub(super) struct Patterns {
    arena: SecretBytes,
    list: Vec<Pattern>,
}

/// How far a text was followed from one start.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    /// The patterns that start with the text so far, and are longer.
    pub(super) low: usize,
    pub(super) high: usize,
    /// How many bytes were followed.
    pub(super) depth: usize,
    /// A pattern that starts with these bytes, also when none is left between low and high.
    pub(super) witness: usize,
    /// The longest pattern that is complete within these bytes.
    pub(super) found: Option<usize>,
}

impl Cursor {
    /// Tells whether more text could complete a longer pattern.
    pub(super) fn is_open(&self) -> bool {
        self.low < self.high
    }
}

impl Patterns {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The bytes of each, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.bytes(index))
    }

    /// The length of the longest pattern in bytes.
    pub(super) fn longest(&self) -> usize {
        self.list.iter().map(|pattern| pattern.len).max().unwrap_or(0)
    }

    /// The bytes of the pattern at `index`.
    pub(super) fn bytes(&self, index: usize) -> &[u8] {
        let pattern = self.list[index];
        &self.arena.expose()[pattern.start..][..pattern.len]
    }

    /// The number of the value that the pattern at `index` is a form of.
    pub(super) fn label(&self, index: usize) -> usize {
        self.list[index].label
    }

    /// The length of the shortest pattern that `cursor` could still complete.
    pub(super) fn shortest(&self, cursor: &Cursor) -> usize {
        self.list[cursor.low..cursor.high].iter().map(|pattern| pattern.len).min().unwrap_or(0)
    }

    /// A cursor before any text.
    pub(super) fn root(&self) -> Cursor {
        Cursor { low: 0, high: self.len(), depth: 0, witness: 0, found: None }
    }

    /// Follows `text`, which starts with what `cursor` has followed already, to its end or
    /// until no pattern is left.
    pub(super) fn follow(&self, cursor: &mut Cursor, text: &[u8]) {
        while cursor.is_open() {
            cursor.witness = cursor.low;
            let first = self.bytes(cursor.low);
            let last = self.bytes(cursor.high - 1);
            // What the first and the last share with the text, all between them share.
            let rest = &text[cursor.depth..];
            let same = common(&first[cursor.depth..], rest);
            cursor.depth += common(&last[cursor.depth..], &rest[..same]);
            if first.len() == cursor.depth {
                cursor.found = Some(cursor.low);
                cursor.low += 1;
            } else if let Some(&next) = text.get(cursor.depth) {
                self.narrow(cursor, next);
            } else {
                return;
            }
        }
    }

    fn narrow(&self, cursor: &mut Cursor, next: u8) {
        let open = &self.list[cursor.low..cursor.high];
        let byte = |p: &Pattern| self.arena.expose()[p.start + cursor.depth];
        let below = open.partition_point(|pattern| byte(pattern) < next);
        let equal = open[below..].partition_point(|pattern| byte(pattern) == next);
        cursor.low += below;
        cursor.high = cursor.low + equal;
    }
}

/// How many bytes `one` and `other` start with in common.
pub(super) fn common(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = blocks.take_while(|(a, b)| a == b).count() * BLOCK;
    same + one[same..].iter().zip(&other[same..]).take_while(|(a, b)| a == b).count()
}
