//! What git tracks although it must not: keys, local state, grants of one clone.
//!
//! Every command asks this first, so the index file is read and nothing else is opened.

use std::path::Path;

use gix::bstr::{BStr, ByteSlice as _};
use gix::index::File;

use super::error::GitError;
use super::locate::Place;
use super::program;

/// More paths than anybody wants to read in a message.
const MOST: usize = 100;

/// Lists files of the vault that git tracks under `keys/`, `.local/` and unshared `sessions/`,
/// the first hundred of them.
///
/// # Errors
/// [`GitError::Gix`] where the index cannot be read, [`GitError::Io`]; [`GitError::Program`] and
/// [`GitError::Refused`] where only the git program can read the index.
pub(crate) fn tracked_private(vault: &Path) -> Result<Vec<String>, GitError> {
    let Some(place) = Place::find(vault)? else { return Ok(Vec::new()) };
    if !place.index().exists() {
        return Ok(Vec::new());
    }
    if place.is_foreign_to_gix() {
        let listed = program::tracked(&place, &["keys", ".local", "sessions"])?;
        return Ok(select(&place, listed.split(|byte| *byte == 0).map(BStr::new)));
    }
    // One thread starts faster than it saves, and the checksum is git's business.
    let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
    let index = File::at(place.index(), gix::hash::Kind::Sha1, true, options)
        .map_err(GitError::gix("read the git index"))?;
    Ok(select(&place, index.entries().iter().map(|entry| entry.path(&index))))
}

fn select<'a>(place: &Place, paths: impl Iterator<Item = &'a BStr>) -> Vec<String> {
    paths
        .filter_map(|path| path.strip_prefix(place.prefix.as_slice()))
        .filter(|path| is_private(path))
        .map(|path| path.to_str_lossy().into_owned())
        .take(MOST)
        .collect()
}

/// Whether a path of the vault must never be committed: keys, local state, unshared grants.
/// A tracked link named `keys` is as bad as a tracked key.
pub(crate) fn is_private(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| *byte == b'/');
    match segments.next() {
        Some(b"keys" | b".local") => true,
        Some(b"sessions") => !path.starts_with(b"sessions/shared/"),
        _ => false,
    }
}
