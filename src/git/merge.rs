//! Two branches joined.
//!
//! The order keeps a crash harmless: first the caller publishes the files of the vault, then
//! the commit is made. Stopped between the two, the files are what a later commit and a later
//! merge make of them anyway.

use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};

use super::commit;
use super::compare::{Difference, Divergence};
use super::error::GitError;
use super::history::repository;
use super::identity::{Identity, Role};
use super::index;
use super::locate::Worktree;
use super::lock::{self, IndexLock};
use super::object::Objects;
use super::reason::Reason;
use super::{Settings, branch, flush, left_locks, program, refs};

/// What git notes of a branch that is joined with another.
const NOTE: &str = "authy sync";

/// What joins two branches.
#[derive(Debug)]
pub(crate) struct MergeRequest<'a> {
    pub(crate) vault: &'a Path,
    pub(crate) division: &'a Divergence,
    /// Files of the vault that are taken from the other side, and published by the caller.
    pub(crate) taken: &'a [&'a Difference],
    /// Other files that are taken from there: links, programs, what is no file of a vault.
    pub(crate) others: &'a [&'a Difference],
    pub(crate) message: &'a str,
    /// As in [`super::Request`].
    pub(crate) fallback_author: &'a str,
}

/// Brings `others` into the work tree and the index, as `git merge` would: all of them, or
/// none where somebody changed one and did not commit it. To be done before anything else.
///
/// # Errors
/// [`GitError::Refused`], [`GitError::Program`], [`GitError::Gix`].
pub(crate) fn checkout_foreign_files(joining: &MergeRequest<'_>) -> Result<(), GitError> {
    const ACTION: &str = "update the work tree";
    if joining.others.is_empty() {
        return Ok(());
    }
    let Some((place, repo)) = repository(joining.vault)? else { return Ok(()) };
    let tree = || -> gix::Result<(ObjectId, ObjectId)> {
        let before = repo.find_commit(joining.division.ours)?.tree_id()?.detach();
        // Git writes what it checks out; of these only names are compared.
        let tree = with(&mut Objects::new(&repo, 0), before, joining.others)?;
        Ok((before, tree))
    };
    let (before, after) = tree().map_err(GitError::gix("write the git tree"))?;
    let (before, after) = (before.to_string(), after.to_string());
    // Of entries that are as young as the index, only this tells whether they are unchanged.
    let mut refresh = program::git(&place, &Settings::default());
    let _ = program::silent(refresh.args(["update-index", "-q", "--refresh"])).status();
    let output = program::git(&place, &Settings::default())
        .args(["read-tree", "-m", "-u", &before, &after])
        .output()
        .map_err(|source| GitError::Program { action: ACTION, source })?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let line = program::complaint(&output.stderr);
            Err(GitError::Refused { action: ACTION, line })
        }
    }
}

/// Makes the commit that has both branches for parents, or moves the branch where it has
/// nothing of its own, and brings the index up to date. The files must lie there.
///
/// # Errors
/// [`GitError::NotReady`] where the index is locked or the branch has moved meanwhile; as
/// [`super::commit`].
pub(crate) fn join(joining: &MergeRequest<'_>) -> Result<(), GitError> {
    let Some((place, repo)) = repository(joining.vault)? else { return Ok(()) };
    let not_ready = |reason| GitError::NotReady { reason };
    let path = place.index();
    let wait = Settings::default().wait();
    let Some(mut lock) = IndexLock::acquire(&path, wait)? else {
        return Err(not_ready(Reason::index_locked(lock::path_of(&path))));
    };
    if lock.after_a_crash {
        left_locks::remove(&place);
    }
    let mut index = index::load(&path, repo.object_hash())?;
    let paths: Vec<&str> = joining.taken.iter().filter_map(|file| file.path()).collect();
    let mut objects = Objects::new(&repo, paths.len());
    let changes = commit::read_files(&mut objects, &place, &paths)?;
    if index::apply(&mut index, &changes, &place) {
        let skip_hash = repo.config_snapshot().boolean("index.skipHash").unwrap_or(false);
        lock.stage(|out| index::write(&index, out, skip_hash))?;
    }
    let mut tree = || -> gix::Result<ObjectId> {
        let ours = repo.find_commit(joining.division.ours)?.tree_id()?.detach();
        let ours = commit::edit(&mut objects, ours, &changes)?;
        with(&mut objects, ours, joining.others)
    };
    let tree = tree().map_err(GitError::gix("write the git tree"))?;
    let tip = tip(joining, &place, &mut objects, tree)?;
    // What was fetched git wrote: many objects as a pack, which it flushes, a few loose.
    objects.note(tip);
    objects.flush()?;
    let committer = Identity::of(&repo, Role::Committer, joining.fallback_author);
    let step = || {
        let from = joining.division.ours;
        if place.kind().has_reftable {
            return branch::step_by_git(&place, from, tip, NOTE);
        }
        branch::step(&repo, &place, Some(from), tip, &committer, NOTE.to_owned())
            .map_err(GitError::gix("move the branch"))
    };
    match step() {
        Ok(()) => {}
        Err(_) if refs::head(&place, &repo).is_ok_and(|now| now != Some(joining.division.ours)) => {
            return Err(not_ready(Reason::BranchBusy));
        }
        Err(error) => return Err(error),
    }
    flush::branch(&repo, &place)?;
    lock.publish()?;
    flush::index(&place)
}

/// A tree with `files` as the other side has them.
fn with(objects: &mut Objects, tree: ObjectId, files: &[&Difference]) -> gix::Result<ObjectId> {
    objects.trees(tree, |editor| {
        for file in files {
            let segments = file.path.split_str("/").map(BStr::new);
            match file.theirs {
                Some(entry) => editor.upsert(segments, entry.mode.kind(), entry.id)?,
                None => editor.remove_if_leaf(segments)?,
            };
        }
        Ok(())
    })
}

/// The commit that the branch is to stand at.
fn tip(
    joining: &MergeRequest<'_>,
    place: &Worktree,
    objects: &mut Objects,
    tree: ObjectId,
) -> Result<ObjectId, GitError> {
    let repo = objects.repo();
    let Divergence { ours, theirs, .. } = *joining.division;
    let of_theirs =
        || -> gix::Result<ObjectId> { Ok(repo.find_commit(theirs)?.tree_id()?.detach()) };
    let of_theirs = of_theirs().map_err(GitError::gix("read the history"))?;
    if joining.division.ahead == 0 && tree == of_theirs {
        return Ok(theirs);
    }
    if repo.config_snapshot().boolean("commit.gpgSign") == Some(true) {
        // The git program reads the tree.
        objects.flush()?;
        let made = program::signed_commit(
            place,
            joining.fallback_author,
            joining.message,
            &[tree, ours, theirs],
        )?;
        return ObjectId::from_hex(made.trim().as_bytes())
            .map_err(|error| GitError::gix("read the new commit")(gix::Error::from_error(error)));
    }
    let author = Identity::of(repo, Role::Author, joining.fallback_author);
    let committer = Identity::of(repo, Role::Committer, joining.fallback_author);
    let signatures = [committer.signature(), author.signature()];
    let made = objects.commit(signatures, joining.message, tree, [ours, theirs]);
    made.map_err(GitError::gix("commit"))
}
