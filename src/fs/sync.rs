//! Getting a folder's entries to the disk, as each system wants it said.

use std::io;
use std::os::fd::AsFd;

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
