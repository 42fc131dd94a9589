//! The last commit that changed what a vault holds.

use std::path::Path;

use super::error::GitError;
use super::history::Commit;
use super::history::repository;
use super::locate::Worktree;
use super::missing::is_shallow;
use super::{program, refs};

const ACTION: &str = "read the history";

/// A commit, and what it changed against the one before it.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(crate) commit: Commit,
    /// The commits that it goes on from, in hex: none for a first one, several where branches were joined.
    pub(crate) parents: Vec<String>,
    /// The first line of its message.
    pub(crate) subject: String,
    /// The files of the vault that it changed, as the vault names them, sorted.
    pub(crate) paths: Vec<String>,
    /// Whether branches were joined after it.
    pub(crate) is_before_merge: bool,
    /// Whether this clone has only a part of the history.
    pub(crate) is_cut_off: bool,
}

/// Finds the last commit of the branch that is checked out that changed a file at or below `places`. What a
/// merge brought in it changed. `None` without a repository, or such a commit.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn newest(vault: &Path, places: &[&str]) -> Result<Option<Newest>, GitError> {
    let Some((place, repo)) = repository(vault)? else { return Ok(None) };
    if refs::head(&place, &repo)?.is_none() {
        return Ok(None);
    }
    let full: Vec<String> = places.iter().map(|inside| place.full(inside).to_string()).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let mut words = vec!["-c", "log.showSignature=false", "log", "-1", "--first-parent", "-z"];
    words.extend(["--no-patch", "--format=%H%x00%P%x00%an%x00%at%x00%s", "HEAD", "--"]);
    words.extend(&full);
    let told = program::answer(&place, ACTION, &words)?;
    let mut told = told.split('\0');
    let mut next = || told.next().unwrap_or_default().to_owned();
    let (id, parents, author, time, subject) = (next(), next(), next(), next(), next());
    if id.is_empty() {
        return Ok(None);
    }
    let commit = Commit { id, author, time: time.parse().unwrap_or_default() };
    let parents: Vec<String> = parents.split_whitespace().map(str::to_owned).collect();
    let paths = paths(&place, &commit.id, parents.first(), &full)?;
    let since = format!("{}..HEAD", commit.id);
    let words = ["rev-list", "--first-parent", "--merges", "--max-count=1", &since];
    let is_before_merge = !program::answer(&place, ACTION, &words)?.trim().is_empty();
    let is_cut_off = parents.is_empty() && is_shallow(vault);
    Ok(Some(Newest { commit, parents, subject, paths, is_before_merge, is_cut_off }))
}

fn paths(
    place: &Worktree,
    commit: &str,
    parent: Option<&String>,
    full: &[&str],
) -> Result<Vec<String>, GitError> {
    let mut words = vec!["diff-tree", "-r", "-z", "--no-renames", "--name-only", "--no-commit-id"];
    match parent {
        Some(parent) => words.extend([parent, commit]),
        None => words.extend(["--root", commit]),
    }
    words.push("--");
    words.extend(full);
    let listed = program::answer(place, ACTION, &words)?;
    let prefix = String::from_utf8_lossy(&place.prefix).into_owned();
    let inside = listed.split('\0').filter_map(|name| name.strip_prefix(&prefix));
    Ok(inside.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
