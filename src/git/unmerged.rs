//! A merge that somebody began with git and has not finished.

use std::collections::BTreeSet;
use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, program, state};

const ACTION: &str = "read the git index";

/// The commit that is being merged into the branch that is checked out, in hex; `None` where no merge is
/// under way, or one of several branches at once.
///
/// # Errors
/// [`GitError::Io`], [`GitError::Gix`].
pub(crate) fn merged_commit(vault: &Path) -> Result<Option<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
    // A file where branches lie in a reftable, too (gitrepository-layout(5)).
    let path = place.git_dir.join("MERGE_HEAD");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let mut ids = text.lines();
            Ok(ids.next().filter(|_| ids.next().is_none()).map(str::to_owned))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitError::io("read", &path)(error)),
    }
}

/// As [`unmerged`], of whatever git is in the middle of; none where that is nothing, which costs no call of git.
///
/// # Errors
/// As [`unmerged`].
pub(crate) fn open_conflicts(vault: &Path) -> Result<BTreeSet<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(BTreeSet::new()) };
    match state::unfinished(&place.git_dir) {
        Some(_) => unmerged(vault),
        None => Ok(BTreeSet::new()),
    }
}

/// The files of the vault that nobody has decided about yet, as the vault names them.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn unmerged(vault: &Path) -> Result<BTreeSet<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(BTreeSet::new()) };
    let listed = program::answer(&place, ACTION, &["ls-files", "-u", "-z"])?;
    let prefix = place.prefix.to_str_lossy();
    // `MODE ID STAGE<tab>PATH` (git-ls-files(1)); once for each side.
    let paths = listed.split('\0').filter_map(|line| line.split_once('\t'));
    let inside = paths.filter_map(|(_, path)| path.strip_prefix(prefix.as_ref()));
    Ok(inside.map(str::to_owned).collect())
}

/// Tells git that these files of the vault are decided as they lie there.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn mark_merged(vault: &Path, paths: &[String]) -> Result<(), GitError> {
    const ACTION: &str = "write the git index";
    let failed = |source| GitError::Program { action: ACTION, source };
    let Some(place) = Worktree::find(vault)? else { return Ok(()) };
    let mut command = program::git(&place, &Settings::default());
    command.args(["update-index", "-z", "--add", "--remove", "--stdin"]);
    let names: Vec<u8> =
        paths.iter().flat_map(|path| [place.full(path).as_slice(), b"\0"].concat()).collect();
    let output = program::fed(command, &names).map_err(failed)?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let line = program::complaint(&output.stderr);
            Err(GitError::Refused { action: ACTION, line })
        }
    }
}
