//! A commit made with gix: the tree of HEAD with some files exchanged, never the index.
//!
//! The order matters. The index is locked before anything is read, so that no other commit of
//! authy, and no `git add`, comes between. The new index is on disk before the branch moves, and
//! renamed after. The branch moves only if it is where it was read; `git commit` moves it without
//! holding the index, so that is tried again. What a commit consists of is flushed, in this order:
//! objects, branch, index. The folders of the vault are flushed besides, and would name objects
//! with nothing in them after a power cut.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::head::Kind;
use rayon::prelude::*;

use super::error::GitError;
use super::file::{Folder, Walk};
use super::identity::{Identity, Role};
use super::index::{self, Change};
use super::locate::Worktree;
use super::lock::{self, IndexLock};
use super::object::{Objects, PackerHere};
use super::{Job, Outcome, Reason, branch, flush, left_locks, object, program, state};

/// How many files a thread reads at least, so that it does not begin too often.
const AT_ONCE: usize = 256;
/// How many are read before what was found is put where it belongs.
const BATCH: usize = 4096;

/// How often the branch may move meanwhile.
const TRIES: usize = 20;

/// Commits the paths of `job`.
///
/// # Errors
/// As [`super::commit`].
pub(super) fn commit(repo: &gix::Repository, job: &Job<'_>) -> Result<Outcome, GitError> {
    let place = &job.place;
    let path = place.index();
    let Some(mut lock) = IndexLock::acquire(&path, job.settings.wait())? else {
        return Ok(Outcome::Deferred(Reason::index_locked(lock::path_of(&path))));
    };
    if lock.after_a_crash {
        left_locks::remove(place);
    }
    if let Some(operation) = state::unfinished(&place.git_dir) {
        return Ok(Outcome::Deferred(Reason::InProgress(operation)));
    }
    let mut index = index::load(&path, repo.object_hash())?;
    if index.is_sparse() {
        // Folders stand for their files in it, which gix cannot take apart.
        drop(lock);
        return program::commit(job);
    }
    if Tip::read(repo, place)?.is_none() {
        return Ok(Outcome::Deferred(Reason::Detached));
    }
    let mut objects = Objects::new(repo, job.paths.len());
    let changes = read_files(&mut objects, &job.place, &job.paths)?;
    if index::apply(&mut index, &changes, place) {
        let skip_hash = repo.config_snapshot().boolean("index.skipHash").unwrap_or(false);
        lock.stage(|out| index::write(&index, out, skip_hash))?;
    }
    let outcome = advance(repo, &mut objects, &changes, TRIES, job)?;
    if !matches!(outcome, Outcome::Deferred(_)) {
        flush::branch(repo, place)?;
        lock.publish()?;
        flush::index(place)?;
    }
    Ok(outcome)
}

/// Where the branch stands.
#[derive(Debug, PartialEq, Eq)]
struct Tip {
    commit: Option<ObjectId>,
    tree: ObjectId,
}

impl Tip {
    /// Reads it; `None` where no branch is checked out, and jj takes no part.
    fn read(repo: &gix::Repository, place: &Worktree) -> Result<Option<Self>, GitError> {
        let read = || -> gix::Result<Option<Self>> {
            let head = repo.head()?;
            match head.kind {
                Kind::Detached { .. } if !place.is_jj() => Ok(None),
                Kind::Unborn(_) => {
                    let tree = ObjectId::empty_tree(repo.object_hash());
                    Ok(Some(Self { commit: None, tree }))
                }
                Kind::Symbolic(_) | Kind::Detached { .. } => {
                    let commit = head.into_peeled_id()?.detach();
                    let tree = repo.find_commit(commit)?.tree_id()?.detach();
                    Ok(Some(Self { commit: Some(commit), tree }))
                }
            }
        };
        read().map_err(GitError::gix("read the branch"))
    }
}

/// Reads each file once, and adds its blob.
///
/// # Errors
/// As [`super::commit`].
pub(super) fn read_files(
    objects: &mut Objects,
    place: &Worktree,
    paths: &[&str],
) -> Result<Vec<Change>, GitError> {
    const ACTION: &str = "write to the git repository";
    let folder = Folder::open(&place.vault)?;
    let change = |path: &str, new| Change { path: place.full(path), new };
    let Some(packer) = objects.packer() else {
        let mut walk = folder.walk();
        let read = |path: &&str| match walk.read(path)? {
            Some(content) => {
                let blob = objects.blob(&content.bytes).map_err(GitError::gix(ACTION))?;
                Ok(change(path, Some((blob, content.stat))))
            }
            None => Ok(change(path, None)),
        };
        return paths.iter().map(read).collect();
    };
    let start = || (folder.walk(), packer.here());
    let mut changes = Vec::with_capacity(paths.len());
    let read = |(walk, packer): &mut (Walk<'_>, PackerHere), path: &&str| {
        let Some(content) = walk.read(path)? else { return Ok((change(path, None), None)) };
        let is_encrypted = path.ends_with(".age");
        let kind = if is_encrypted { object::Content::Encrypted } else { object::Content::Text };
        let made = packer.blob(&content.bytes, kind);
        let (blob, entry) = made.map_err(GitError::gix(ACTION))?;
        Ok((change(path, Some((blob, content.stat))), entry))
    };
    for some in paths.chunks(BATCH) {
        let some = some.par_iter().with_min_len(AT_ONCE).map_init(start, read);
        for (change, entry) in some.collect::<Result<Vec<_>, GitError>>()? {
            match (entry, change.blob()) {
                (Some(entry), _) => objects.add(entry),
                (None, Some(blob)) => objects.note(blob),
                (None, None) => {}
            }
            changes.push(change);
        }
    }
    Ok(changes)
}

/// Moves the branch to a commit with the changes, if there are any.
fn advance(
    repo: &gix::Repository,
    objects: &mut Objects,
    changes: &[Change],
    tries: usize,
    job: &Job<'_>,
) -> Result<Outcome, GitError> {
    let author = Identity::of(repo, Role::Author, job.author);
    let committer = Identity::of(repo, Role::Committer, job.author);
    for _ in 0..tries {
        let Some(tip) = Tip::read(repo, &job.place)? else {
            return Ok(Outcome::Deferred(Reason::Detached));
        };
        let tree = edit(objects, tip.tree, changes).map_err(GitError::gix("write the git tree"))?;
        if tree == tip.tree {
            return Ok(Outcome::Nothing);
        }
        let signatures = [committer.signature(), author.signature()];
        let made = objects.commit(signatures, &job.message, tree, tip.commit);
        let commit = made.map_err(GitError::gix("commit"))?;
        // Before the branch names them.
        objects.flush()?;
        let what = if tip.commit.is_some() { "commit" } else { "commit (initial)" };
        let noted = format!("{what}: {}", job.message.lines().next().unwrap_or_default());
        match branch::step(repo, &job.place, tip.commit, commit, &committer, noted) {
            Ok(()) => {
                let parent = tip.commit.map(|parent| parent.to_string());
                return Ok(Outcome::Committed { id: commit.to_string(), parent });
            }
            Err(error)
                if error.can_retry() || Tip::read(repo, &job.place)?.as_ref() != Some(&tip) => {}
            Err(error) => return Err(GitError::gix("commit")(error)),
        }
    }
    Ok(Outcome::Deferred(Reason::BranchBusy))
}

/// Adds the trees that change.
pub(super) fn edit(
    objects: &mut Objects,
    tree: ObjectId,
    changes: &[Change],
) -> gix::Result<ObjectId> {
    objects.trees(tree, |editor| {
        for change in changes {
            let segments = change.path.split_str("/").map(ByteSlice::as_bstr);
            match change.new {
                Some((id, _)) => editor.upsert(segments, index::KIND, id)?,
                None => editor.remove_if_leaf(segments)?,
            };
        }
        Ok(())
    })
}
