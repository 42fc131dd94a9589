//! Where the branch stands that is checked out, read from its files alone: whoever asks on each command
//! does not open the repository for it.

use std::path::Path;

use gix::refs::file::Store;
use gix::refs::{FullNameRef, Target};

use super::error::GitError;
use super::locate::Worktree;
use super::program;

const ACTION: &str = "read the branch";

/// The commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The branch, as in `refs/heads/main`, also while it is rebased; `None` where none is checked out.
    pub(crate) branch: Option<String>,
    /// The commit, in hex.
    pub(crate) commit: String,
    /// Whether the branch stands there, and is not one that is being rebased.
    pub(crate) is_branchs: bool,
}

/// Reads it; `None` where there is no repository, or no commit yet.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn tip(vault: &Path) -> Result<Option<Tip>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
    let kind = place.kind();
    if kind.has_reftable {
        return told_by_git(&place);
    }
    let (own, common) = (place.git_dir.clone(), place.common_dir.clone());
    let store = match own == common {
        true => Store::at(own, kind.hash),
        false => Store::for_linked_worktree(own, common, kind.hash),
    };
    let read = || -> gix::Result<Option<Tip>> {
        let Some(head) = store.try_find("HEAD")? else { return Ok(None) };
        let (mut target, mut branch) = (head.target, None);
        // A branch may be another name of one, and that of a third.
        for _ in 0..5 {
            match target {
                Target::Object(id) => {
                    let is_branchs = branch.is_some();
                    let branch = branch.or_else(|| rebased(&place.git_dir));
                    return Ok(Some(Tip { branch, commit: id.to_string(), is_branchs }));
                }
                Target::Symbolic(name) => {
                    let name: &FullNameRef = name.as_ref();
                    branch = Some(name.as_bstr().to_string());
                    let Some(found) = store.try_find(name)? else { return Ok(None) };
                    target = found.target;
                }
            }
        }
        Ok(None)
    };
    read().map_err(GitError::gix(ACTION))
}

/// Whether there is a repository and what is checked out has no commit yet.
///
/// # Errors
/// As [`tip`].
pub(crate) fn is_unborn(vault: &Path) -> Result<bool, GitError> {
    Ok(Worktree::find(vault)?.is_some() && tip(vault)?.is_none())
}

/// The branch that a rebase is about to move (`rebase-merge/head-name`): no other line of history.
fn rebased(git_dir: &Path) -> Option<String> {
    let names = ["rebase-merge/head-name", "rebase-apply/head-name"];
    let read = |name: &&str| std::fs::read_to_string(git_dir.join(name)).ok();
    let name = names.iter().find_map(read)?;
    Some(name.trim().to_owned()).filter(|name| name.starts_with("refs/"))
}

/// Asks for both in one go: every command wants to know.
fn told_by_git(place: &Worktree) -> Result<Option<Tip>, GitError> {
    let words = ["rev-parse", "HEAD", "--symbolic-full-name", "HEAD"];
    let told = match program::answer(place, ACTION, &words) {
        Ok(told) => told,
        // A branch without a commit.
        Err(GitError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut lines = told.lines();
    let Some(commit) = lines.next().map(str::to_owned) else { return Ok(None) };
    let branch = lines.next().filter(|name| name.starts_with("refs/")).map(str::to_owned);
    let is_branchs = branch.is_some();
    let branch = branch.or_else(|| rebased(&place.git_dir));
    Ok(Some(Tip { branch, commit, is_branchs }))
}
