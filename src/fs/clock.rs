//! A file whose modification time is the latest moment that this clone has seen.
//!
//! No content, no flush: it costs a system call or two, and losing it to a crash costs the
//! memory of a few seconds.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::OFlags;

/// The latest moment marked at `path`; `None` where there is none.
pub(crate) fn marked(path: &Path) -> Option<SystemTime> {
    std::fs::symlink_metadata(path).ok()?.modified().ok()
}

/// Marks `now`, unless a later moment is marked. Where that fails nothing is remembered.
pub(crate) fn mark(path: &Path, now: SystemTime) {
    if marked(path).is_some_and(|seen| seen >= now) {
        return;
    }
    let opened: std::io::Result<File> = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path);
    if let Ok(file) = opened {
        let _ = file.set_modified(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{mark, marked};
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_a_later_moment_moves_the_mark() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        assert_eq!(marked(&file), None);
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (now, expected) in [(1000, 1000), (900, 1000), (2000, 2000)] {
            mark(&file, at(now));
            assert_eq!(marked(&file), Some(at(expected)));
        }
        mark(&dir.path().join("no/such/folder"), at(1));
    }
}
