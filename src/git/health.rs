//! What a power cut leaves of a repository whose files nobody flushed: objects, an index, a branch
//! and a `HEAD` that are there by name only, or not at all.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use walkdir::WalkDir;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, object, program};

/// What is being done, for an error.
pub(super) const ACTION: &str = "mend the git repository";

/// How many of the newest commits are looked at in whole. What a cut takes is seconds old; the
/// whole of a long history takes git half a minute.
const RECENT: &str = "-20";

/// What is wrong with a repository.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    /// How many objects are empty files.
    pub(crate) objects: usize,
    /// Whether the history needs one of them; what a commit left that was cut short it does not.
    pub(crate) is_needed: bool,
    /// How many objects of the newest commits are not there at all.
    pub(crate) missing: usize,
    /// The index is an empty file.
    pub(crate) index: bool,
    /// The branch, where it names no commit that can be read.
    pub(crate) branch: Option<String>,
    /// `HEAD`, where it is an empty file: git takes the folder for no repository then.
    pub(crate) head: Option<PathBuf>,
}

impl Damage {
    /// Whether nothing is.
    pub(crate) fn is_none(&self) -> bool {
        self.objects == 0
            && self.missing == 0
            && !self.index
            && self.branch.is_none()
            && self.head.is_none()
    }
}

/// Looks for what a power cut leaves. Reads names and sizes, and the newest commits.
///
/// # Errors
/// [`GitError::Io`], [`GitError::Gix`] where the repository cannot be found.
pub(crate) fn damage(vault: &Path) -> Result<Damage, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(Damage::default()) };
    if let Err(GitError::NoHead { file }) = place.require_head() {
        return Ok(Damage { head: Some(file), ..Damage::default() });
    }
    let is_lost = |branch: &String| {
        let id = std::fs::read(place.common_dir.join(branch));
        let is_empty = id.is_ok_and(|id| id.trim_ascii().is_empty());
        is_empty || !has_tree(&place)
    };
    let empty: Vec<PathBuf> = empty_objects(&place).collect();
    let branch = place.branch().filter(is_lost);
    // With a branch that is lost git has nothing to begin with.
    let missing = if branch.is_none() { missing(&place) } else { 0 };
    Ok(Damage {
        objects: empty.len(),
        is_needed: !empty.is_empty() && (branch.is_some() || needs_one_of(&place, &empty)),
        missing,
        index: place.index().metadata().is_ok_and(|index| index.len() == 0),
        branch,
        head: None,
    })
}

/// Whether a commit that is checked out, or one before it, consists of one of these objects.
fn needs_one_of(place: &Worktree, objects: &[PathBuf]) -> bool {
    // An empty commit or tree ends the walk.
    let Ok(Some(all)) = asked(place, &["rev-list", "--objects", "HEAD"]) else { return true };
    let mut ids = all.lines().filter_map(|line| line.split(' ').next());
    ids.any(|id| objects.iter().any(|path| path.ends_with(Path::new(&id[..2]).join(&id[2..]))))
}

/// How many objects of the newest commits are not there; of a repository around the vault only
/// those of the last commit that are the vault's. An object that is an empty file is there.
fn missing(place: &Worktree) -> usize {
    // Of a partial clone they are missing by intent. Without the git program nobody tells.
    if place.kind().part.is_some() {
        return 0;
    }
    let vault = place.prefix.to_str_lossy();
    let mut words = vec!["rev-list", "--objects", "--missing=print"];
    if vault.is_empty() {
        words.extend([RECENT, "HEAD", "--"]);
    } else {
        words.extend(["--no-walk", "HEAD", "--", &vault]);
    }
    let said = asked(place, &words).ok().flatten().unwrap_or_default();
    said.lines().filter(|line| line.starts_with('?')).count()
}

/// Whether the branch has no commit yet, or one whose tree is there.
fn has_tree(place: &Worktree) -> bool {
    // One that cannot be opened at all is told by whoever has to use it.
    let Ok(Ok(repo)) = super::open(place, &Settings::default()) else { return true };
    match repo.head() {
        Ok(head) if head.is_unborn() => true,
        Ok(_) => repo
            .head_commit()
            .and_then(|commit| Ok(commit.tree()?.decode().is_ok()))
            .unwrap_or(false),
        Err(_) => false,
    }
}

/// The objects that are empty files.
pub(super) fn empty_objects(place: &Worktree) -> impl Iterator<Item = PathBuf> {
    let is_hex = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let entries = WalkDir::new(object::folder(&place.common_dir))
        .min_depth(1)
        .max_depth(2)
        .into_iter()
        .filter_entry(move |entry| {
            entry.depth() != 1 || entry.file_name().to_str().is_some_and(is_hex)
        });
    let is_empty = |entry: &walkdir::DirEntry| {
        entry.file_type().is_file() && entry.metadata().is_ok_and(|file| file.len() == 0)
    };
    entries.filter_map(Result::ok).filter(is_empty).map(walkdir::DirEntry::into_path)
}

/// What git says; `None` where it refuses.
pub(super) fn asked(place: &Worktree, words: &[&str]) -> Result<Option<String>, GitError> {
    match program::answer(place, ACTION, words) {
        Ok(said) => Ok(Some(said.trim_end().to_owned())),
        Err(GitError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
