//! What the letters of a run say when bytes begin at one of them.

use zeroize::Zeroizing;

use super::Node;
use super::letters::Alphabet;
use crate::inject::mask::Masker;

/// One of the places where bytes may begin.
pub(super) struct Phase {
    alphabet: Alphabet,
    pub(super) node: Node,
    /// Letters before that one that are still to come.
    skip: usize,
    /// What letters stand for that are not yet a group.
    carry: Zeroizing<Vec<u8>>,
    /// The letter at which the first byte begins, and its place in the node.
    origin: usize,
    first: usize,
}

impl Phase {
    pub(super) fn new(masker: &Masker, alphabet: Alphabet, depth: u8) -> Self {
        let node = Node::new(masker, depth);
        let carry = Zeroizing::new(Vec::with_capacity(4));
        Self { alphabet, node, skip: 0, carry, origin: 0, first: 0 }
    }

    /// Begins `skip` letters behind `letter`.
    pub(super) fn restart(&mut self, letter: usize, skip: usize) {
        self.node.restart();
        self.skip = skip;
        self.carry.clear();
        self.origin = letter + skip;
        self.first = self.node.end();
    }

    /// Takes what letters stand for; `bytes` is empty, with room for as many.
    pub(super) fn push(&mut self, values: &[u8], bytes: &mut Vec<u8>) {
        let skip = self.skip.min(values.len());
        self.skip -= skip;
        let mut values = &values[skip..];
        if !self.carry.is_empty() {
            let more = (self.alphabet.group() - self.carry.len()).min(values.len());
            self.carry.extend_from_slice(&values[..more]);
            values = &values[more..];
            if self.carry.len() < self.alphabet.group() {
                return;
            }
            self.alphabet.join(&self.carry, bytes);
            self.carry.clear();
        }
        let left = self.alphabet.join(values, bytes);
        self.carry.extend_from_slice(&values[values.len() - left..]);
        self.node.push(bytes);
    }

    /// Nothing follows: reads what is left. Tells whether all of it was bytes.
    pub(super) fn flush(&mut self) -> bool {
        let bits = self.carry.len() * self.alphabet.bits();
        let rest = self
            .carry
            .iter()
            .fold(0_u32, |all, value| all << self.alphabet.bits() | u32::from(*value));
        let left = bits % 8;
        let whole = rest >> left;
        for at in (0..bits / 8).rev() {
            self.node.push(&[(whole >> (8 * at)) as u8]);
        }
        self.carry.clear();
        left < self.alphabet.bits() && rest & ((1 << left) - 1) == 0
    }

    /// The first letter that has nothing of what is before `place` in the node.
    pub(super) fn start(&self, place: usize) -> usize {
        self.origin + (place.saturating_sub(self.first) * 8).div_ceil(self.alphabet.bits())
    }

    /// Behind the last letter that has nothing but zeros of what is at `place`.
    pub(super) fn end(&self, place: usize) -> usize {
        let bits = place.saturating_sub(self.first) * 8;
        let whole = bits / self.alphabet.bits();
        let next = self.node.finder().text().from(place).first();
        let left = (whole + 1) * self.alphabet.bits() - bits;
        let is_zero =
            left < self.alphabet.bits() && next.is_some_and(|next| next >> (8 - left) == 0);
        self.origin + whole + usize::from(is_zero)
    }
}
