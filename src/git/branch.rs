//! Moving the branch that is checked out.

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::lock::acquire::Fail;
use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};

use super::error::GitError;
use super::identity::Identity;
use super::locate::Worktree;
use super::lock::WAIT_FOR_BRANCH;
use super::{flush, program};

/// The branch that is checked out, as in `refs/heads/main`; `None` where none is.
pub(super) fn name(repo: &gix::Repository) -> Option<String> {
    let name = repo.head_name().ok().flatten()?;
    Some(name.as_bstr().to_str_lossy().into_owned())
}

/// Moves the branch to `to`, if it still stands where it stood, or starts it, and notes `message`
/// as git does. The new place is on disk before it is shown; the objects have to be. Whether the
/// branch stands there after a power cut says [`flush::branch`].
pub(super) fn step(
    repo: &gix::Repository,
    place: &Worktree,
    from: Option<ObjectId>,
    to: ObjectId,
    committer: &Identity,
    message: String,
) -> gix::Result<()> {
    let log = LogChange {
        mode: RefLog::AndReference,
        force_create_reflog: false,
        message: message.into(),
    };
    let expected = match from {
        Some(from) => PreviousValue::MustExistAndMatch(Target::Object(from)),
        None => PreviousValue::MustNotExist,
    };
    let edit = RefEdit {
        change: Change::Update { log, expected, new: Target::Object(to) },
        name: "HEAD".try_into().map_err(gix::Error::from_error)?,
        deref: true,
    };
    let [of_branch, of_packed] = WAIT_FOR_BRANCH.map(Fail::AfterDurationWithBackoff);
    let prepared = repo.refs.transaction().prepare([edit], of_branch, of_packed)?;
    // A branch whose file is renamed before its bytes are there is empty after a power cut.
    let lock = match name(repo) {
        Some(name) => place.common_dir.join(format!("{name}.lock")),
        None => place.git_dir.join("HEAD.lock"),
    };
    flush::file(&lock).map_err(gix::Error::from_error)?;
    prepared.commit(Some(committer.signature())).map(|_| ())
}

/// As [`step`], where branches lie in a reftable: the git program moves them, and flushes.
///
/// # Errors
/// [`GitError::Refused`], [`GitError::Program`].
pub(super) fn step_by_git(
    place: &Worktree,
    from: ObjectId,
    to: ObjectId,
    message: &str,
) -> Result<(), GitError> {
    let [from, to] = [from, to].map(|id| id.to_string());
    let words = ["update-ref", "-m", message, "HEAD", &to, &from];
    program::answer(place, "move the branch", &words).map(drop)
}
