//! The id of a clone, by which the chains that it writes are told from those of others.

use std::path::Path;

use crate::crypto::keys::random_id;
use crate::fs::{self, FsError};

/// This clone's id, drawn once: 8 hex digits.
pub(crate) fn clone_id(file: &Path) -> std::result::Result<String, FsError> {
    if let Some(id) = read_clone_id(file)? {
        return Ok(id);
    }
    match fs::create_new(file, random_id::<4>().as_bytes(), 0o600) {
        Err(error) if !error.is_already_there() => Err(error),
        // Whoever came first decides.
        _ => Ok(read_clone_id(file)?.unwrap_or_default()),
    }
}

/// The id of a clone that has one.
pub(crate) fn read_clone_id(file: &Path) -> std::result::Result<Option<String>, FsError> {
    let bytes = fs::read_outside(file, 64)?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.filter(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit())))
}
