//! How the segments of a chain lie: each goes on where the one before it ended.
//!
//! Looks at names, at how many lines there are, and at what the first line of a segment says
//! of itself. What a line says is believed here only to name a damage well: whether it is
//! true is for the lines' own checks.

use super::checked::{Begin, Checked};
use super::fault::Fault;

/// The segments that were laid one behind the other, as far as they follow one another.
#[derive(Debug)]
pub(super) struct Layout<'f> {
    /// With which lines all of them begin, as their names say.
    firsts: &'f [u64],
    /// How many were looked at.
    at: usize,
    /// How many lines were laid.
    pub(super) lines: u64,
    /// Whether an unfinished line follows the last one.
    pub(super) torn_tail: bool,
    /// The first line where the segments do not follow one another, and how.
    pub(super) fault: Option<(u64, Fault)>,
}

impl<'f> Layout<'f> {
    /// Begins with none of the segments that begin with the lines `firsts`.
    pub(super) const fn new(firsts: &'f [u64]) -> Self {
        Self { firsts, at: 0, lines: 0, torn_tail: false, fault: None }
    }

    /// Lays the next segment behind the others; false where it does not follow them, or one of
    /// them did not.
    pub(super) fn lay(&mut self, segment: &Checked) -> bool {
        let Some(&first) = self.firsts.get(self.at) else { return false };
        let before = self.at.checked_sub(1).and_then(|before| self.firsts.get(before)).copied();
        self.at += 1;
        if self.fault.is_some() {
            return false;
        }
        let (is_last, next) = (self.at == self.firsts.len(), self.lines + 1);
        // What a crash left of a segment that was being begun is no line yet.
        let is_left_over = segment.hashes.is_empty() && is_last && first == next;
        if !is_left_over && let Some(fault) = self.misplaced(first, segment.begin, next, before) {
            self.fault = Some((next, fault));
            return false;
        }
        self.lines += segment.hashes.len() as u64;
        if segment.torn && !is_last {
            self.fault = Some((self.lines + 1, Fault::SegmentCut { first }));
        }
        self.torn_tail = segment.torn && is_last;
        true
    }

    /// What is wrong with the place of a segment that ought to begin with line `next`, after one
    /// that begins with line `before`.
    fn misplaced(
        &self,
        first: u64,
        begin: Option<Begin>,
        next: u64,
        before: Option<u64>,
    ) -> Option<Fault> {
        if first < next {
            return Some(Fault::SegmentRepeated { first });
        }
        // With any other number it is a segment that has lost its first line, or had it edited.
        match begin.map(|begin| begin.seq) {
            Some(found) if found != first && self.firsts.contains(&found) => {
                return Some(Fault::SegmentMisplaced { first, found });
            }
            _ => {}
        }
        if first == next {
            return None;
        }
        match (before, begin.and_then(|begin| begin.after)) {
            (Some(before), Some(after)) if before == after => {
                Some(Fault::SegmentCut { first: before })
            }
            _ => Some(Fault::SegmentMissing),
        }
    }
}
