//! What a power cut leaves of a repository whose files nobody flushed, and mending it: objects, an
//! index and a branch that are there by name only.

use std::io;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use walkdir::WalkDir;

use super::error::GitError;
use super::locate::Place;
use super::{Settings, object, program};

const ACTION: &str = "mend the git repository";

/// What is wrong with a repository.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    /// How many objects are empty files.
    pub(crate) objects: usize,
    /// Whether the history needs one of them; what a commit left that was cut short it does not.
    pub(crate) is_needed: bool,
    /// The index is an empty file.
    pub(crate) index: bool,
    /// The branch, where it names no commit that can be read.
    pub(crate) branch: Option<String>,
}

impl Damage {
    /// Whether nothing is.
    pub(crate) fn is_none(&self) -> bool {
        self.objects == 0 && !self.index && self.branch.is_none()
    }
}

/// What was mended.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    /// How many empty objects were removed.
    pub(crate) objects: usize,
    /// The commit that the branch was moved back to.
    pub(crate) branch: Option<String>,
    /// Whether the index was made anew.
    pub(crate) index: bool,
    /// Files of the vault, relative to it, that are not as in that commit.
    pub(crate) changed: Vec<String>,
}

/// Looks for what a power cut leaves. Reads names and sizes, and one commit.
///
/// # Errors
/// [`GitError::Io`], [`GitError::Gix`] where the repository cannot be found.
pub(crate) fn damage(vault: &Path) -> Result<Damage, GitError> {
    let Some(place) = Place::find(vault)? else { return Ok(Damage::default()) };
    let is_lost = |branch: &String| {
        let id = std::fs::read(place.common_dir.join(branch));
        let is_empty = id.is_ok_and(|id| id.trim_ascii().is_empty());
        is_empty || !place.is_foreign_to_gix() && !has_tree(&place)
    };
    let empty: Vec<PathBuf> = empty_objects(&place).collect();
    let branch = branch(&place).filter(is_lost);
    Ok(Damage {
        objects: empty.len(),
        is_needed: !empty.is_empty() && (branch.is_some() || needs_one_of(&place, &empty)),
        index: place.index().metadata().is_ok_and(|index| index.len() == 0),
        branch,
    })
}

/// Whether a commit that is checked out, or one before it, consists of one of these objects.
fn needs_one_of(place: &Place, objects: &[PathBuf]) -> bool {
    // An empty commit or tree ends the walk.
    let Ok(Some(all)) = asked(place, &["rev-list", "--objects", "HEAD"]) else { return true };
    let mut ids = all.lines().filter_map(|line| line.split(' ').next());
    ids.any(|id| objects.iter().any(|path| path.ends_with(Path::new(&id[..2]).join(&id[2..]))))
}

/// Whether the branch has no commit yet, or one whose tree is there.
fn has_tree(place: &Place) -> bool {
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

/// Removes empty objects, moves a branch whose newest commit cannot be read in whole back to the
/// newest that can, its own or one that was fetched, and makes an index that is empty, or
/// that was of a lost commit, anew. The work tree stays as it is.
///
/// # Errors
/// [`GitError::Io`]; [`GitError::Program`] without git; [`GitError::Refused`] where no commit of
/// the branch can be read.
pub(crate) fn mend(vault: &Path) -> Result<Mended, GitError> {
    let found = damage(vault)?;
    let Some(place) = Place::find(vault)?.filter(|_| !found.is_none()) else {
        return Ok(Mended::default());
    };
    let mut mended = Mended::default();
    for path in empty_objects(&place) {
        std::fs::remove_file(&path).map_err(GitError::io("remove", &path))?;
        mended.objects += 1;
    }
    if let Some(branch) = branch(&place) {
        let tip = asked(&place, &["rev-parse", "-q", "--verify", &branch])?;
        let is_unborn = tip.is_none() && found.branch.is_none();
        if !is_unborn && !tip.is_some_and(|tip| is_whole(&place, &tip)) {
            mended.branch = Some(move_back(&place, &branch)?);
        }
    }
    if found.index || mended.branch.is_some() {
        // One that is not empty may name trees that are lost.
        let path = place.index();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(GitError::io("remove", &path)(error));
            }
            _ => {}
        }
        program::answer(&place, ACTION, &["reset", "-q"])?;
        mended.index = true;
        mended.changed = changed(&place)?;
    }
    Ok(mended)
}

/// The branch that is checked out; `None` where none is.
fn branch(place: &Place) -> Option<String> {
    let head = std::fs::read_to_string(place.git_dir.join("HEAD")).ok()?;
    let name = head.strip_prefix("ref:")?.trim();
    name.starts_with("refs/heads/").then(|| name.to_owned())
}

fn empty_objects(place: &Place) -> impl Iterator<Item = PathBuf> {
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

fn move_back(place: &Place, branch: &str) -> Result<String, GitError> {
    let noted = std::fs::read(place.common_dir.join("logs").join(branch)).unwrap_or_default();
    let noted = noted.lines().rev().filter_map(|line| line.split_str(" ").nth(1)?.to_str().ok());
    let fetched = asked(place, &["for-each-ref", "--format=%(objectname)", "refs/remotes"])?
        .unwrap_or_default();
    let is_id = |id: &&str| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let whole = noted.chain(fetched.lines()).filter(is_id).find(|id| is_whole(place, id));
    let Some(commit) = whole else {
        let line =
            format!("no commit of '{branch}' is whole, and none was fetched: clone it again");
        return Err(GitError::Refused { action: ACTION, line });
    };
    // Git does not replace a branch that it cannot read.
    let path = place.common_dir.join(branch);
    if asked(place, &["rev-parse", "-q", "--verify", branch])?.is_none() && path.is_file() {
        std::fs::remove_file(&path).map_err(GitError::io("remove", &path))?;
    }
    program::answer(place, ACTION, &["update-ref", "-m", "authy check --repair", branch, commit])?;
    // Notes about lost commits would be an error to 'git fsck' for as long as they are kept.
    let never = ["--expire=never", "--expire-unreachable=never"];
    asked(place, &[&["reflog", "expire", "--stale-fix", "--all"][..], &never].concat())?;
    Ok(commit.to_owned())
}

/// Whether all that a commit consists of is there, and all before it.
fn is_whole(place: &Place, commit: &str) -> bool {
    asked(place, &["rev-list", "--objects", "--quiet", commit]).is_ok_and(|said| said.is_some())
}

/// Files of the vault that are not as in the last commit.
fn changed(place: &Place) -> Result<Vec<String>, GitError> {
    let vault = place.vault.to_string_lossy();
    let words = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--"];
    let said = program::answer(place, ACTION, &[&words[..], &[&vault]].concat())?;
    let paths = said.split('\0').filter_map(|line| line.get(3..));
    let prefix = place.prefix.to_str_lossy();
    Ok(paths.filter_map(|path| path.strip_prefix(&*prefix)).map(str::to_owned).collect())
}

/// What git says; `None` where it refuses.
fn asked(place: &Place, words: &[&str]) -> Result<Option<String>, GitError> {
    match program::answer(place, ACTION, words) {
        Ok(said) => Ok(Some(said.trim_end().to_owned())),
        Err(GitError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
