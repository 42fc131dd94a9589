//! What git is in the middle of, as its own files tell.

use std::path::Path;

use super::reason::Operation;

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
