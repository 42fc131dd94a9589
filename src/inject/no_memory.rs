//! Where there are no files in memory with a path: nobody gets one.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::HelperCommand;
use crate::secret::SecretBytes;

/// There are none.
pub(super) enum MemFile {}

impl MemFile {
    /// # Errors
    /// Always.
    pub(super) fn create(_: &SecretBytes) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn path(&self, _: i32) -> String {
        match *self {}
    }

    pub(super) fn into_kept(self) -> OwnedFd {
        match self {}
    }
}

/// # Errors
/// Always.
pub(super) fn start_holder(_: &HelperCommand) -> io::Result<i32> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Errors
/// Always.
pub(crate) fn hold(_: &Path, _: &str, _: &[OsString]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
