//! Git: where the vault's repository is, what it tracks, and commits of exactly given paths.
//!
//! The only module that knows gix. A commit touches the named paths and nothing else: what the
//! user has staged, edited or left untracked stays as it is. Where a commit should wait, it is
//! deferred with a reason instead of failing, because the files have changed already.
//! Content filters (`autocrlf`, `filter=`) are not applied: authy's files have none.

mod branch;
mod commit;
mod compare;
mod error;
mod exposed;
mod file;
mod flush;
mod health;
mod history;
mod identity;
mod index;
mod init;
mod install;
mod kind;
mod left_locks;
mod lineage;
mod locate;
mod lock;
mod main_branch;
mod maintain;
mod mend;
mod merge;
mod missing;
mod newest;
mod object;
mod objects;
mod pack;
mod partial;
mod private;
mod program;
mod reason;
mod refs;
mod remote;
mod removed;
mod staged;
mod state;
mod tip;
mod uncommitted;
mod unmerged;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use gix::bstr::BStr;

pub(crate) use compare::{
    Difference, Divergence, Entry, ahead_and_behind, behind, commits, compare, content, fork_point,
    is_ancestor, leaves_out, paths_beyond,
};
pub(crate) use error::GitError;
pub(crate) use exposed::is_exposed;
pub(crate) use health::damage;
pub(crate) use history::{
    Change, Commit, changes_anywhere, changes_before, changes_of, commit_of, file_at, files_at,
};
pub(crate) use identity::user;
pub(crate) use init::init;
pub(crate) use install::{Hook, install_diff, install_hook};
pub(crate) use lineage::Lineage;
pub(crate) use locate::{Home, locate};
pub(crate) use main_branch::fetched_with;
pub(crate) use mend::{Mended, mend};
pub(crate) use merge::{MergeRequest, checkout_foreign_files, join};
pub(crate) use missing::{committed, is_shallow, is_sparse};
pub(crate) use newest::newest;
pub(crate) use objects::{
    ObjectKind, Origin, each_object, is_cut_off, is_tracked, named_objects, origins, staged_files,
    work_tree,
};
pub(crate) use private::{is_private, tracked_private, untracked};
pub(crate) use reason::{Reason, quoted};
pub(crate) use remote::{
    Remote, fetch, fetched, last_fetched, move_bookmark, push, pushed_elsewhere, remote, remote_of,
};
pub(crate) use removed::removed;
pub(crate) use staged::{Change as StagedChange, Staged, partner, staged};
pub(crate) use state::waits_for;
pub(crate) use tip::{Tip, is_unborn, tip};
pub(crate) use uncommitted::{differs_from_last_commit, refuse_uncommitted, uncommitted};
pub(crate) use unmerged::{mark_merged, merged_commit, open_conflicts, unmerged};

use locate::Worktree;

/// How long a commit waits for another git command to let go of the index.
const WAIT: Duration = Duration::from_secs(2);

/// A commit to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The vault's folder.
    pub(crate) vault: &'a Path,
    /// Files of the vault, `/` between segments. A file that exists is recorded as it is now, one
    /// that does not is removed.
    pub(crate) paths: &'a [String],
    /// The commit message.
    pub(crate) message: &'a str,
    /// Who commits where git knows no name: `<fallback_author> <fallback_author@localhost>`.
    pub(crate) fallback_author: &'a str,
}

/// What became of a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The commit with this id holds the paths as they are, and goes on from its parent.
    Committed { id: String, parent: Option<String> },
    /// The last commit holds the paths as they are already.
    Nothing,
    /// The files wait in the work tree for a later commit.
    Deferred(Reason),
}

/// Commits the named paths on the branch that is checked out.
///
/// # Errors
/// [`GitError::Path`] for a path git cannot hold, [`GitError::NotRegular`] and
/// [`GitError::Unstable`] for a file that cannot be recorded, [`GitError::Io`] and
/// [`GitError::Gix`] where reading or writing the repository fails. The files of the vault are
/// untouched in every case, so a caller that published them already reports the error and goes on.
pub(crate) fn commit(request: &Request<'_>) -> Result<Outcome, GitError> {
    commit_with(request, &Settings::default())
}

/// What tests replace: the sources of git's configuration, and the patience.
#[derive(Default)]
struct Settings {
    options: gix::open::Options,
    wait: Option<Duration>,
    env: Vec<(&'static str, OsString)>,
}

impl Settings {
    fn wait(&self) -> Duration {
        self.wait.unwrap_or(WAIT)
    }
}

/// A request whose paths are checked and whose repository is found.
struct Job<'a> {
    place: Worktree,
    /// Sorted, each once, relative to the vault.
    paths: Vec<&'a str>,
    message: String,
    author: &'a str,
    settings: &'a Settings,
}

fn commit_with(request: &Request<'_>, settings: &Settings) -> Result<Outcome, GitError> {
    let paths = checked(request.paths)?;
    if paths.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let Some(place) = Worktree::find(request.vault)? else {
        return Ok(Outcome::Deferred(Reason::without_repository(request.vault)));
    };
    let message = message(request.message);
    place.require_head()?;
    let job = Job { place, paths, message, author: request.fallback_author, settings };
    if !job.place.kind().is_usual() {
        return program::commit(&job);
    }
    let repo = match open(&job.place, settings)? {
        Ok(repo) => repo,
        Err(reason) => return Ok(Outcome::Deferred(reason)),
    };
    if program::is_needed(&repo, &job.place) {
        return program::commit(&job);
    }
    let outcome = commit::commit(&repo, &job)?;
    if matches!(outcome, Outcome::Committed { .. }) {
        maintain::maintain(&job.place, settings);
    }
    Ok(outcome)
}

/// Opens the repository as strictly as git does: not where another user owns it, unless
/// `safe.directory` names it.
fn open(
    place: &Worktree,
    settings: &Settings,
) -> Result<Result<gix::Repository, Reason>, GitError> {
    place.require_head()?;
    let strict = settings.options.clone().bail_if_untrusted(true);
    let options = gix::sec::trust::Mapping { full: strict.clone(), reduced: strict };
    let _footing = locate::Footing::find();
    let opened =
        gix::ThreadSafeRepository::discover_opts(&place.work_tree, Default::default(), options);
    let mut repo = match opened {
        Ok(repo) => repo.to_thread_local(),
        Err(error) if !place.is_owned && error.is_permission_denied() => {
            return Ok(Err(Reason::NotTrusted { work_tree: place.work_tree.clone() }));
        }
        Err(error) => return Err(GitError::gix("open the git repository")(error)),
    };
    // A hook's GIT_NAMESPACE speaks of another repository.
    repo.clear_namespace();
    Ok(if repo.workdir().is_some() { Ok(repo) } else { Err(Reason::NoRepository) })
}

fn checked(paths: &[String]) -> Result<Vec<&str>, GitError> {
    let mut all: Vec<&str> = paths.iter().map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    let options = gix::validate::path::component::Options::default();
    let is_valid = |segment: &str| {
        let bytes: &BStr = segment.as_bytes().into();
        gix::validate::path::component(bytes, None, options).is_ok() && !segment.contains('\0')
    };
    match all.iter().find(|path| !path.split('/').all(is_valid)) {
        Some(path) => Err(GitError::Path { path: (*path).to_owned() }),
        None => Ok(all),
    }
}

/// Ends the message with one newline, as git does, and drops what a commit cannot hold.
fn message(text: &str) -> String {
    let mut text = text.replace('\0', "");
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
