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
use super::{Settings, compare, open, partial, program, refs};

const ACTION: &str = "read the history";
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
/// [`GitError::Gix`], [`GitError::Io`]; [`GitError::Refused`] where the git program has to be asked.
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
    let from = match from {
        Some(from) => refs::resolve(&place, &repo, from)?
            .ok_or_else(|| GitError::NoRevision { rev: from.to_owned() })?,
        None => match refs::head(&place, &repo)? {
            Some(head) => head,
            None => return Ok(()),
        },
    };
    let path = place.full(path);
    partial::bring_past(&place, &repo, from, &path.to_str_lossy())?;
    let path = path.to_path_lossy();
    walk(&repo, &path, from, look).map_err(GitError::gix(ACTION))
}

/// As [`changes_of`], in everything that this repository has: every branch and tag, what its reflogs remember,
/// and the commits `tips`, in hex, as far as they are here.
///
/// # Errors
/// As [`changes_of`]; [`GitError::Program`].
pub(crate) fn changes_anywhere(
    vault: &Path,
    path: &str,
    tips: &[String],
    look: &mut dyn FnMut(Change) -> bool,
) -> Result<(), GitError> {
    let Some((place, repo)) = repository(vault)? else { return Ok(()) };
    let full = place.full(path);
    let mut words = vec!["-c", "log.showSignature=false", "log", "--all", "--reflog"];
    words.extend(["--full-history", "--ignore-missing", "--format=%H"]);
    words.extend(tips.iter().map(String::as_str));
    let full = full.to_string();
    words.extend(["--", full.as_str()]);
    let listed = program::answer(&place, ACTION, &words)?;
    for commit in listed.lines() {
        let Ok(id) = ObjectId::from_hex(commit.as_bytes()) else { continue };
        let bytes = file_at(vault, commit, path)?;
        let found = || -> gix::Result<Commit> { described(&repo.find_commit(id)?) };
        let commit = found().map_err(GitError::gix(ACTION))?;
        if look(Change { commit, bytes }) {
            break;
        }
    }
    Ok(())
}

pub(super) fn repository(vault: &Path) -> Result<Option<(Worktree, gix::Repository)>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
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
    let commit = refs::resolve(&place, &repo, rev)?.ok_or_else(no_revision)?;
    partial::bring_folders(&place, commit)?;
    let all = compare::files(&repo, commit).map_err(GitError::gix(ACTION))?;
    let all: Vec<(&str, ObjectId)> = all
        .iter()
        .filter(|(_, entry)| entry.mode.is_blob())
        .filter_map(|(path, entry)| {
            let path = path.strip_prefix(place.prefix.as_slice())?;
            Some((path.to_str().ok()?, entry.id))
        })
        .collect();
    let wanted = all.iter().filter(|(path, _)| wants(path)).map(|(_, id)| *id);
    partial::bring(&place, &repo, wanted)?;
    let read = || -> gix::Result<Files> {
        let mut files = Files::default();
        for (path, id) in all {
            match wants(path).then(|| content(&repo, id)).transpose()?.flatten() {
                Some(bytes) => _ = files.contents.insert(path.to_owned(), bytes),
                None => files.names.push(path.to_owned()),
            }
        }
        Ok(files)
    };
    read().map_err(GitError::gix(ACTION))
}

/// The commit that a revision means, in hex.
///
/// # Errors
/// As [`files_at`].
pub(crate) fn commit_of(vault: &Path, rev: &str) -> Result<String, GitError> {
    let no_revision = || GitError::NoRevision { rev: rev.to_owned() };
    let Some((place, repo)) = repository(vault)? else { return Err(no_revision()) };
    let commit = refs::resolve(&place, &repo, rev)?.ok_or_else(no_revision)?;
    Ok(commit.to_string())
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
    let commit = refs::resolve(&place, &repo, id)?
        .ok_or_else(|| GitError::NoRevision { rev: id.to_owned() })?;
    partial::bring_folders(&place, commit)?;
    let path = place.full(path);
    let found = entry(&repo, commit, &path.to_path_lossy()).map_err(GitError::gix(ACTION))?;
    partial::bring(&place, &repo, found)?;
    let bytes = found.map(|blob| content(&repo, blob)).transpose();
    bytes.map(Option::flatten).map_err(GitError::gix(ACTION))
}
