//! Two branches compared file by file, and the work tree with the last commit.
//!
//! Nothing is compared inside a file: what both sides changed is for the caller to look at.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice as _};
use gix::objs::tree::EntryMode;

use super::error::GitError;
use super::history::repository;
use super::locate::Worktree;
use super::reason::Reason;
use super::{partial, private, program, refs};

const ACTION: &str = "compare the branches";
/// Largest file that is taken over, in bytes: more than any file of a vault has.
const LIMIT: u64 = 64 << 20;

/// A file as a commit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) id: ObjectId,
    pub(super) mode: EntryMode,
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
    pub(super) path: BString,
    /// As the last commit that both sides share has it.
    pub(crate) base: Option<Entry>,
    /// As the branch that is checked out has it.
    pub(crate) ours: Option<Entry>,
    /// As the other side has it.
    pub(crate) theirs: Option<Entry>,
}

impl Difference {
    /// A plain file with one of 255 contents in each of the three states.
    #[cfg(test)]
    pub(crate) fn made_up(path: &str, contents: [Option<u8>; 3]) -> Self {
        let [base, ours, theirs] = contents.map(|content| {
            let id = ObjectId::from_bytes_or_panic(&[content?; 20]);
            Some(Entry { id, mode: gix::objs::tree::EntryKind::Blob.into() })
        });
        Self { path: path.into(), base, ours, theirs }
    }

    /// The path; `None` where it is not text.
    pub(crate) fn path(&self) -> Option<&str> {
        self.path.to_str().ok()
    }

    /// The path for people.
    pub(crate) fn shown(&self) -> String {
        self.path.to_str_lossy().into_owned()
    }

    /// Whether only the other side changed it.
    pub(crate) fn is_changed_by_them_alone(&self) -> bool {
        self.ours == self.base
    }

    /// Whether both sides changed it.
    pub(crate) fn is_changed_by_both(&self) -> bool {
        self.ours != self.base && self.theirs != self.base
    }

    /// Whether every side that has it has it as a plain file.
    pub(crate) fn is_plain(&self) -> bool {
        [self.ours, self.theirs].iter().flatten().all(Entry::is_plain)
    }
}

/// How two branches differ.
#[derive(Debug)]
pub(crate) struct Divergence {
    pub(super) ours: ObjectId,
    pub(super) theirs: ObjectId,
    /// Commits that only the branch which is checked out has.
    pub(crate) ahead: usize,
    /// Commits that only the other side has.
    pub(crate) behind: usize,
    /// The files that differ, sorted by path; none where nothing is to be joined.
    pub(crate) files: Vec<Difference>,
}

impl Divergence {
    /// Two branches that differ in these files.
    #[cfg(test)]
    pub(crate) fn made_up(files: Vec<Difference>) -> Self {
        let [ours, theirs] = [1, 2].map(|byte| ObjectId::from_bytes_or_panic(&[byte; 20]));
        Self { ours, theirs, ahead: 1, behind: 1, files }
    }

    /// The commit of a side, in hex: the branch that is checked out, or the other one.
    pub(crate) fn tips(&self) -> (String, String) {
        (self.ours.to_string(), self.theirs.to_string())
    }
}

/// Compares the files of the vault in the branch that is checked out and in the commit `theirs`, given in
/// hex.
///
/// # Errors
/// [`GitError::Unrelated`] where the two share no commit; [`GitError::TracksPrivate`];
/// [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn compare(vault: &Path, theirs: &str) -> Result<Divergence, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let (ours, theirs) = (ours(&place, &repo)?, named(&place, &repo, theirs)?);
    let (ahead, behind) = distance(&place, ours, theirs)?;
    let base = base(&place, ours, theirs)?;
    [base, ours, theirs].into_iter().try_for_each(|tip| partial::bring_folders(&place, tip))?;
    let files = || -> gix::Result<Vec<Difference>> {
        Ok(match behind {
            0 => Vec::new(),
            _ => {
                let [base, ours, theirs] =
                    [base, ours, theirs].map(|tip| inside(&place, &repo, tip));
                differences(&base?, &ours?, &theirs?)
            }
        })
    };
    let files = files().map_err(GitError::gix(ACTION))?;
    // Whoever compares looks into them.
    let sides = files.iter().flat_map(|file| [file.base, file.ours, file.theirs]).flatten();
    partial::bring(&place, &repo, sides.map(|side| side.id))?;
    let division = Divergence { ours, theirs, ahead, behind, files };
    let private = |file: &&Difference| file.theirs.is_some() && private::is_private(&file.path);
    match division.files.iter().find(private) {
        Some(file) => Err(GitError::TracksPrivate { path: file.shown() }),
        None => Ok(division),
    }
}

/// The commit that is checked out.
fn ours(place: &Worktree, repo: &gix::Repository) -> Result<ObjectId, GitError> {
    refs::head(place, repo)?.ok_or(GitError::Unrelated)
}

/// The commit of a revision.
fn named(place: &Worktree, repo: &gix::Repository, rev: &str) -> Result<ObjectId, GitError> {
    refs::resolve(place, repo, rev)?.ok_or_else(|| GitError::NoRevision { rev: rev.to_owned() })
}

/// How many commits only the first has, and how many only the second.
///
/// Like [`base`] asked of the git program: gix gives wrong answers here where commits were made
/// within one second.
fn distance(
    place: &Worktree,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<(usize, usize), GitError> {
    let range = format!("{ours}...{theirs}");
    let counts = program::answer(place, ACTION, &["rev-list", "--left-right", "--count", &range])?;
    let mut counts = counts.split_whitespace().map_while(|count| count.parse().ok());
    match (counts.next(), counts.next()) {
        (Some(ahead), Some(behind)) => Ok((ahead, behind)),
        _ => Err(GitError::Unrelated),
    }
}

/// How many commits only the branch that is checked out has, and how many only `theirs`, a commit in
/// hex. The git program is asked only where one does not simply go on from the other.
///
/// # Errors
/// [`GitError::Unrelated`]; [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn ahead_and_behind(vault: &Path, theirs: &str) -> Result<(usize, usize), GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let ours = ours(&place, &repo)?;
    let theirs = ObjectId::from_hex(theirs.as_bytes()).map_err(|_| GitError::Unrelated)?;
    match straight(&repo, ours, theirs) {
        Some(ahead) => Ok((ahead, 0)),
        None => distance(&place, ours, theirs),
    }
}

/// How far back commits are looked at before the git program is asked.
const STRAIGHT: usize = 256;

/// How many commits lead from `theirs` to `ours`, where each has one parent: then their times, by which
/// gix counts wrong, decide nothing.
fn straight(repo: &gix::Repository, ours: ObjectId, theirs: ObjectId) -> Option<usize> {
    let mut at = ours;
    for count in 0..STRAIGHT {
        if at == theirs {
            return Some(count);
        }
        let commit = repo.find_commit(at).ok()?;
        let mut parents = commit.parent_ids();
        at = match (parents.next(), parents.next()) {
            (Some(only), None) => only.detach(),
            _ => return None,
        };
    }
    None
}

/// The last commit that both have.
fn base(place: &Worktree, ours: ObjectId, theirs: ObjectId) -> Result<ObjectId, GitError> {
    let (ours, theirs) = (ours.to_string(), theirs.to_string());
    // It exits 1 without a word where there is none.
    let base = program::answer(place, ACTION, &["merge-base", &ours, &theirs]);
    let base = base.map_err(|error| match error {
        GitError::Refused { .. } => GitError::Unrelated,
        other => other,
    })?;
    ObjectId::from_hex(base.trim().as_bytes()).map_err(|_| GitError::Unrelated)
}

/// Whether the branch that is checked out has this commit.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn is_ancestor(vault: &Path, commit: &str) -> Result<bool, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(false) };
    match program::answer(&place, ACTION, &["merge-base", "--is-ancestor", commit, "HEAD"]) {
        Ok(_) => Ok(true),
        Err(GitError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the history that leads to `now` left `before` out: the two share a past, and that does
/// not reach to `before`. False where this clone does not have both.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn leaves_out(vault: &Path, before: &str, now: &str) -> Result<bool, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(false) };
    match program::answer(&place, ACTION, &["merge-base", before, now]) {
        Ok(shared) => Ok(shared.trim() != before),
        Err(GitError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The commit that two revisions share, in hex; `None` where this clone knows of none.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`].
pub(crate) fn fork_point(vault: &Path, one: &str, other: &str) -> Result<Option<String>, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(None) };
    // A revision is a word that git reads, and no option.
    let words = ["merge-base", "--end-of-options", one, other];
    match program::answer(&place, ACTION, &words) {
        Ok(shared) => Ok(Some(shared.trim().to_owned())),
        Err(GitError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many commits of `rev` the branch that is checked out lacks.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn behind(vault: &Path, rev: &str) -> Result<usize, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(0) };
    let words = ["rev-list", "--count", "--end-of-options", rev, "^HEAD"];
    let count = program::answer(&place, ACTION, &words)?;
    Ok(count.trim().parse().unwrap_or(0))
}

/// Names the files that the branch which is checked out has otherwise than `commit`.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn paths_beyond(vault: &Path, commit: &str) -> Result<Vec<String>, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(Vec::new()) };
    let words = ["diff-tree", "-r", "-z", "--name-only", commit, "HEAD"];
    let listed = program::answer(&place, ACTION, &words)?;
    Ok(listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Counts the commits of the branch that is checked out.
///
/// # Errors
/// [`GitError::Gix`].
pub(crate) fn commits(vault: &Path) -> Result<usize, GitError> {
    let Some((place, _)) = repository(vault)? else { return Ok(0) };
    let count = program::answer(&place, ACTION, &["rev-list", "--count", "HEAD"])?;
    Ok(count.trim().parse().unwrap_or(0))
}

pub(super) type Files = BTreeMap<BString, Entry>;

pub(super) fn files(repo: &gix::Repository, commit: ObjectId) -> gix::Result<Files> {
    let files = repo.find_commit(commit)?.tree()?.traverse().breadthfirst.files()?;
    let entry = |file: gix::traverse::tree::recorder::Entry| {
        (!file.mode.is_tree()).then_some((file.filepath, Entry { id: file.oid, mode: file.mode }))
    };
    Ok(files.into_iter().filter_map(entry).collect())
}

/// The files of the vault that a commit has, as the vault names them.
fn inside(place: &Worktree, repo: &gix::Repository, commit: ObjectId) -> gix::Result<Files> {
    let all = files(repo, commit)?;
    let prefix = place.prefix.as_slice();
    if prefix.is_empty() {
        return Ok(all);
    }
    let own = all
        .into_iter()
        .filter_map(|(path, entry)| Some((BString::from(path.strip_prefix(prefix)?), entry)));
    Ok(own.collect())
}

/// The files of the commit that is checked out; none where there is none yet.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`], [`GitError::Refused`].
pub(super) fn committed(place: &Worktree, repo: &gix::Repository) -> Result<Files, GitError> {
    let Some(head) = refs::head(place, repo)? else { return Ok(Files::new()) };
    partial::bring_folders(place, head)?;
    files(repo, head).map_err(GitError::gix("read the branch"))
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
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    contents(&place, &repo, entry)
}

pub(super) fn contents(
    place: &Worktree,
    repo: &gix::Repository,
    entry: &Entry,
) -> Result<Vec<u8>, GitError> {
    partial::bring(place, repo, [entry.id])?;
    let size = repo.find_header(entry.id).map_err(GitError::gix("read the history"))?.size();
    if size > LIMIT {
        return Err(GitError::TooLarge { size });
    }
    let blob = repo.find_object(entry.id).map_err(GitError::gix("read the history"))?;
    Ok(blob.detach().data)
}
