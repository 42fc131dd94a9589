//! How long lines and segments may be.

/// Longest line in bytes, without its newline.
pub(super) const MAX_LINE: usize = 16 << 20;
/// A segment is closed before it would have more bytes than this; one line alone may.
pub(crate) const SEGMENT: u64 = 64 << 10;
/// Most bytes of a segment that is read at all: a line too long for the others stands alone.
pub(super) const MAX_SEGMENT: u64 = SEGMENT + MAX_LINE as u64 + 1;
