//! What lies in the work tree otherwise than the last commit has it, as `git status` would say of
//! the vault's own files.

use std::collections::BTreeSet;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::index::entry::{Stage, Stat, stat};

use super::compare::{Difference, Entry, committed, contents};
use super::error::GitError;
use super::file::{self, Folder};
use super::history::repository;
use super::index;
use super::reason::Reason;
use super::{partial, refs};

/// A file that the last commit does not have as it lies here.
#[derive(Debug)]
pub(crate) struct Uncommitted {
    /// Its path in the vault.
    pub(crate) path: String,
    /// What the commit has; `None` where it has no such file.
    pub(crate) committed: Option<Vec<u8>>,
}

/// Lists those of the files `here`, and of what the last commit has at or below `places`, that the
/// work tree has otherwise, or not at all, sorted. Without a repository there are none.
///
/// # Errors
/// [`GitError::NotRegular`], [`GitError::Io`]; [`GitError::Gix`]: the branch cannot be read.
pub(crate) fn uncommitted(
    vault: &Path,
    places: &[&str],
    here: &[String],
) -> Result<Vec<Uncommitted>, GitError> {
    let Some((place, repo)) = repository(vault)? else { return Ok(Vec::new()) };
    let committed = committed(&place, &repo)?;
    let index = index::load(&place.index(), repo.object_hash())?;
    let folder = Folder::open(&place.vault)?;
    let is_below = |path: &str| {
        places.iter().any(|place| {
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let inside = |path: &gix::bstr::BString| {
        Some(path.strip_prefix(place.prefix.as_slice())?.to_str().ok()?.to_owned())
    };
    let mut all: BTreeSet<String> = here.iter().cloned().collect();
    all.extend(committed.keys().filter_map(inside).filter(|path| is_below(path)));
    // What git has compared since it was written need not be read.
    let (options, written) = (stat::Options::default(), index.timestamp());
    let is_known = |path: &str, id: gix::ObjectId| -> Option<bool> {
        let full = place.full(path);
        let entry = index.entry_by_path_and_stage(full.as_bstr(), Stage::Unconflicted)?;
        let now: Stat = file::stat(&folder.find(path).ok()??).ok()?;
        let is_fresh = entry.stat.size != 0 && !entry.stat.is_racy(written, options);
        Some(is_fresh && entry.id == id && entry.stat.matches(&now, options))
    };
    let mut found = Vec::new();
    for path in all {
        let entry = committed.get(&place.full(&path));
        let id = entry.map(|entry| entry.id);
        if id.is_some_and(|id| is_known(&path, id) == Some(true)) {
            continue;
        }
        if blob_here(&folder, &path, repo.object_hash())? != id {
            let committed = entry.map(|entry| contents(&place, &repo, entry)).transpose()?;
            found.push(Uncommitted { path, committed });
        }
    }
    Ok(found)
}

/// Insists that the files to be replaced lie in the work tree as the last commit has them, or
/// as they are to be already: what somebody edited and did not commit is never overwritten.
///
/// # Errors
/// [`GitError::Uncommitted`]; [`GitError::NotRegular`], [`GitError::Io`].
pub(crate) fn refuse_uncommitted(vault: &Path, files: &[&Difference]) -> Result<(), GitError> {
    let folder = Folder::open(vault)?;
    for file in files {
        let Some(path) = file.path() else { continue };
        let Some(hash) = file.ours.or(file.theirs).map(|entry| entry.id.kind()) else { continue };
        let here = blob_here(&folder, path, hash)?;
        let id = |entry: &Option<Entry>| entry.map(|entry| entry.id);
        if here != id(&file.ours) && here != id(&file.theirs) {
            return Err(GitError::Uncommitted { path: path.to_owned() });
        }
    }
    Ok(())
}

/// Tells whether one of `paths` lies in the work tree otherwise than the last commit has it.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::NotRegular`], [`GitError::Io`],
/// [`GitError::Gix`].
pub(crate) fn differs_from_last_commit(vault: &Path, paths: &[String]) -> Result<bool, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let head = refs::head(&place, &repo)?;
    head.map(|head| partial::bring_folders(&place, head)).transpose()?;
    let tree = head.map(|head| repo.find_commit(head)?.tree()).transpose();
    let tree = tree.map_err(GitError::gix("read the branch"))?;
    let folder = Folder::open(&place.vault)?;
    for path in paths {
        let full = place.full(path);
        let entry = match &tree {
            Some(tree) => tree
                .lookup_entry_by_path(full.to_path_lossy())
                .map_err(GitError::gix("read the history"))?,
            None => None,
        };
        if blob_here(&folder, path, repo.object_hash())? != entry.map(|entry| entry.object_id()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What git would call the content of a file of the work tree.
pub(super) fn blob_here(
    folder: &Folder,
    path: &str,
    hash: gix::hash::Kind,
) -> Result<Option<ObjectId>, GitError> {
    let Some(content) = folder.read(path)? else { return Ok(None) };
    let hash = gix::objs::compute_hash(hash, gix::objs::Kind::Blob, &content.bytes);
    hash.map(Some)
        .map_err(|error| GitError::gix("read the work tree")(gix::Error::from_error(error)))
}
