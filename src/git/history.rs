//! The past of single files, as the commits of the branch that is checked out tell it.
//!
//! gix has no log of one path, so commits are walked and the path's entry is compared with
//! that of each parent. A shallow clone's past begins where it was cut off.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, open};

/// Largest file that is read from the past, in bytes.
const LIMIT: usize = 2 << 20;
/// Enough for the trees of a large vault.
const CACHE: usize = 16 << 20;

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The id, in hex.
    pub(crate) id: String,
    /// The author's name.
    pub(crate) author: String,
    /// Seconds since 1970, as the author said.
    pub(crate) time: i64,
}

/// A commit that changed a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The commit.
    pub(crate) commit: Commit,
    /// The file as this commit left it; `None` where it took it away.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Walks through the changes of the file at `path`, newest first, until `look` has seen
/// enough and returns true. Where there is no repository, or no commit yet, there are none.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Io`]; [`GitError::Refused`] where only the git program can
/// read the repository.
pub(crate) fn changes_of(
    vault: &Path,
    path: &str,
    look: &mut dyn FnMut(Change) -> bool,
) -> Result<(), GitError> {
    changes_before(vault, path, None, look)
}

/// As [`changes_of`], in the past of the commit `from`, given in hex, where one is.
///
/// # Errors
/// As [`changes_of`].
pub(crate) fn changes_before(
    vault: &Path,
    path: &str,
    from: Option<&str>,
    look: &mut dyn FnMut(Change) -> bool,
) -> Result<(), GitError> {
    let Some((place, mut repo)) = repository(vault)? else { return Ok(()) };
    repo.object_cache_size_if_unset(CACHE);
    let path = place.full(path);
    let mut start = || -> gix::Result<()> {
        let from = match from {
            Some(from) => repo.rev_parse_single(from)?.detach(),
            None if repo.head()?.is_unborn() => return Ok(()),
            None => repo.head_id()?.detach(),
        };
        walk(&repo, &path.to_path_lossy(), from, look)
    };
    start().map_err(GitError::gix("read the history"))
}

pub(super) fn repository(vault: &Path) -> Result<Option<(Worktree, gix::Repository)>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
    if let Some(kind) = place.foreign() {
        return Err(GitError::Foreign { kind });
    }
    match open(&place, &Settings::default())? {
        Ok(repo) => Ok(Some((place, repo))),
        Err(reason) => Err(GitError::NotReady { reason }),
    }
}

fn walk(
    repo: &gix::Repository,
    path: &Path,
    from: ObjectId,
    look: &mut dyn FnMut(Change) -> bool,
) -> gix::Result<()> {
    let mut entries: HashMap<ObjectId, Option<ObjectId>> = HashMap::new();
    let mut entry_of = |id: ObjectId| -> gix::Result<Option<ObjectId>> {
        if let Some(known) = entries.get(&id) {
            return Ok(*known);
        }
        let found = entry(repo, id, path)?;
        entries.insert(id, found);
        Ok(found)
    };
    let order = Sorting::ByCommitTime(CommitTimeOrder::NewestFirst);
    for info in repo.rev_walk([from]).sorting(order).all()? {
        let info = info?;
        let here = entry_of(info.id)?;
        let mut is_change = true;
        for parent in &info.parent_ids {
            is_change &= entry_of(*parent)? != here;
        }
        if !is_change || (here.is_none() && info.parent_ids.is_empty()) {
            continue;
        }
        let bytes = here.map(|blob| content(repo, blob)).transpose()?.flatten();
        if look(Change { commit: described(&info.object()?)?, bytes }) {
            break;
        }
    }
    Ok(())
}

/// The blob at `path` in a commit; `None` where there is no file, or no such commit here.
fn entry(repo: &gix::Repository, commit: ObjectId, path: &Path) -> gix::Result<Option<ObjectId>> {
    let Some(object) = repo.try_find_object(commit)? else { return Ok(None) };
    let found = object.peel_to_commit()?.tree()?.lookup_entry_by_path(path)?;
    Ok(found.filter(|entry| entry.mode().is_blob()).map(|entry| entry.object_id()))
}

pub(super) fn content(repo: &gix::Repository, blob: ObjectId) -> gix::Result<Option<Vec<u8>>> {
    let size = repo.find_header(blob)?.size();
    if size > LIMIT as u64 {
        return Ok(None);
    }
    Ok(Some(repo.find_object(blob)?.detach().data))
}

fn described(commit: &gix::Commit<'_>) -> gix::Result<Commit> {
    let author = commit.author()?;
    Ok(Commit {
        id: commit.id.to_string(),
        author: author.name.to_str_lossy().into_owned(),
        time: author.time().map_or(0, |time| time.seconds),
    })
}

/// The files of the vault as the revision `rev` has them: with their contents where `wants`
/// says so, the paths alone otherwise.
///
/// # Errors
/// As [`changes_of`]; [`GitError::NoRevision`] where git knows no such revision.
pub(crate) fn files_at(
    vault: &Path,
    rev: &str,
    wants: &dyn Fn(&str) -> bool,
) -> Result<Files, GitError> {
    let no_revision = || GitError::NoRevision { rev: rev.to_owned() };
    let Some((place, repo)) = repository(vault)? else { return Err(no_revision()) };
    let commit = repo.rev_parse_single(rev).map_err(|_| no_revision())?;
    let read = || -> gix::Result<Files> {
        let tree = commit.object()?.peel_to_commit()?.tree()?;
        let mut files = Files::default();
        for entry in tree.traverse().breadthfirst.files()? {
            let path = entry.filepath.strip_prefix(place.prefix.as_slice());
            let Some(path) = path.and_then(|path| path.to_str().ok()) else { continue };
            if !entry.mode.is_blob() {
                continue;
            }
            match wants(path).then(|| content(&repo, entry.oid)).transpose()?.flatten() {
                Some(bytes) => _ = files.contents.insert(path.to_owned(), bytes),
                None => files.names.push(path.to_owned()),
            }
        }
        Ok(files)
    };
    read().map_err(GitError::gix("read the history"))
}

/// The commit that a revision means, in hex.
///
/// # Errors
/// As [`files_at`].
pub(crate) fn commit_of(vault: &Path, rev: &str) -> Result<String, GitError> {
    let no_revision = || GitError::NoRevision { rev: rev.to_owned() };
    let Some((_, repo)) = repository(vault)? else { return Err(no_revision()) };
    let id = repo.rev_parse_single(rev).map_err(|_| no_revision())?;
    let commit = id.object().ok().and_then(|object| object.peel_to_commit().ok());
    commit.map(|commit| commit.id.to_string()).ok_or_else(no_revision)
}

/// Files of one revision.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// By path, with their contents.
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    /// The paths of the others.
    pub(crate) names: Vec<String>,
}

/// Reads the file at `path` as the commit `id` has it; `None` where it has none.
///
/// # Errors
/// As [`changes_of`].
pub(crate) fn file_at(vault: &Path, id: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
    let Some((place, repo)) = repository(vault)? else { return Ok(None) };
    let path = place.full(path);
    let read = || -> gix::Result<Option<Vec<u8>>> {
        let commit = repo.rev_parse_single(id)?.detach();
        match entry(&repo, commit, &path.to_path_lossy())? {
            Some(blob) => content(&repo, blob),
            None => Ok(None),
        }
    };
    read().map_err(GitError::gix("read the history"))
}
