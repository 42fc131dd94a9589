//! How long lines and segments may be.

/// Longest line in bytes, without its newline.
pub(super) const MAX_LINE: usize = 16 << 20;
/// A segment is closed before it would have more bytes than this; one line alone may.
pub(super) const SEGMENT: u64 = 64 << 10;
