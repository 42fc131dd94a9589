//! Files that a user names: read with a bound, whatever they are.

use std::path::Path;

use crate::fs;
use crate::secret::SecretBytes;
use crate::service::base::Result;
use crate::service::inject::FileError;

/// Largest such file in bytes.
const LARGEST: usize = 4 << 20;

/// Reads a text file; from a pipe as far as its writer goes.
///
/// # Errors
/// It is missing, larger than 4 MiB, a device or a folder, or no text.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_public(path)?).map_err(|_| FileError::NotText(path.to_owned()).into())
}

/// Reads the copy of an identity; from a pipe as far as its writer goes.
///
/// # Errors
/// It is missing, larger than 4 MiB, a device or a folder.
pub fn read_copy(path: &Path) -> Result<SecretBytes> {
    read_public(path).map(SecretBytes::new)
}

/// Reads a file that holds no secret; from a pipe as far as its writer goes.
///
/// # Errors
/// It is missing, larger than 4 MiB, a device or a folder.
pub fn read_public(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read_named(path, LARGEST)?;
    Ok(bytes.ok_or_else(|| FileError::NotFound(path.to_owned()))?)
}
