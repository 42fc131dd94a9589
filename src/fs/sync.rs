//! Getting files and folders' entries to the disk, as each system wants it said.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;

/// Flushes the entries of an open folder; where a file system has no such call there is
/// nothing to flush.
///
/// Contents of files go through `File::sync_all`, which on Apple's systems asks for the same
/// as here: `fsync` alone leaves it to the disk there when it writes.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_entries(folder: impl AsFd) -> io::Result<()> {
    #[cfg(target_vendor = "apple")]
    let flushed = match rustix::fs::fcntl_fullfsync(&folder) {
        // Network file systems know the plain call only.
        Err(Errno::NOTSUP | Errno::INVAL | Errno::NOTTY) => rustix::fs::fsync(&folder),
        other => other,
    };
    #[cfg(not(target_vendor = "apple"))]
    let flushed = rustix::fs::fsync(&folder);
    match flushed {
        Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
        other => Ok(other?),
    }
}

/// A file system that can be flushed as a whole: for many files that takes a fraction of the time.
///
/// What syncfs(2) promises is relied on: that it waits until all that was written before it is on the
/// disk, data and names, as fsync(2) does for one file, and that it reports what could not be written.
/// Linux does so since 5.8, and of its file systems those are taken that are known to keep the promise;
/// overlayfs, for one, may leave out the report.
#[derive(Debug)]
pub(crate) struct WholeFlush {
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is none elsewhere"))]
    open: OwnedFd,
}

impl WholeFlush {
    /// Takes the file system on which an open folder lies; `None` where files have to be flushed one by
    /// one. To be called before anything is written: the system reports to each open description what
    /// went wrong since it was opened.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(folder: impl AsFd) -> Option<Self> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = rustix::fs::openat(folder, ".", flags, Mode::empty()).ok()?;
        let kind = rustix::fs::fstatfs(&open).ok()?.f_type;
        (linux::is_known(kind) && linux::reports_errors()).then_some(Self { open })
    }

    /// There is no such call here.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of(_: impl AsFd) -> Option<Self> {
        None
    }

    /// Flushes all of it.
    ///
    /// # Errors
    /// What the system says; it may be about a file of somebody else's.
    pub(crate) fn flush(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.open)?;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::fs::FsWord;

    /// ext4 (and 2 and 3), xfs, btrfs, tmpfs: their numbers in statfs(2). The first three were tried by
    /// cutting the power (docs/RELIABILITY.md); of the last nothing is kept anyway.
    const KNOWN: [FsWord; 4] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994];

    pub(super) fn is_known(kind: FsWord) -> bool {
        KNOWN.contains(&kind)
    }

    /// Whether this Linux is at least 5.8.
    pub(super) fn reports_errors() -> bool {
        let name = rustix::system::uname();
        name.release().to_str().is_ok_and(is_recent)
    }

    pub(super) fn is_recent(release: &str) -> bool {
        let mut numbers = release.split(['.', '-', '+']).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 8),
            _ => false,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::linux::is_recent;

    #[test]
    fn the_first_linux_that_reports_errors_is_5_8() {
        for (release, expected) in [
            ("5.8.0", true),
            ("5.8.0-rc1", true),
            ("5.10.0-28-amd64", true),
            ("6.18.44-fc-v669", true),
            ("10.0", true),
            ("5.7.19", false),
            ("4.19.0-26-amd64", false),
            ("5", false),
            ("", false),
            ("next", false),
        ] {
            assert_eq!(is_recent(release), expected, "{release}");
        }
    }
}
