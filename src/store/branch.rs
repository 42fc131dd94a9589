//! Files that are older than this machine has seen them: put back, or those of a branch that never had
//! the newer ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use super::documents::Document;
use super::error::{Kept, RolledBackPast, StoreError};
use super::pins::Version;
use super::record::Record;
use super::signed::claimed;
use super::vault::Vault;
use crate::fs::VaultPath;

/// What commits tell of the vault's files.
pub(crate) trait Commits: Debug + Send + Sync {
    /// The branch that is checked out, when it is asked for first.
    fn branch(&self) -> Option<String>;

    /// The branch as which what is checked out counts: without one that of a remote which stands there.
    fn standing_on(&self) -> Option<String>;

    /// Where the branch of a remote that stands at what is checked out stood before.
    fn stood(&self) -> Vec<String>;

    /// The branch and the commit that are checked out now.
    fn tip(&self) -> Option<AcceptedTip>;

    /// The files below a folder of which commits behind the branch tell, or others.
    fn files(&self, folder: &str, tips: &[String], others: &[String]) -> Vec<String>;

    /// Whether a commit behind the branch, or behind `tips`, gave the file a content that `is_it`. Where
    /// that cannot be told, it did.
    fn had(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool;

    /// Such a content of a commit that is not behind these, and is reached from another branch or from
    /// `others`.
    fn elsewhere(
        &self,
        path: &str,
        tips: &[String],
        others: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<OtherContent>;

    /// Whether a commit, or one behind it, gave the file such a content.
    fn had_before(
        &self,
        commit: &str,
        path: &str,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool;

    /// Whether a branch is one that requests are merged into.
    fn is_main(&self, branch: &str) -> bool;

    /// Whether all of these commits are here.
    fn has_all(&self, commits: &[String]) -> bool;

    /// A branch of this repository, and not of a remote, with a commit not behind these that gave the file such a
    /// content.
    fn own_branch_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String>;

    /// The name that a branch had before.
    fn renamed_from(&self, branch: &str) -> Option<String>;

    /// The commit behind the branch, or behind `tips`, that gave the file such a content, by the start of its name.
    fn commit_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String>;

    /// The commit of this branch that took the file back from such a content.
    fn undone_by(&self, path: &str, is_it: &mut dyn FnMut(Option<&[u8]>) -> bool)
    -> Option<String>;

    /// Whether a commit that is to be brought in from the branch that this one follows, as last fetched, gave
    /// the file such a content.
    fn upstream_has(&self, path: &str, is_it: &mut dyn FnMut(Option<&[u8]>) -> bool) -> bool;
}

/// A branch, and the commit at which it stands.
#[derive(Debug)]
pub(crate) struct AcceptedTip {
    pub(crate) branch: String,
    pub(crate) commit: String,
}

/// Whose commits have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BranchSide {
    /// Those behind the branch that is checked out.
    Here,
    /// Those of another one.
    Other,
}

/// The content of a file in another branch.
#[derive(Debug)]
pub(crate) struct OtherContent {
    pub(crate) branch: String,
    /// The commit, by the start of its name.
    pub(crate) commit: String,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// What another branch may have, and this one not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// That the file was removed.
    Removal,
    /// The file at all.
    File,
}

/// What was found out in this process.
#[derive(Debug, Default)]
pub(super) struct Findings {
    behind: Mutex<HashMap<(Wanted, String), bool>>,
    /// Of records below their pin: what they were put back from, or nothing.
    put_back: Mutex<HashMap<VaultPath, Option<PutBack>>>,
    newer: Mutex<BTreeMap<String, BTreeSet<VaultPath>>>,
    /// The commits that have members or policies of other branches which are obeyed.
    rules: Mutex<BTreeSet<String>>,
}

impl Vault {
    /// What is newer in other branches than here, by branch, as far as it was met.
    pub(crate) fn newer_elsewhere(&self) -> Vec<(String, Vec<VaultPath>)> {
        let newer = self.findings.newer.lock().unwrap_or_else(PoisonError::into_inner);
        newer
            .iter()
            .map(|(branch, paths)| (branch.clone(), paths.iter().cloned().collect()))
            .collect()
    }

    /// Whether the branch never had the content of a file that `is_it`, and another one has.
    pub(super) fn is_behind(
        &self,
        path: &VaultPath,
        wanted: Wanted,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        let known = || self.findings.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (wanted, path.as_str().to_owned());
        if let Some(known) = known().get(&key) {
            return *known;
        }
        let newer = self.newer(path, is_it);
        let is_behind = newer.is_some();
        if let Some(newer) = newer {
            self.tell_newer(newer.branch, path);
        }
        known().insert(key, is_behind);
        is_behind
    }

    /// Refuses a record below its pin, unless the higher version is another branch's: what this branch had
    /// itself was put back, whatever others have. `is_good` tells whether somebody signed a record who may.
    ///
    /// # Errors
    /// `RolledBack`.
    pub(super) fn refuse_put_back(
        &self,
        path: &VaultPath,
        found: Version,
        seen: Version,
        is_good: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let known = || self.findings.put_back.lock().unwrap_or_else(PoisonError::into_inner);
        let known_one = known().get(path).cloned();
        let put_back = known_one.unwrap_or_else(|| {
            let found = self.put_back(path, found, seen, is_good);
            known().insert(path.clone(), found.clone());
            found
        });
        put_back.map_or(Ok(()), |PutBack { from, past }| {
            let (path, found) = (path.clone(), found.version);
            Err(StoreError::RolledBack { path, found, seen: from.version, past: past.into() })
        })
    }

    fn put_back(
        &self,
        path: &VaultPath,
        found: Version,
        seen: Version,
        is_good: &dyn Fn(&[u8]) -> bool,
    ) -> Option<PutBack> {
        let version = |bytes: &[u8]| {
            let record = claimed::<Record>(path, bytes).ok()?.0;
            Some(Version::from(&record))
        };
        let branch = self.commits.branch();
        let tips = &tips(self.commits.as_ref(), &self.pins, branch.as_deref());
        let mut from = None;
        let had = self.commits.had(path.as_str(), tips, &mut |bytes| {
            from = bytes.and_then(version).filter(|then| *then > found && *then <= seen);
            from.is_some()
        });
        // Commits are forgotten, and other clones have other ones: what was met here stays known.
        let here = self.commits.standing_on();
        let is_main = here.as_deref().is_some_and(|here| self.commits.is_main(here));
        match self.pins.only_on(path).filter(|only| only.version == seen) {
            _ if from.is_some() => {}
            Some(only) if here.as_deref().unwrap_or(DETACHED) == only.branch => {}
            Some(only) if found < only.base => {
                return Some(PutBack { from: only.base, past: RolledBackPast::default() });
            }
            Some(only) => {
                if is_main {
                    self.pins.raise_base(path, found);
                }
                self.tell_newer(shown(&only.branch).to_owned(), path);
                return None;
            }
            None if is_main && branch.is_some() => {
                return Some(PutBack { from: seen, past: RolledBackPast::default() });
            }
            None => {}
        }
        // What a commit had that is not here cannot be told.
        if had || !self.commits.has_all(tips) {
            let Some(from) = from else {
                return Some(PutBack { from: seen, past: RolledBackPast::default() });
            };
            let is_it = &mut |bytes: Option<&[u8]>| bytes.and_then(version) == Some(from);
            let kept = match self.commits.upstream_has(path.as_str(), is_it) {
                true => Kept::Upstream,
                false => Kept::Here,
            };
            let undone_by = self.commits.undone_by(path.as_str(), is_it);
            let past = RolledBackPast { kept, commit: None, undone_by };
            return Some(PutBack { from, past });
        }
        let others = self.pins.other_tips(branch.as_deref());
        let is_it = &mut |bytes: Option<&[u8]>| {
            let is_newer = |bytes: &[u8]| version(bytes).is_some_and(|version| version >= seen);
            bytes.is_some_and(|bytes| is_newer(bytes) && is_good(bytes))
        };
        // Where main stands at the remote, this repository's branches tell, and not whoever pushed one.
        let newer = match is_main {
            true => self.commits.own_branch_with(path.as_str(), tips, is_it),
            false => {
                let other = self.commits.elsewhere(path.as_str(), tips, &others, is_it);
                other.map(|other| other.branch)
            }
        };
        match newer {
            Some(branch) => {
                self.tell_newer(branch, path);
                None
            }
            None => Some(PutBack { from: seen, past: RolledBackPast::default() }),
        }
    }

    /// What commits of this branch tell of a document that was put back.
    pub(super) fn past_of<D: Document>(&self, path: &VaultPath, seen: Version) -> RolledBackPast {
        let is_it = &mut |bytes: Option<&[u8]>| {
            let document = bytes.and_then(|bytes| self.approved::<D>(path, bytes.to_vec()));
            document.is_some_and(|document| document.version() >= seen.version)
        };
        let branch = self.commits.branch();
        let tips = tips(self.commits.as_ref(), &self.pins, branch.as_deref());
        let commit = self.commits.commit_with(path.as_str(), &tips, is_it);
        let undone_by = self.commits.undone_by(path.as_str(), is_it);
        RolledBackPast { kept: Kept::Here, commit, undone_by }
    }

    /// The branch that was checked out each time the pinned version of a file was met, where that is another
    /// one than now, and nothing higher than what was found was met elsewhere.
    pub(super) fn only_on(
        &self,
        path: &VaultPath,
        found: Version,
        seen: Version,
    ) -> Option<String> {
        let only = self.pins.only_on(path)?;
        let here = self.commits.standing_on().unwrap_or_else(|| DETACHED.to_owned());
        (only.version == seen && only.branch != here && found >= only.base)
            .then(|| shown(&only.branch).to_owned())
    }

    /// Notes that the version of a pin was met: on a main branch it is no request's any more.
    pub(super) fn met(&self, path: &VaultPath, version: Version) {
        if self.pins.only_on(path).is_some_and(|only| only.version == version)
            && self.commits.standing_on().is_some_and(|here| self.commits.is_main(&here))
        {
            self.pins.forget_branch(path);
        }
    }

    /// Whether members or policies of another branch are obeyed, as far as they were met: then what is
    /// encrypted here need not be encrypted to those who may read it by now.
    pub(crate) fn obeys_another_branch(&self) -> bool {
        !self.rule_commits().is_empty()
    }

    pub(super) fn note_rule_of_another_branch(&self, commit: String) {
        self.rule_commits().insert(commit);
    }

    fn rule_commits(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.findings.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether whoever made the newer rules of other branches had this very content of a file before them:
    /// what was signed since is judged by them.
    pub(super) fn is_older_than_rules(&self, path: &VaultPath, content: &[u8]) -> bool {
        let commits = self.rule_commits().clone();
        let had = |commit: &String| {
            self.commits.had_before(commit, path.as_str(), &mut |bytes| bytes == Some(content))
        };
        !commits.is_empty() && commits.iter().all(had)
    }

    /// The content of a file that `is_it`, in another branch, where this one never had it.
    pub(super) fn newer(
        &self,
        path: &VaultPath,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<OtherContent> {
        newer(self.commits.as_ref(), &self.pins, path, is_it)
    }

    /// Notes what a branch has that is newer than here.
    pub(super) fn tell_newer(&self, branch: String, path: &VaultPath) {
        let mut newer = self.findings.newer.lock().unwrap_or_else(PoisonError::into_inner);
        newer.entry(branch).or_default().insert(path.clone());
    }

    /// Who has, or had, a file of a folder that `is_it`, by its name and content: this branch, or else
    /// another one. Where the commits cannot be read this one had it.
    pub(crate) fn side_of(
        &self,
        folder: &str,
        is_it: &dyn Fn(&str, &[u8]) -> bool,
    ) -> Option<BranchSide> {
        let branch = self.commits.branch();
        let tips = &tips(self.commits.as_ref(), &self.pins, branch.as_deref());
        let others = self.pins.other_tips(branch.as_deref());
        let told = |file: &str, bytes: Option<&[u8]>| bytes.is_some_and(|bytes| is_it(file, bytes));
        // Of a folder itself no commit tells: asked for it, those that cannot be read had it.
        if self.commits.had(folder, tips, &mut |_| false) {
            return Some(BranchSide::Here);
        }
        let files = self.commits.files(folder, tips, &others);
        let mut here = files.iter();
        if here.any(|file| self.commits.had(file, tips, &mut |bytes| told(file, bytes))) {
            return Some(BranchSide::Here);
        }
        let elsewhere = |file: &String| {
            self.commits.elsewhere(file, tips, &others, &mut |bytes| told(file, bytes))
        };
        files.iter().find_map(elsewhere).map(|_| BranchSide::Other)
    }

    /// Remembers the commit that is checked out as one that was accepted.
    pub(crate) fn accept_tip(&self) {
        if self.pins.folder().is_some()
            && let Some(tip) = self.commits.tip()
        {
            self.pins.accept_tip(&tip.branch, &tip.commit);
        }
    }
}

/// What a record was put back from.
#[derive(Debug, Clone)]
struct PutBack {
    from: Version,
    past: RolledBackPast,
}

/// As [`Vault::newer`], while the vault is being opened.
pub(super) fn newer(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
    path: &VaultPath,
    is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
) -> Option<OtherContent> {
    let branch = commits.branch();
    let tips = &tips(commits, pins, branch.as_deref());
    if commits.had(path.as_str(), tips, is_it) {
        return None;
    }
    let others = pins.other_tips(branch.as_deref());
    commits.elsewhere(path.as_str(), tips, &others, is_it)
}

/// The commits accepted on a branch, under the name that it has or had.
fn tips(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
    branch: Option<&str>,
) -> Vec<String> {
    if branch.is_none() {
        return commits.stood();
    }
    let mut all = pins.tips(branch).to_vec();
    let mut name = branch.map(str::to_owned);
    for _ in 0..RENAMES {
        name = name.and_then(|name| commits.renamed_from(&name));
        match &name {
            Some(before) => all.extend_from_slice(pins.tips(Some(before))),
            None => break,
        }
    }
    all
}

/// What stands for a branch where none is checked out.
pub(super) const DETACHED: &str = "(detached)";
/// How often a branch may have got another name.
const RENAMES: usize = 8;

fn shown(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}
