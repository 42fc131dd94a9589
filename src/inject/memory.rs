//! A file that a program finds under a path and that never was on a disk: a sealed memfd.
//!
//! The program inherits its descriptor, and so do the programs that it starts; with the last
//! of them the file is gone. Its number is high, out of the way of a shell's redirections.

use std::io;
use std::os::fd::OwnedFd;

use crate::secret::SecretBytes;

/// Lowest descriptor that is used.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 100;

/// Puts `bytes` into a new file in memory that nobody can change; returns what keeps it, and
/// its path in this process and in those that inherit it.
///
/// # Errors
/// The system has no such files, or no descriptors left.
#[cfg(target_os = "linux")]
pub(super) fn create(bytes: &SecretBytes) -> io::Result<(OwnedFd, String)> {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("authy", flags)?);
    file.write_all(bytes.expose())?;
    fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    let kept = fcntl_dupfd_cloexec(&file, LOWEST)?;
    fcntl_setfd(&kept, FdFlags::empty())?;
    let path = format!("/proc/self/fd/{}", kept.as_raw_fd());
    Ok((kept, path))
}

/// There are none here.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(super) fn create(_: &SecretBytes) -> io::Result<(OwnedFd, String)> {
    Err(io::ErrorKind::Unsupported.into())
}
