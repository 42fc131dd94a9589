//! Getting a commit to the disk: its objects, then the branch, then the index.
//!
//! gix flushes none of them, and git neither by default, while the files of the vault and its audit
//! trail are flushed: after a power cut the names of objects would be there and nothing in them, and
//! no later commit could be made. A few files are flushed one by one, more at once with their file
//! system; what is more than that is one pack.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use gix::ObjectId;

use super::error::GitError;
use super::locate::Worktree;
use super::{branch, object};
use crate::fs::{WholeFlush, sync_entries};

/// Flushes loose objects and the folders that name them. One that lies in a pack was flushed with it.
///
/// # Errors
/// [`GitError::Io`].
pub(super) fn objects(
    common_dir: &Path,
    ids: &BTreeSet<ObjectId>,
    whole: Option<&WholeFlush>,
) -> Result<(), GitError> {
    let objects = object::folder(common_dir);
    if let Some(whole) = whole {
        return whole.flush().map_err(GitError::io("flush", &objects));
    }
    let mut folders = BTreeSet::new();
    for id in ids {
        let path = object::file(common_dir, *id);
        if file(&path)? {
            folders.extend(path.parent().map(Path::to_owned));
        }
    }
    folders.iter().try_for_each(|folder| entries(folder))?;
    entries(&objects)
}

/// Flushes the branch that is checked out, and what git notes about its moves.
///
/// # Errors
/// [`GitError::Io`].
pub(super) fn branch(repo: &gix::Repository, place: &Worktree) -> Result<(), GitError> {
    // HEAD itself is as old as the repository, which nobody flushed when it was made.
    let mut files = vec![place.git_dir.join("HEAD"), place.git_dir.join("logs/HEAD")];
    if let Some(name) = branch::name(repo) {
        files.push(place.common_dir.join(&name));
        files.push(place.common_dir.join("logs").join(&name));
    }
    let mut folders = BTreeSet::new();
    for path in files {
        if file(&path)? {
            folders.extend(path.parent().map(Path::to_owned));
        }
    }
    folders.iter().try_for_each(|folder| entries(folder))
}

/// Flushes the folder that names the index, which was flushed before it was put there.
///
/// # Errors
/// [`GitError::Io`].
pub(super) fn index(place: &Worktree) -> Result<(), GitError> {
    entries(&place.git_dir)
}

/// Flushes a file; false where there is none.
pub(super) fn file(path: &Path) -> Result<bool, GitError> {
    // Objects are read-only.
    let flushed = match File::open(path) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => Err(error),
    };
    flushed.map(|()| true).map_err(GitError::io("flush", path))
}

/// Flushes the names that a folder has.
pub(super) fn entries(folder: &Path) -> Result<(), GitError> {
    File::open(folder).and_then(sync_entries).map_err(GitError::io("flush", folder))
}
