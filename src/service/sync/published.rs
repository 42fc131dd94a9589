//! What this clone knows of the branches of its remotes: the commit that it took over or sent last.
//!
//! A branch there that does not go on from that commit was rewritten, and one that is gone was
//! removed or renamed. Neither is a wish to have the old one back.

use super::merge::SyncError;
use crate::fs::{self, LocalFile, Root};
use crate::git::{self, Remote};
use crate::service::base::{Context, Result};

const LIMIT: usize = 1 << 20;

/// `<commit> <remote>/<branch>` a line, the newest last.
fn lines(root: &Root) -> Result<Vec<(String, String)>> {
    let bytes = fs::read_outside(&root.local(LocalFile::Published), LIMIT)?.unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let line = |line: &str| {
        let (commit, branch) = line.split_once(' ')?;
        Some((commit.to_owned(), branch.to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// The commit that was published last on a main branch; without one, on whatever branch: what a request takes
/// away is taken where it is merged.
pub(super) fn last_of_main(root: &Root) -> Result<Option<String>> {
    let (lines, lineage) = (lines(root)?, git::Lineage::of(root.path()));
    let is_main = |(_, branch): &&(String, String)| {
        let name = branch.split_once('/').map(|(_, name)| format!("refs/heads/{name}"));
        name.is_some_and(|name| lineage.is_main(&name))
    };
    let last = lines.iter().rev().find(is_main).or(lines.last());
    Ok(last.map(|(commit, _)| commit.clone()))
}

/// Remembers what the remote's branch has by now, where this clone has it too: what is taken back
/// there later was published all the same. Best effort.
pub(crate) fn remember_published(ctx: &Context, remote: &Remote, tip: &str) {
    if !git::is_ancestor(&ctx.vault, tip).unwrap_or(false) {
        return;
    }
    let (root, branch) = (Root::new(ctx.vault.clone()), remote.shown());
    let mut all = lines(&root).unwrap_or_default();
    let known = all.iter().find(|(_, other)| *other == branch);
    if known.is_some_and(|(known, _)| is_rewritten(ctx, known, tip).unwrap_or(true)) {
        return;
    }
    all.retain(|(_, other)| *other != branch);
    all.push((tip.to_owned(), branch));
    let text = all.iter().map(|(commit, branch)| format!("{commit} {branch}\n"));
    fs::remember(&root.local(LocalFile::Published), text.collect::<String>().as_bytes());
}

/// Refuses a branch that is gone, or does not go on from what this clone has of it; `theirs` is
/// where it stands.
///
/// # Errors
/// `Gone`, `Rewritten`.
pub(crate) fn refuse_rewritten(ctx: &Context, remote: &Remote, theirs: Option<&str>) -> Result<()> {
    let all = lines(&Root::new(ctx.vault.clone()))?;
    let known = all.into_iter().find(|(_, branch)| *branch == remote.shown());
    let Some((known, _)) = known else { return Ok(()) };
    let name = remote.name.clone();
    let (branch, here) = (remote.branch.clone(), remote.here.clone());
    let Some(theirs) = theirs else {
        return Err(SyncError::Gone { remote: name, branch, here }.into());
    };
    if is_rewritten(ctx, &known, theirs)? {
        return Err(SyncError::Rewritten { remote: name, branch }.into());
    }
    Ok(())
}

/// Whether a branch was rewritten since it stood at `known`, and this clone still has what was there
/// then: whoever took the new one over is not held up.
fn is_rewritten(ctx: &Context, known: &str, now: &str) -> Result<bool> {
    Ok(git::leaves_out(&ctx.vault, known, now)? && git::is_ancestor(&ctx.vault, known)?)
}
