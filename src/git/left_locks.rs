//! The locks on a branch that a killed authy left.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::locate::Worktree;
use super::lock::{WAIT_FOR_BRANCH, retry};

/// Removes the locks with which an authy was killed while it moved the branch: they stay behind, unlike
/// the system's. Whoever else may hold them is waited for as git itself would wait.
pub(super) fn remove(place: &Worktree) {
    let mark = |path: &PathBuf| {
        let file = path.symlink_metadata().ok()?;
        Some((file.ino(), file.mtime(), file.mtime_nsec()))
    };
    // A clone has its branches in one packed file at first, which is locked with them.
    let mut locks =
        vec![place.git_dir.join("HEAD.lock"), place.common_dir.join("packed-refs.lock")];
    locks.extend(place.branch().map(|name| place.common_dir.join(format!("{name}.lock"))));
    let locks: Vec<_> = locks.into_iter().filter_map(|path| Some((mark(&path)?, path))).collect();
    let is_packed = locks.iter().any(|(_, path)| path.ends_with("packed-refs.lock"));
    let left = || locks.iter().filter(|(was, path)| mark(path).as_ref() == Some(was));
    let gone = || Ok::<_, ()>((left().count() == 0).then_some(()));
    if !matches!(retry(WAIT_FOR_BRANCH[usize::from(is_packed)], gone), Ok(Some(()))) {
        // One that cannot be removed shows as a busy branch again.
        left().for_each(|(_, path)| _ = std::fs::remove_file(path));
    }
}
