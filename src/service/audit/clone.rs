//! The id of a clone, by which the chains that it writes are told from those of others.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::crypto::keys::random_id;
use crate::fs::FsError;

/// This clone's id, drawn once: 8 hex digits.
pub(crate) fn clone_id(file: &Path) -> std::result::Result<String, FsError> {
    if let Some(id) = read_clone_id(file)? {
        return Ok(id);
    }
    match crate::fs::create_new(file, random_id::<4>().as_bytes(), 0o600) {
        Err(error) if !error.is_already_there() => Err(error),
        // Whoever came first decides.
        _ => Ok(read_clone_id(file)?.unwrap_or_default()),
    }
}

/// The id of a clone that has one.
pub(crate) fn read_clone_id(file: &Path) -> std::result::Result<Option<String>, FsError> {
    let bytes = crate::fs::read_outside(file, 64)?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.filter(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit())))
}

/// By what a clone is known again though its `.local` is gone: the folder itself, as the file system tells it
/// from one that is made in its place.
pub(crate) fn clone_key(vault: &Path) -> String {
    let Ok(about) = fs::metadata(vault) else { return String::new() };
    let born = about.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    format!("{:x}-{:x}", about.ino(), born.unwrap_or_default().as_nanos())
}
