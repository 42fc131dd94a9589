//! One commit of exactly given paths, made with gix.
//!
//! The order keeps other people's work safe: git's index is locked before it is read, the
//! new tree starts from HEAD's tree and not from the index, HEAD moves only if nobody moved
//! it meanwhile, and the index is written last.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use gix::bstr::BStr;
use gix::lock::acquire::Fail;
use gix::objs::tree::EntryKind;

use super::GitError;
use super::index;
use super::locate::{has_git_above, open_trusted, prefix_of};
use super::program;
use super::reason::{Outcome, Reason};

/// How long to wait for another program's `index.lock`.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// How often to start again when HEAD moved.
const TRIES: u32 = 5;

/// A commit to make.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The vault's folder.
    pub(crate) vault: &'a Path,
    /// Paths relative to the vault, with `/`: committed as they are now, removed if missing.
    pub(crate) paths: &'a [String],
    /// The message.
    pub(crate) message: &'a str,
    /// Whose name stands in the commit where git has none configured.
    pub(crate) fallback_author: &'a str,
}

/// Makes the commit, or says why it has to wait.
///
/// # Errors
/// None at present; everything that keeps a commit from being made defers it.
pub(crate) fn commit(request: &Request<'_>) -> Result<Outcome, GitError> {
    let Some(repo) = open_trusted(request.vault) else {
        let reason =
            if has_git_above(request.vault) { Reason::NotTrusted } else { Reason::NoRepository };
        return Ok(Outcome::Deferred(reason));
    };
    let Some(prefix) = prefix_of(&repo, request.vault) else {
        return Ok(Outcome::Deferred(Reason::NoRepository));
    };
    if let Some(reason) = obstacle(&repo) {
        return Ok(Outcome::Deferred(reason));
    }
    if program::is_wanted(&repo) {
        return Ok(program::commit(&repo, request, &prefix));
    }
    let mut outcome = Outcome::Deferred(Reason::HeadMoved);
    for _ in 0..TRIES {
        outcome = match attempt(&repo, request, &prefix) {
            Ok(outcome) => outcome,
            Err(Failed::HeadMoved) => continue,
            Err(Failed::Deferred(reason)) => Outcome::Deferred(reason),
        };
        break;
    }
    program::maintain(&repo);
    Ok(outcome)
}

/// What keeps a commit from being made at all.
fn obstacle(repo: &gix::Repository) -> Option<Reason> {
    use gix::state::InProgress as At;
    let what = match repo.state() {
        None => None,
        Some(At::Merge) => Some("merge"),
        Some(At::Rebase | At::RebaseInteractive | At::ApplyMailbox | At::ApplyMailboxRebase) => {
            Some("rebase")
        }
        Some(At::CherryPick | At::CherryPickSequence) => Some("cherry-pick"),
        Some(At::Revert | At::RevertSequence) => Some("revert"),
        Some(At::Bisect) => Some("bisect"),
    };
    if let Some(what) = what {
        return Some(Reason::InProgress(what));
    }
    match repo.head() {
        Ok(head) if head.is_detached() => Some(Reason::Detached),
        Ok(_) => None,
        Err(error) => Some(Reason::Failed(error.to_string())),
    }
}

enum Failed {
    HeadMoved,
    Deferred(Reason),
}

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed::Deferred(Reason::Failed(error.to_string()))
}

fn attempt(repo: &gix::Repository, request: &Request<'_>, prefix: &str) -> Result<Outcome, Failed> {
    let lock = gix::lock::File::acquire_to_update_resource(
        repo.index_path(),
        Fail::AfterDurationWithBackoff(LOCK_WAIT),
        None,
        0,
    )
    .map_err(|_| Failed::Deferred(Reason::IndexLocked))?;
    let mut index = index::open(repo).map_err(failed)?;
    let parent = repo.head_id().ok().map(gix::Id::detach);
    let base = repo.head_tree_id_or_empty().map_err(failed)?.detach();
    let mut editor = repo.edit_tree(base).map_err(failed)?;
    for path in request.paths {
        let full = format!("{prefix}{path}");
        check_components(&full)?;
        match index::read(request.vault, path).map_err(failed)? {
            Some(content) => {
                let id = repo.write_blob(&content.bytes).map_err(failed)?.detach();
                editor.upsert(full.as_str(), EntryKind::Blob, id).map_err(failed)?;
                index::put(&mut index, &full, &index::Content { id, stat: content.stat });
            }
            None => {
                editor.remove(full.as_str()).map_err(failed)?;
                index::remove(&mut index, &full);
            }
        }
    }
    // The plumbing write does not look at every object of a flat folder again.
    let tree = editor
        .detach()
        .write(|tree| -> Result<gix::ObjectId, gix::Error> {
            Ok(repo.write_object(tree)?.detach())
        })
        .map_err(failed)?;
    let outcome = if tree == base {
        Outcome::Nothing
    } else {
        let id = write_commit(repo, request, (tree, parent))?;
        Outcome::Committed { id: id.to_string() }
    };
    index::refresh_racy(&mut index);
    let mut out = BufWriter::with_capacity(1 << 16, lock);
    index.write_to(&mut out, Default::default()).map_err(failed)?;
    out.flush().map_err(failed)?;
    let lock = out.into_inner().map_err(failed)?;
    lock.commit().map_err(failed)?;
    Ok(outcome)
}

/// The plumbing write checks no names, so they are checked here.
fn check_components(path: &str) -> Result<(), Failed> {
    for part in path.split('/') {
        gix::validate::path::component(BStr::new(part), None, Default::default())
            .map_err(failed)?;
    }
    Ok(())
}

fn write_commit(
    repo: &gix::Repository,
    request: &Request<'_>,
    (tree, parent): (gix::ObjectId, Option<gix::ObjectId>),
) -> Result<gix::ObjectId, Failed> {
    let email = format!("{}@localhost", request.fallback_author);
    let now = gix::date::Time::now_local_or_utc().to_string();
    let fallback = || gix::actor::SignatureRef {
        name: BStr::new(request.fallback_author),
        email: BStr::new(&email),
        time: &now,
    };
    let author = repo.author().and_then(Result::ok).unwrap_or_else(fallback);
    let committer = repo.committer().and_then(Result::ok).unwrap_or_else(fallback);
    let before = repo.head_id().ok().map(gix::Id::detach);
    let made = repo.commit_as(committer, author, "HEAD", request.message, tree, parent);
    match made {
        Ok(id) => Ok(id.detach()),
        Err(error) => {
            let now = repo.head_id().ok().map(gix::Id::detach);
            // The commit insists on the parent it was built on.
            if now != parent || now != before { Err(Failed::HeadMoved) } else { Err(failed(error)) }
        }
    }
}
