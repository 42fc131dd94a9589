//! Mending what a power cut left of a repository, with the git program. The work tree stays as it
//! is.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Stdio;

use gix::bstr::ByteSlice as _;
use walkdir::WalkDir;

use super::error::GitError;
use super::health::{ACTION, asked, damage, empty_objects};
use super::kind::Kind;
use super::locate::Worktree;
use super::{Settings, program};

/// What the file `HEAD` names where the reftable says what is checked out (git's technical/reftable.txt).
const NO_BRANCH: &str = ".invalid";

/// What was mended.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    /// How many empty objects were removed.
    pub(crate) objects: usize,
    /// Whether objects that were lost came back, from the work tree or a remote.
    pub(crate) is_refilled: bool,
    /// The commit that the branch was moved back to.
    pub(crate) branch: Option<String>,
    /// Whether the index was made anew.
    pub(crate) index: bool,
    /// What `HEAD` names again.
    pub(crate) head: Option<String>,
    /// Files of the vault, relative to it, that are not as in that commit.
    pub(crate) changed: Vec<String>,
}

/// Has an empty `HEAD` name the branch again; removes empty objects; takes objects that are lost
/// from the work tree and from the remotes. Where the newest commit still cannot be read in
/// whole, it moves the branch back to the newest one that can, its own or one that was fetched.
/// Makes an index that is empty, or that was of a lost commit, anew.
///
/// # Errors
/// [`GitError::Io`]; [`GitError::Program`] without git; [`GitError::Refused`] where no commit of
/// the branch can be read, or nothing tells which branch `HEAD` named.
pub(crate) fn mend(vault: &Path) -> Result<Mended, GitError> {
    let mut mended = Mended::default();
    let mut found = damage(vault)?;
    let Some(place) = Worktree::find(vault)?.filter(|_| !found.is_none()) else {
        return Ok(mended);
    };
    if let Some(head) = &found.head {
        mended.head = Some(name_again(head, &place.common_dir)?);
        found = damage(vault)?;
    }
    for path in empty_objects(&place) {
        std::fs::remove_file(&path).map_err(GitError::io("remove", &path))?;
        mended.objects += 1;
    }
    if let Some(branch) = place.branch() {
        let tip = asked(&place, &["rev-parse", "-q", "--verify", &branch])?;
        let is_unborn = tip.is_none() && found.branch.is_none();
        let mut is_sound = is_unborn || tip.as_ref().is_some_and(|tip| is_whole(&place, tip));
        if !is_sound && let Some(tip) = &tip {
            is_sound = is_refilled(&place, tip)?;
            mended.is_refilled = is_sound;
        }
        if !is_sound {
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

/// Writes a `HEAD` anew: the branch that git noted last, else the one that stands where `HEAD` was
/// noted to stand, else the only one that there is.
fn name_again(head: &Path, common_dir: &Path) -> Result<String, GitError> {
    if Kind::of(common_dir).has_reftable {
        return written(head, NO_BRANCH).map(|()| NO_BRANCH.to_owned());
    }
    let mut branches = branches(common_dir);
    // A branch is checked out once.
    let worktrees = std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten();
    let worktrees = worktrees.filter_map(|entry| Some(entry.ok()?.path().join("HEAD")));
    for other in worktrees.chain([common_dir.join("HEAD")]) {
        let named = std::fs::read_to_string(other).unwrap_or_default();
        branches.remove(named.trim_start_matches("ref: refs/heads/").trim());
    }
    let noted = head.with_file_name("logs").join("HEAD");
    let noted = std::fs::read_to_string(noted).unwrap_or_default();
    let moved = noted.lines().rev().find_map(|line| {
        line.split_once("\tcheckout: moving from ")?.1.rsplit_once(" to ").map(|(_, to)| to)
    });
    let stood = noted.lines().last().and_then(|line| line.split(' ').nth(1));
    fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
        all.next().filter(|_| all.next().is_none())
    }
    let found = branches
        .keys()
        .find(|name| Some(name.as_str()) == moved)
        .or_else(|| {
            let there = branches.iter().filter(|(_, id)| Some(id.as_str()) == stood);
            only(there.map(|(name, _)| name))
        })
        .or_else(|| only(branches.keys()));
    let Some(branch) = found else {
        let names: Vec<&str> = branches.keys().map(String::as_str).collect();
        let line = format!(
            "nothing tells which branch '{}' named ({}): write 'ref: refs/heads/BRANCH' into it",
            head.display(),
            names.join(", ")
        );
        return Err(GitError::Refused { action: ACTION, line });
    };
    written(head, branch).map(|()| branch.clone())
}

fn written(head: &Path, branch: &str) -> Result<(), GitError> {
    std::fs::write(head, format!("ref: refs/heads/{branch}\n"))
        .and_then(|()| std::fs::File::open(head)?.sync_all())
        .map_err(GitError::io("write", head))
}

/// The branches and where they stand, read without git, which finds no repository.
fn branches(common_dir: &Path) -> BTreeMap<String, String> {
    let packed = std::fs::read_to_string(common_dir.join("packed-refs")).unwrap_or_default();
    let packed = packed.lines().filter_map(|line| {
        let (id, name) = line.split_once(" refs/heads/")?;
        Some((name.to_owned(), id.to_owned()))
    });
    let folder = common_dir.join("refs/heads");
    let loose = WalkDir::new(&folder).into_iter().filter_map(|entry| {
        let entry = entry.ok().filter(|entry| entry.file_type().is_file())?;
        let name = entry.path().strip_prefix(&folder).ok()?.to_str()?.to_owned();
        let id = std::fs::read_to_string(entry.path()).unwrap_or_default();
        Some((name, id.trim().to_owned()))
    });
    packed.chain(loose).collect()
}

/// Takes objects that a commit lacks from the work tree, then from the remotes; tells whether it
/// is whole then.
fn is_refilled(place: &Worktree, commit: &str) -> Result<bool, GitError> {
    refill(place)?;
    if is_whole(place, commit) {
        return Ok(true);
    }
    let remotes = asked(place, &["remote"])?.unwrap_or_default();
    for remote in remotes.lines() {
        // All of it, as if nothing were here: what is here git does not look at. Git checks in the
        // end that what is here is whole, and complains where it is not yet.
        let words = ["fetch", "-q", "--refetch", "--no-recurse-submodules", "--", remote];
        let mut command = program::git(place, &Settings::default());
        command.env("GIT_TERMINAL_PROMPT", "0").args(words);
        let _ = program::silent(&mut command).status();
        if is_whole(place, commit) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes an object for each file of the vault that git knows. Others are not given to git: a key
/// may be among them.
fn refill(place: &Worktree) -> Result<(), GitError> {
    let vault = place.prefix.to_str_lossy();
    let mut of_index = vec!["ls-files", "-z", "--"];
    let mut of_commit = vec!["ls-tree", "-r", "-z", "--name-only", "HEAD", "--"];
    if !vault.is_empty() {
        of_index.push(&vault);
        of_commit.push(&vault);
    }
    let known = [asked(place, &of_index)?, asked(place, &of_commit)?];
    let mut names: Vec<&str> = known.iter().flatten().flat_map(|said| said.split('\0')).collect();
    names.sort_unstable();
    names.dedup();
    let is_file = |name: &&str| {
        let file = place.work_tree.join(name).symlink_metadata();
        !name.contains(['\n', '"']) && file.is_ok_and(|file| file.is_file())
    };
    let names: String = names.into_iter().filter(is_file).flat_map(|name| [name, "\n"]).collect();
    let failed = |source| GitError::Program { action: ACTION, source };
    let mut command = program::git(place, &Settings::default());
    command.args(["hash-object", "-w", "--stdin-paths"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // Whether it took them all shows in the commit.
        let _ = input.write_all(names.as_bytes());
    }
    child.wait().map_err(failed)?;
    Ok(())
}

fn move_back(place: &Worktree, branch: &str) -> Result<String, GitError> {
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
fn is_whole(place: &Worktree, commit: &str) -> bool {
    asked(place, &["rev-list", "--objects", "--quiet", commit]).is_ok_and(|said| said.is_some())
}

/// Files of the vault that are not as in the last commit.
fn changed(place: &Worktree) -> Result<Vec<String>, GitError> {
    let vault = place.vault.to_string_lossy();
    let words = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--"];
    let said = program::answer(place, ACTION, &[&words[..], &[&vault]].concat())?;
    let paths = said.split('\0').filter_map(|line| line.get(3..));
    let prefix = place.prefix.to_str_lossy();
    Ok(paths.filter_map(|path| path.strip_prefix(&*prefix)).map(str::to_owned).collect())
}
