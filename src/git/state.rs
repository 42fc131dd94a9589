//! What git is in the middle of, as its own files tell.

use std::path::Path;

use super::error::GitError;
use super::locate::Worktree;
use super::reason::{Operation, Reason};
use super::tip;

/// Names the operation whose end the user still owes, if there is one.
///
/// gix answers the same question, but misses a sequence of picks between two commits, and cannot
/// be asked about repositories that only the git program opens.
pub(super) fn unfinished(git_dir: &Path) -> Option<Operation> {
    const MARKS: [(&str, Operation); 8] = [
        ("rebase-apply/applying", Operation::Mailbox),
        ("rebase-apply", Operation::Rebase),
        ("rebase-merge", Operation::Rebase),
        ("MERGE_HEAD", Operation::Merge),
        ("CHERRY_PICK_HEAD", Operation::CherryPick),
        ("REVERT_HEAD", Operation::Revert),
        ("BISECT_LOG", Operation::Bisect),
        ("sequencer/todo", Operation::Sequence),
    ];
    MARKS.iter().find(|(mark, _)| git_dir.join(mark).exists()).map(|(_, operation)| *operation)
}

/// Why no commit can be made just now, apart from a lock that goes by itself: something is unfinished, or
/// no branch is checked out.
///
/// # Errors
/// As [`tip`].
pub(crate) fn waits_for(vault: &Path) -> Result<Option<Reason>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
    if let Some(operation) = unfinished(&place.git_dir) {
        return Ok(Some(Reason::InProgress(operation)));
    }
    let is_detached = tip(vault)?.is_some_and(|tip| !tip.is_branchs) && !place.is_jj();
    Ok(is_detached.then_some(Reason::Detached))
}
