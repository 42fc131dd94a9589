//! What the last commit has and the work tree may lack: a sparse checkout hides files, and people
//! delete folders. Neither is a removal.

use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, open, program};

const ACTION: &str = "read the branch";

/// Lists the files of the vault that the last commit has at or below `places`, sorted. Without a
/// repository, or a commit, there are none.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`]: the branch cannot be read.
pub(crate) fn committed(vault: &Path, places: &[String]) -> Result<Vec<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(Vec::new()) };
    if place.foreign().is_some() {
        return listed_by_git(&place, places);
    }
    let Ok(repo) = open(&place, &Settings::default())? else { return Ok(Vec::new()) };
    let read = || -> gix::Result<Vec<String>> {
        let head = repo.head()?;
        let mut found = Vec::new();
        if head.is_unborn() {
            return Ok(found);
        }
        let tree = repo.head_commit()?.tree()?;
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

fn listed_by_git(place: &Worktree, places: &[String]) -> Result<Vec<String>, GitError> {
    if program::answer(place, ACTION, &["rev-parse", "-q", "--verify", "HEAD"]).is_err() {
        return Ok(Vec::new());
    }
    let full: Vec<String> = places.iter().map(|inside| place.full(inside).to_string()).collect();
    let mut words = vec!["ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", "--"];
    words.extend(full.iter().map(String::as_str));
    let listed = program::answer(place, ACTION, &words)?;
    let prefix = place.prefix.to_str_lossy();
    let names = listed.split('\0').filter_map(|name| name.strip_prefix(prefix.as_ref()));
    Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Whether the user keeps part of the repository out of the work tree (git-sparse-checkout(1)).
pub(crate) fn is_sparse(vault: &Path) -> bool {
    let Ok(Some(place)) = Worktree::find(vault) else { return false };
    let words = ["config", "--type=bool", "--get", "core.sparseCheckout"];
    program::answer(&place, "read the settings of git", &words)
        .is_ok_and(|answer| answer.trim() == "true")
}
