//! Branches and revisions, asked of gix, or of the git program where they lie in a reftable.

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::locate::Worktree;
use super::program;

const ACTION: &str = "read the branch";

/// The commit that is checked out; `None` where there is none yet.
///
/// # Errors
/// [`GitError::Gix`]; [`GitError::Program`].
pub(super) fn head(place: &Worktree, repo: &gix::Repository) -> Result<Option<ObjectId>, GitError> {
    if place.kind().has_reftable {
        return named(place, "HEAD");
    }
    let read = || -> gix::Result<Option<ObjectId>> {
        if repo.head()?.is_unborn() {
            return Ok(None);
        }
        Ok(Some(repo.head_id()?.detach()))
    };
    read().map_err(GitError::gix(ACTION))
}

/// The branch that is checked out, as in `refs/heads/main`; `None` where none is.
///
/// # Errors
/// As [`head`].
pub(super) fn branch(place: &Worktree, repo: &gix::Repository) -> Result<Option<String>, GitError> {
    if place.kind().has_reftable {
        let name = asked(place, &["symbolic-ref", "-q", "HEAD"])?;
        return Ok(name.filter(|name| !name.is_empty()));
    }
    let name = repo.head_name().map_err(GitError::gix(ACTION))?;
    Ok(name.map(|name| name.as_bstr().to_str_lossy().into_owned()))
}

/// Where a branch stands, named in full, as in `refs/remotes/origin/main`; `None` where there is none.
///
/// # Errors
/// As [`head`].
pub(super) fn find(
    place: &Worktree,
    repo: &gix::Repository,
    name: &str,
) -> Result<Option<ObjectId>, GitError> {
    if place.kind().has_reftable {
        return named(place, name);
    }
    let read = || -> gix::Result<Option<ObjectId>> {
        match repo.try_find_reference(name)? {
            Some(mut found) => Ok(Some(found.peel_to_id()?.detach())),
            None => Ok(None),
        }
    };
    read().map_err(GitError::gix(ACTION))
}

/// The commit that a revision means (gitrevisions(7)); `None` where git knows none.
///
/// # Errors
/// [`GitError::Program`].
pub(super) fn resolve(
    place: &Worktree,
    repo: &gix::Repository,
    rev: &str,
) -> Result<Option<ObjectId>, GitError> {
    // Whoever has an id already need not ask.
    if let Ok(id) = ObjectId::from_hex(rev.as_bytes()) {
        return Ok(repo.find_commit(id).is_ok().then_some(id));
    }
    if place.kind().has_reftable {
        return named(place, rev);
    }
    let read = || -> gix::Result<ObjectId> {
        Ok(repo.rev_parse_single(rev)?.object()?.peel_to_commit()?.id)
    };
    Ok(read().ok())
}

/// Asks the git program for the commit of a revision.
fn named(place: &Worktree, rev: &str) -> Result<Option<ObjectId>, GitError> {
    // It would be taken for an option.
    if rev.starts_with('-') {
        return Ok(None);
    }
    let words = ["rev-parse", "-q", "--verify", &format!("{rev}^{{commit}}")];
    let id = asked(place, &words)?;
    Ok(id.and_then(|id| ObjectId::from_hex(id.as_bytes()).ok()))
}

/// What git says; `None` where it says no.
fn asked(place: &Worktree, words: &[&str]) -> Result<Option<String>, GitError> {
    match program::answer(place, ACTION, words) {
        Ok(said) => Ok(Some(said.trim_end().to_owned())),
        Err(GitError::Refused { line, .. }) if line.starts_with("fatal:") => {
            Err(GitError::Refused { action: ACTION, line })
        }
        Err(GitError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
