//! What commits tell of the files of a vault: those behind the branch that is checked out, and those of
//! other branches.
//!
//! Asked only where a file is older than this machine has seen it, so the git program does it: it walks
//! a history for all files at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use super::history::{content, repository};
use super::kind::Part;
use super::locate::Worktree;
use super::{Tip, partial, program, tip};

pub(super) const ACTION: &str = "read the history";
/// Letters of a commit's name.
const SHORT: usize = 12;
/// What is told of; values are not.
pub(super) const PLACES: [&str; 6] =
    ["authy.toml", "admins", "audit", "members", "policies", "secrets"];

/// The history around what is checked out.
#[derive(Debug)]
pub(crate) struct Lineage {
    pub(super) vault: PathBuf,
    tip: OnceLock<Option<Tip>>,
    here: OnceLock<Option<Told>>,
    /// Of the branches that are there.
    branches: OnceLock<Option<Told>>,
    /// Of commits that were a branch's when they were accepted.
    others: OnceLock<Option<Told>>,
    /// Of the branches that requests are merged into, and where these stand.
    pub(super) mains: OnceLock<Option<Told>>,
    pub(super) whole_mains: OnceLock<Option<Told>>,
    pub(super) main_refs: OnceLock<Vec<String>>,
    pub(super) head: OnceLock<Option<String>>,
}

/// Every content that some commits gave each file, the newest first.
pub(super) type Told = HashMap<String, Vec<Blob>>;

#[derive(Debug, Clone)]
pub(super) struct Blob {
    /// `None` where the file was taken away.
    id: Option<ObjectId>,
    /// The commit, by the start of its name.
    commit: String,
    /// From where the commit was reached, as in `refs/heads/main`.
    from: String,
}

/// A content that a commit of another branch gave a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// The branch, as people call it.
    pub(crate) branch: String,
    /// The commit, by the start of its name.
    pub(crate) commit: String,
    /// The file there; `None` where it was taken away.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Lineage {
    /// Takes the history of this vault, of which nothing is read before it is asked for.
    pub(crate) fn of(vault: &Path) -> Self {
        let vault = vault.to_owned();
        Self {
            vault,
            tip: OnceLock::new(),
            here: OnceLock::new(),
            branches: OnceLock::new(),
            others: OnceLock::new(),
            mains: OnceLock::new(),
            whole_mains: OnceLock::new(),
            main_refs: OnceLock::new(),
            head: OnceLock::new(),
        }
    }

    /// The vault's folder.
    pub(crate) fn vault(&self) -> &Path {
        &self.vault
    }

    /// Where the branch stood when that was asked for first; `None` where there is no commit.
    pub(crate) fn tip(&self) -> Option<&Tip> {
        self.tip.get_or_init(|| tip(&self.vault).ok().flatten()).as_ref()
    }

    /// Whether a commit behind the branch gave the file at `path` a content that `is_it`: the commit
    /// that is checked out, or one that was accepted before (`tips`). Where that cannot be told, it did.
    pub(crate) fn had(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        match self.here(tips) {
            Some(here) => self.find(here, path, is_it).is_some(),
            None => true,
        }
    }

    /// A content that `is_it`, of a commit that is not behind the branch.
    pub(crate) fn elsewhere(
        &self,
        path: &str,
        tips: &[String],
        others: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<Elsewhere> {
        let found = self.branches(tips).and_then(|told| self.find(told, path, is_it));
        found.or_else(|| self.find(self.others(tips, others)?, path, is_it))
    }

    /// The commit behind the branch, or behind `tips`, that gave the file a content that `is_it`, by the start of
    /// its name.
    pub(crate) fn commit_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        self.find(self.here(tips)?, path, is_it).map(|found| found.commit)
    }

    /// The commit of this branch that took a file back from a content that `is_it`, by the start of its name;
    /// `None` where the branch itself was moved.
    pub(crate) fn undone_by(
        &self,
        path: &str,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        let told = self.told(&["HEAD".to_owned()], None)?;
        let newer = self.find(&told, path, is_it)?;
        let mut commits = told.get(path)?.iter().map(|blob| &blob.commit);
        let before = commits.clone().position(|commit| *commit == newer.commit)?.checked_sub(1)?;
        commits.nth(before).cloned()
    }

    /// Whether a commit of the branch that this one follows, and not of this one, gave the file a content that
    /// `is_it`.
    pub(crate) fn upstream_has(
        &self,
        path: &str,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        let told = self.told(&["HEAD@{upstream}".to_owned()], Some(&[]));
        told.is_some_and(|told| self.find(&told, path, is_it).is_some())
    }

    /// The branch that is checked out, as in `refs/heads/main`; without one that of a remote which stands
    /// there, a main one first: as checkout actions leave it.
    pub(crate) fn standing_on(&self) -> Option<String> {
        let tip = self.tip()?;
        if tip.branch.is_some() {
            return tip.branch.clone();
        }
        let place = Worktree::find(&self.vault).ok()??;
        let words = ["for-each-ref", "--points-at=HEAD", "--format=%(refname:lstrip=3)"];
        let told = program::answer(&place, ACTION, &[&words[..], &["refs/remotes"]].concat());
        let told = told.ok()?;
        let names = told.lines().filter(|name| *name != "HEAD");
        let names: Vec<String> = names.map(|name| format!("refs/heads/{name}")).collect();
        names.iter().find(|name| self.is_main(name)).or_else(|| names.first()).cloned()
    }

    /// Where the branch of a remote that stands at what is checked out stood before, as its reflog tells.
    pub(crate) fn stood(&self) -> Vec<String> {
        let read = || {
            let branch = self.standing_on()?;
            let name = branch.strip_prefix("refs/heads/")?;
            let place = Worktree::find(&self.vault).ok()??;
            let remotes = place.common_dir.join("logs/refs/remotes");
            let logs = std::fs::read_dir(remotes).ok()?.flatten();
            let logs =
                logs.filter_map(|remote| std::fs::read_to_string(remote.path().join(name)).ok());
            // `OLD NEW WHO TIME<tab>WHAT`: a clone begins no log, so the first line's OLD counts too.
            let commits = |line: &str| -> Vec<String> {
                let both = line.split(' ').take(2);
                both.filter(|id| id.bytes().any(|b| b != b'0')).map(str::to_owned).collect()
            };
            Some(logs.flat_map(|log| log.lines().flat_map(commits).collect::<Vec<_>>()).collect())
        };
        read().unwrap_or_default()
    }

    /// A branch of this repository, and not of a remote, with a commit not behind HEAD and `tips` that gave the
    /// file a content that `is_it`.
    pub(crate) fn own_branch_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        let told = self.told(&["--branches".to_owned()], Some(tips))?;
        self.find(&told, path, is_it).map(|found| found.branch)
    }

    /// The names that the branch had before, as its reflog tells: `git branch -m` takes that along.
    pub(crate) fn former_names(&self, branch: &str) -> Vec<String> {
        let log = self.reflog(branch);
        // `OLD NEW WHO TIME<tab>Branch: renamed refs/heads/main to refs/heads/trunk`
        let name = |line: &str| {
            let told = line.split_once('\t')?.1.strip_prefix("Branch: renamed ")?;
            Some(told.split_once(" to ")?.0.to_owned())
        };
        log.lines().filter_map(name).collect()
    }

    /// Where a branch stood, as git noted it (`git reflog`), the oldest first; nothing where that is not known.
    fn reflog(&self, branch: &str) -> String {
        let place = Worktree::find(&self.vault).ok().flatten();
        let log =
            place.and_then(|place| std::fs::read(place.common_dir.join("logs").join(branch)).ok());
        log.unwrap_or_default().to_str_lossy().into_owned()
    }

    /// Of commits that were accepted on a branch of this name those that this branch had: one that was removed took
    /// its reflog along, and another one may have got its name. Where that cannot be told, all.
    pub(crate) fn had_by(&self, branch: &str, commits: &[String]) -> Vec<String> {
        let log = self.reflog(branch);
        // `0000… NEW WHO TIME<tab>branch: Created from main`
        let is_whole = log.lines().next().is_some_and(|first| {
            first.starts_with("0000000000") && first.contains("\tbranch: Created from ")
        });
        let is_known = |commit: &&String| !is_whole || log.contains(commit.as_str());
        commits.iter().filter(is_known).cloned().collect()
    }

    /// The files below a folder of which commits behind the branch tell, or others.
    pub(crate) fn files(&self, folder: &str, tips: &[String], others: &[String]) -> Vec<String> {
        let told = [self.here(tips), self.branches(tips), self.others(tips, others)];
        let told = told.into_iter().flatten();
        let is_below =
            |name: &&String| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let mut files: Vec<String> =
            told.flat_map(|told| told.keys()).filter(is_below).cloned().collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    fn here(&self, tips: &[String]) -> Option<&Told> {
        let told =
            self.here.get_or_init(|| self.told(&[&["HEAD".to_owned()], tips].concat(), None));
        told.as_ref()
    }

    /// Whether all of these commits are here.
    pub(crate) fn has_all(&self, commits: &[String]) -> bool {
        let Ok(Some((_, repo))) = repository(&self.vault) else { return false };
        let is_here = |commit: &String| {
            ObjectId::from_hex(commit.as_bytes()).is_ok_and(|id| repo.has_object(id))
        };
        commits.iter().all(is_here)
    }

    fn branches(&self, tips: &[String]) -> Option<&Told> {
        let refs = ["--branches", "--remotes"].map(str::to_owned);
        self.branches.get_or_init(|| self.told(&refs, Some(tips))).as_ref()
    }

    fn others(&self, tips: &[String], others: &[String]) -> Option<&Told> {
        if others.is_empty() {
            return None;
        }
        self.others.get_or_init(|| self.told(others, Some(tips))).as_ref()
    }

    pub(super) fn find(
        &self,
        told: &Told,
        path: &str,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<Elsewhere> {
        let blobs = told.get(path)?;
        let (place, repo) = repository(&self.vault).ok()??;
        // Without the remote what is not here says nothing.
        let _ = partial::bring(&place, &repo, blobs.iter().filter_map(|blob| blob.id));
        for blob in blobs {
            let bytes = match blob.id {
                Some(id) => match content(&repo, id) {
                    Ok(Some(bytes)) => Some(bytes),
                    // Not here, or larger than any file of a vault.
                    Ok(None) | Err(_) => continue,
                },
                None => None,
            };
            if is_it(bytes.as_deref()) {
                let (branch, commit) = (shown(&blob.from), blob.commit.clone());
                return Some(Elsewhere { branch, commit, bytes });
            }
        }
        None
    }

    /// What the commits tell that are reached from `from`; where `but` is given not from the branch, nor
    /// from those.
    pub(super) fn told(&self, from: &[String], but: Option<&[String]>) -> Option<Told> {
        let but = but.map(|but| [&["HEAD".to_owned()], but].concat());
        self.log(from, &but.unwrap_or_default())
    }

    /// What the commits tell that are reached from `from`, and not from `but`.
    pub(super) fn log(&self, from: &[String], but: &[String]) -> Option<Told> {
        self.tip()?;
        let place = Worktree::find(&self.vault).ok()??;
        // Each folder of each commit would be fetched by itself.
        if place.kind().part == Some(Part::Folders) {
            return None;
        }
        let mut words = vec!["-c", "log.showSignature=false", "log", "--raw", "--no-abbrev", "-m"];
        words.extend(["--no-renames", "--source", "--format=from %h %S", "--ignore-missing"]);
        words.extend(from.iter().map(String::as_str));
        if !but.is_empty() {
            words.push("--not");
            words.extend(but.iter().map(String::as_str));
        }
        let prefix = place.prefix.to_str().ok()?;
        let places: Vec<String> =
            PLACES.iter().map(|inside| place.full(inside).to_string()).collect();
        words.push("--");
        words.extend(places.iter().map(String::as_str));
        let log = program::answer(&place, ACTION, &words).ok()?;
        Some(parsed(&log, prefix))
    }
}

/// Reads what `git log --raw` says, with a line `from COMMIT REF` before each commit.
fn parsed(log: &str, prefix: &str) -> Told {
    let mut told = Told::new();
    let (mut commit, mut from) = ("", "");
    for line in log.lines() {
        if let Some(source) = line.strip_prefix("from ") {
            (commit, from) = source.split_once(' ').unwrap_or((source, ""));
            continue;
        }
        // `:MODE MODE BEFORE AFTER STATUS<tab>PATH` (git-diff-tree(1)); a path that git quotes is none
        // of a vault.
        let Some((about, path)) = line.strip_prefix(':').and_then(|line| line.split_once('\t'))
        else {
            continue;
        };
        let path = path.strip_prefix(prefix).filter(|path| !path.ends_with(".age"));
        let Some(path) = path else { continue };
        let Some(after) = about.split(' ').nth(3) else { continue };
        let Ok(id) = ObjectId::from_hex(after.as_bytes()) else { continue };
        let (commit, from) = (commit.chars().take(SHORT).collect(), from.to_owned());
        let blob = Blob { id: (!id.is_null()).then_some(id), commit, from };
        told.entry(path.to_owned()).or_default().push(blob);
    }
    told
}

/// The name of a branch for people; a commit by the start of its name.
fn shown(from: &str) -> String {
    match from.strip_prefix("refs/heads/").or_else(|| from.strip_prefix("refs/remotes/")) {
        Some(name) => name.to_owned(),
        None if from.bytes().all(|b| b.is_ascii_hexdigit()) => from.chars().take(10).collect(),
        None => from.to_owned(),
    }
}
