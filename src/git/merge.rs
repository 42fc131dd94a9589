//! Two branches compared file by file, and joined.
//!
//! Nothing is merged inside a file: what to take where both sides changed one is the caller's
//! to say. The order keeps a crash harmless: first the caller publishes the files of the
//! vault, then the commit is made. Stopped between the two, the files are what a later commit
//! and a later merge make of them anyway.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::objs::tree::EntryMode;
use gix::refs::Target;
use gix::refs::transaction::{Change as RefChange, LogChange, PreviousValue, RefEdit, RefLog};

use super::commit;
use super::error::GitError;
use super::file::Folder;
use super::history::repository;
use super::identity::{Identity, Role};
use super::index;
use super::locate::Place;
use super::lock::{self, IndexLock};
use super::private;
use super::reason::Reason;
use super::{Settings, program};

/// Largest file that is taken over, in bytes: audit trails of before there were segments
/// lie in one file.
const LIMIT: u64 = 64 << 20;

/// A file as a commit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    id: ObjectId,
    mode: EntryMode,
}

impl Entry {
    /// Whether it is a plain file: no link, no program, no repository of its own.
    pub(crate) fn is_plain(&self) -> bool {
        self.mode.value() == 0o100_644
    }

    /// What git calls the content, in hex.
    pub(crate) fn blob(&self) -> String {
        self.id.to_string()
    }
}

/// A file that the two sides do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    path: BString,
    /// As the last commit that both sides share has it.
    pub(crate) base: Option<Entry>,
    /// As the branch that is checked out has it.
    pub(crate) ours: Option<Entry>,
    /// As the other side has it.
    pub(crate) theirs: Option<Entry>,
}

impl Difference {
    /// The path; `None` where it is no text.
    pub(crate) fn path(&self) -> Option<&str> {
        self.path.to_str().ok()
    }

    /// The path for people.
    pub(crate) fn shown(&self) -> String {
        self.path.to_str_lossy().into_owned()
    }

    /// Whether only the other side changed it.
    pub(crate) fn is_theirs(&self) -> bool {
        self.ours == self.base
    }

    /// Whether both sides changed it.
    pub(crate) fn is_both(&self) -> bool {
        self.ours != self.base && self.theirs != self.base
    }

    /// Whether every side that has it has it as a plain file.
    pub(crate) fn is_plain(&self) -> bool {
        [self.ours, self.theirs].iter().flatten().all(Entry::is_plain)
    }
}

/// How two branches differ.
#[derive(Debug)]
pub(crate) struct Division {
    ours: ObjectId,
    theirs: ObjectId,
    /// Commits that only the branch which is checked out has.
    pub(crate) ahead: usize,
    /// Commits that only the other side has.
    pub(crate) behind: usize,
    /// The files that differ, sorted by path; none where nothing is to be joined.
    pub(crate) files: Vec<Difference>,
}

/// Compares the branch that is checked out with the commit `theirs`, given in hex. The vault
/// must be the root of its work tree.
///
/// # Errors
/// [`GitError::Unrelated`] where the two share no commit; [`GitError::TracksPrivate`];
/// [`GitError::Gix`].
pub(crate) fn compare(vault: &Path, theirs: &str) -> Result<Division, GitError> {
    let Some((_, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    let mut repo = repo;
    repo.object_cache_size_if_unset(16 << 20);
    let read = || -> gix::Result<Option<Division>> {
        let (ours, theirs) = (repo.head_id()?.detach(), repo.rev_parse_single(theirs)?.detach());
        let Some(base) = repo.merge_base(ours, theirs)? else { return Ok(None) };
        let base = base.detach();
        let count = |from: ObjectId, without: ObjectId| -> gix::Result<usize> {
            let mut count = 0;
            for commit in repo.rev_walk([from]).with_hidden([without]).all()? {
                commit?;
                count += 1;
            }
            Ok(count)
        };
        let (ahead, behind) = (count(ours, theirs)?, count(theirs, ours)?);
        let files = match behind {
            0 => Vec::new(),
            _ => differences(&files(&repo, base)?, &files(&repo, ours)?, &files(&repo, theirs)?),
        };
        Ok(Some(Division { ours, theirs, ahead, behind, files }))
    };
    let division = read().map_err(GitError::gix("compare the branches"))?;
    let division = division.ok_or(GitError::Unrelated)?;
    let private = |file: &&Difference| file.theirs.is_some() && private::is_private(&file.path);
    match division.files.iter().find(private) {
        Some(file) => Err(GitError::TracksPrivate { path: file.shown() }),
        None => Ok(division),
    }
}

/// Counts the commits of the branch that is checked out.
///
/// # Errors
/// [`GitError::Gix`].
pub(crate) fn commits(vault: &Path) -> Result<usize, GitError> {
    let Some((_, repo)) = repository(vault)? else { return Ok(0) };
    let count = || -> gix::Result<usize> {
        let mut count = 0;
        for commit in repo.rev_walk([repo.head_id()?.detach()]).all()? {
            commit?;
            count += 1;
        }
        Ok(count)
    };
    count().map_err(GitError::gix("read the branch"))
}

type Files = BTreeMap<BString, Entry>;

fn files(repo: &gix::Repository, commit: ObjectId) -> gix::Result<Files> {
    let files = repo.find_commit(commit)?.tree()?.traverse().breadthfirst.files()?;
    let entry = |file: gix::traverse::tree::recorder::Entry| {
        (!file.mode.is_tree()).then_some((file.filepath, Entry { id: file.oid, mode: file.mode }))
    };
    Ok(files.into_iter().filter_map(entry).collect())
}

fn differences(base: &Files, ours: &Files, theirs: &Files) -> Vec<Difference> {
    let mut paths: Vec<&BString> = ours.keys().chain(theirs.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let at = |path: &BString| Difference {
        path: path.clone(),
        base: base.get(path).copied(),
        ours: ours.get(path).copied(),
        theirs: theirs.get(path).copied(),
    };
    paths.into_iter().map(at).filter(|file| file.ours != file.theirs).collect()
}

/// Reads what a commit has of a file.
///
/// # Errors
/// [`GitError::TooLarge`], [`GitError::Gix`].
pub(crate) fn content(vault: &Path, entry: &Entry) -> Result<Vec<u8>, GitError> {
    let Some((_, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    contents(&repo, entry)
}

fn contents(repo: &gix::Repository, entry: &Entry) -> Result<Vec<u8>, GitError> {
    let size = repo.find_header(entry.id).map_err(GitError::gix("read the history"))?.size();
    if size > LIMIT {
        return Err(GitError::TooLarge { size });
    }
    let blob = repo.find_object(entry.id).map_err(GitError::gix("read the history"))?;
    Ok(blob.detach().data)
}

/// Insists that the files to be replaced lie in the work tree as the last commit has them, or
/// as they are to be already: what somebody edited and did not commit is never overwritten.
///
/// # Errors
/// [`GitError::Uncommitted`]; [`GitError::NotRegular`], [`GitError::Io`].
pub(crate) fn refuse_uncommitted(vault: &Path, files: &[&Difference]) -> Result<(), GitError> {
    let folder = Folder::open(vault)?;
    for file in files {
        let Some(path) = file.path() else { continue };
        let here = blob_here(&folder, path)?;
        let id = |entry: &Option<Entry>| entry.map(|entry| entry.id);
        if here != id(&file.ours) && here != id(&file.theirs) {
            return Err(GitError::Uncommitted { path: path.to_owned() });
        }
    }
    Ok(())
}

/// Tells whether one of `paths` lies in the work tree otherwise than the last commit has it.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::NotRegular`], [`GitError::Io`],
/// [`GitError::Gix`].
pub(crate) fn differs_from_last_commit(vault: &Path, paths: &[String]) -> Result<bool, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    let tree = || -> gix::Result<Option<gix::Tree<'_>>> {
        let head = repo.head()?;
        Ok(if head.is_unborn() { None } else { Some(repo.head_commit()?.tree()?) })
    };
    let tree = tree().map_err(GitError::gix("read the branch"))?;
    let folder = Folder::open(&place.vault)?;
    for path in paths {
        let full = place.full(path);
        let entry = match &tree {
            Some(tree) => tree
                .lookup_entry_by_path(full.to_path_lossy())
                .map_err(GitError::gix("read the history"))?,
            None => None,
        };
        if blob_here(&folder, path)? != entry.map(|entry| entry.object_id()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What git would call the content of a file of the work tree.
fn blob_here(folder: &Folder, path: &str) -> Result<Option<ObjectId>, GitError> {
    let Some(content) = folder.read(path)? else { return Ok(None) };
    let hash =
        gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, &content.bytes);
    hash.map(Some)
        .map_err(|error| GitError::gix("read the work tree")(gix::Error::from_error(error)))
}

/// What joins two branches.
#[derive(Debug)]
pub(crate) struct Joining<'a> {
    pub(crate) vault: &'a Path,
    pub(crate) division: &'a Division,
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
pub(crate) fn bring_others(joining: &Joining<'_>) -> Result<(), GitError> {
    const ACTION: &str = "update the work tree";
    if joining.others.is_empty() {
        return Ok(());
    }
    let Some((place, repo)) = repository(joining.vault)? else { return Ok(()) };
    let tree = || -> gix::Result<(ObjectId, ObjectId)> {
        let before = repo.find_commit(joining.division.ours)?.tree_id()?.detach();
        Ok((before, with(&repo, before, joining.others)?))
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
pub(crate) fn join(joining: &Joining<'_>) -> Result<(), GitError> {
    let Some((place, repo)) = repository(joining.vault)? else { return Ok(()) };
    let not_ready = |reason| GitError::NotReady { reason };
    let path = place.index();
    let wait = Settings::default().wait();
    let Some(mut lock) = IndexLock::acquire(&path, wait)? else {
        return Err(not_ready(Reason::index_locked(lock::path_of(&path))));
    };
    let mut index = index::load(&path, repo.object_hash())?;
    let paths: Vec<&str> = joining.taken.iter().filter_map(|file| file.path()).collect();
    let changes = commit::read_files(&repo, &place, &paths)?;
    if index::apply(&mut index, &changes) {
        let skip_hash = repo.config_snapshot().boolean("index.skipHash").unwrap_or(false);
        lock.stage(|out| index::write(&index, out, skip_hash))?;
    }
    let tree = || -> gix::Result<ObjectId> {
        let ours = repo.find_commit(joining.division.ours)?.tree_id()?.detach();
        with(&repo, commit::edit(&repo, ours, &changes)?, joining.others)
    };
    let tree = tree().map_err(GitError::gix("write the git tree"))?;
    let tip = tip(joining, (&place, &repo), tree)?;
    match advance(&repo, (joining.division.ours, tip), joining.fallback_author) {
        Ok(()) => {}
        Err(_) if repo.head_id().is_ok_and(|now| now.detach() != joining.division.ours) => {
            return Err(not_ready(Reason::BranchBusy));
        }
        Err(error) => return Err(GitError::gix("move the branch")(error)),
    }
    lock.publish()
}

/// A tree with `files` as the other side has them.
fn with(repo: &gix::Repository, tree: ObjectId, files: &[&Difference]) -> gix::Result<ObjectId> {
    let mut editor = repo.edit_tree(tree)?.detach();
    for file in files {
        let segments = file.path.split_str("/").map(BStr::new);
        match file.theirs {
            Some(entry) => editor.upsert(segments, entry.mode.kind(), entry.id)?,
            None => editor.remove_if_leaf(segments)?,
        };
    }
    editor.write(|tree| Ok(repo.write_object(tree)?.detach()))
}

/// The commit that the branch is to stand at.
fn tip(
    joining: &Joining<'_>,
    (place, repo): (&Place, &gix::Repository),
    tree: ObjectId,
) -> Result<ObjectId, GitError> {
    let Division { ours, theirs, .. } = *joining.division;
    let of_theirs =
        || -> gix::Result<ObjectId> { Ok(repo.find_commit(theirs)?.tree_id()?.detach()) };
    let of_theirs = of_theirs().map_err(GitError::gix("read the history"))?;
    if joining.division.ahead == 0 && tree == of_theirs {
        return Ok(theirs);
    }
    if repo.config_snapshot().boolean("commit.gpgSign") == Some(true) {
        let made = program::signed_commit(
            (place, joining.fallback_author),
            joining.message,
            &[tree, ours, theirs],
        )?;
        return ObjectId::from_hex(made.trim().as_bytes())
            .map_err(|error| GitError::gix("read the new commit")(gix::Error::from_error(error)));
    }
    let author = Identity::of(repo, Role::Author, joining.fallback_author);
    let committer = Identity::of(repo, Role::Committer, joining.fallback_author);
    let made = repo.new_commit_as(
        committer.signature(),
        author.signature(),
        joining.message,
        tree,
        [ours, theirs],
    );
    Ok(made.map_err(GitError::gix("commit"))?.id)
}

/// Moves the branch from one commit to another, if it still stands at the first.
fn advance(
    repo: &gix::Repository,
    (from, to): (ObjectId, ObjectId),
    fallback_author: &str,
) -> gix::Result<()> {
    let committer = Identity::of(repo, Role::Committer, fallback_author);
    let log = LogChange {
        mode: RefLog::AndReference,
        force_create_reflog: false,
        message: "authy sync".into(),
    };
    let edit = RefEdit {
        change: RefChange::Update {
            log,
            expected: PreviousValue::MustExistAndMatch(Target::Object(from)),
            new: Target::Object(to),
        },
        name: "HEAD".try_into().map_err(gix::Error::from_error)?,
        deref: true,
    };
    repo.edit_references_as([edit], Some(committer.signature())).map(|_| ())
}
