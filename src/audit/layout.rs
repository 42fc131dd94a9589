//! How the segments of a chain lie: each goes on where the one before it ended.
//!
//! Looks at names, at how many lines there are, and at what the first line of a segment says
//! of itself. What a line says is believed here only to name a damage well: whether it is
//! true is for the lines' own checks.

use rayon::prelude::*;

use super::fault::Fault;
use super::line::{Line, split};
use super::segments::Segment;

/// The lines of a chain, as far as its segments follow one another.
#[derive(Debug, Default)]
pub(super) struct Layout<'s> {
    /// The lines without their newlines.
    pub(super) lines: Vec<&'s [u8]>,
    /// How many whole lines there are in all.
    pub(super) count: u64,
    /// Whether an unfinished line follows the last one.
    pub(super) torn_tail: bool,
    /// The first line where the segments do not follow one another, and how.
    pub(super) fault: Option<(u64, Fault)>,
    /// The number of the first line of each segment, in order.
    firsts: Vec<u64>,
}

impl Layout<'_> {
    /// The first line of the segment before, if line `number` begins a segment but the first.
    pub(super) fn before(&self, number: u64) -> Option<u64> {
        let at = self.firsts.binary_search(&number).ok()?;
        self.firsts.get(at.checked_sub(1)?).copied()
    }
}

/// Lays the segments one behind the other.
pub(super) fn lay_out(segments: &[Segment]) -> Layout<'_> {
    let mut layout = Layout::default();
    let parts: Vec<_> = segments.par_iter().map(|segment| split(&segment.bytes)).collect();
    layout.lines.reserve(parts.iter().map(|(lines, _)| lines.len()).sum());
    for (at, (segment, (lines, torn))) in segments.iter().zip(parts).enumerate() {
        layout.count += lines.len() as u64;
        if layout.fault.is_some() {
            continue;
        }
        let next = layout.lines.len() as u64 + 1;
        let before = at.checked_sub(1).map(|before| segments[before].first);
        // What a crash left of a segment that was being begun is no line yet.
        let is_left_over = lines.is_empty() && at + 1 == segments.len() && segment.first == next;
        let is_name = |seq: u64| segments.iter().any(|other| other.first == seq);
        let fault = || misplaced((segment, &lines), (next, before), is_name);
        if !is_left_over && let Some(fault) = fault() {
            layout.fault = Some((next, fault));
            continue;
        }
        layout.firsts.push(segment.first);
        layout.lines.extend(lines);
        if torn && at + 1 < segments.len() {
            let fault = Fault::SegmentCut { first: segment.first };
            layout.fault = Some((layout.lines.len() as u64 + 1, fault));
        }
        layout.torn_tail = torn && at + 1 == segments.len();
    }
    layout
}

/// What is wrong with the place of a segment that ought to begin with line `next`, after one
/// that begins with line `before`.
fn misplaced(
    (segment, lines): (&Segment, &[&[u8]]),
    (next, before): (u64, Option<u64>),
    is_name: impl Fn(u64) -> bool,
) -> Option<Fault> {
    let first = segment.first;
    let begin = lines.first().and_then(|line| Line::parse(line).ok());
    if first < next {
        return Some(Fault::SegmentRepeated { first });
    }
    // With any other number it is a segment that has lost its first line, or had it edited.
    match begin.as_ref().map(|line| line.seq) {
        Some(found) if found != first && is_name(found) => {
            return Some(Fault::SegmentMisplaced { first, found });
        }
        _ => {}
    }
    if first == next {
        return None;
    }
    match (before, begin.and_then(|line| line.after)) {
        (Some(before), Some(after)) if before == after => Some(Fault::SegmentCut { first: before }),
        _ => Some(Fault::SegmentMissing),
    }
}
