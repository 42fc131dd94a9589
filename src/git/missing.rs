//! What the last commit has and the work tree may lack: a sparse checkout hides files, and people
//! delete folders. Neither is a removal.

use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, open, partial, program, refs};

const ACTION: &str = "read the branch";

/// Lists the files of the vault that the last commit has at or below `places`, sorted. Without a
/// repository, or a commit, there are none.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`]: the branch cannot be read.
pub(crate) fn committed(vault: &Path, places: &[String]) -> Result<Vec<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(Vec::new()) };
    let Ok(repo) = open(&place, &Settings::default())? else { return Ok(Vec::new()) };
    let Some(head) = refs::head(&place, &repo)? else { return Ok(Vec::new()) };
    partial::bring_folders(&place, head)?;
    let read = || -> gix::Result<Vec<String>> {
        let mut found = Vec::new();
        let tree = repo.find_commit(head)?.tree()?;
        for inside in places {
            let full = place.full(inside);
            let Some(entry) = tree.lookup_entry_by_path(full.to_path_lossy())? else { continue };
            if !entry.mode().is_tree() {
                found.push(inside.clone());
                continue;
            }
            let folder = entry.object()?.into_tree();
            let files = folder.traverse().breadthfirst.files()?;
            found.extend(files.iter().map(|file| format!("{inside}/{}", file.filepath)));
        }
        found.sort_unstable();
        Ok(found)
    };
    read().map_err(GitError::gix(ACTION))
}

/// Whether the history was cut off (git-clone(1), `--depth`).
pub(crate) fn is_shallow(vault: &Path) -> bool {
    let place = Worktree::find(vault).ok().flatten();
    place.is_some_and(|place| place.common_dir.join("shallow").exists())
}

/// Whether the user keeps part of the repository out of the work tree (git-sparse-checkout(1)).
pub(crate) fn is_sparse(vault: &Path) -> bool {
    let Ok(Some(place)) = Worktree::find(vault) else { return false };
    let words = ["config", "--type=bool", "--get", "core.sparseCheckout"];
    program::answer(&place, "read the settings of git", &words)
        .is_ok_and(|answer| answer.trim() == "true")
}
