//! Files that are older than this machine has seen them: put back, or those of a branch that never had
//! the newer ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether members or policies of another branch are obeyed.
    rules: AtomicBool,
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
    /// itself was put back, whatever others have.
    ///
    /// # Errors
    /// `RolledBack`.
    pub(super) fn refuse_put_back(
        &self,
        path: &VaultPath,
        found: Version,
        seen: Version,
    ) -> Result<(), StoreError> {
        let known = || self.findings.put_back.lock().unwrap_or_else(PoisonError::into_inner);
        let known_one = known().get(path).cloned();
        let put_back = known_one.unwrap_or_else(|| {
            let found = self.put_back(path, found, seen);
            known().insert(path.clone(), found.clone());
            found
        });
        put_back.map_or(Ok(()), |PutBack { from, past }| {
            let (path, found) = (path.clone(), found.version);
            Err(StoreError::RolledBack { path, found, seen: from.version, past: past.into() })
        })
    }

    fn put_back(&self, path: &VaultPath, found: Version, seen: Version) -> Option<PutBack> {
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
        if had {
            // Where the commits cannot be read, none of them is known to have it.
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
        let is_it = &mut |bytes: Option<&[u8]>| bytes.and_then(version).is_some_and(|v| v >= seen);
        let branch = match self.commits.elsewhere(path.as_str(), tips, &others, is_it) {
            Some(other) => Some(other.branch),
            // Its commits are in another clone, or gone.
            None => self.only_on(path, seen),
        };
        match branch {
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

    /// The branch that was checked out each time this version of a file was met, where that is another one
    /// than now.
    pub(super) fn only_on(&self, path: &VaultPath, seen: Version) -> Option<String> {
        let (version, branch) = self.pins.only_on(path)?;
        let here = self.commits.branch()?;
        (version == seen && branch != here)
            .then(|| branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned())
    }

    /// Notes that the version of a pin was met, which may be on another branch than before.
    pub(super) fn met(&self, path: &VaultPath, version: Version) {
        if let Some((only, branch)) = self.pins.only_on(path)
            && only == version
            && self.commits.branch().is_none_or(|here| here != branch)
        {
            self.pins.forget_branch(path);
        }
    }

    /// Whether members or policies of another branch are obeyed, as far as they were met: then what is
    /// encrypted here need not be encrypted to those who may read it by now.
    pub(crate) fn obeys_another_branch(&self) -> bool {
        self.findings.rules.load(Ordering::Relaxed)
    }

    pub(super) fn note_rule_of_another_branch(&self) {
        self.findings.rules.store(true, Ordering::Relaxed);
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
    let own = pins.tips(branch);
    match branch {
        Some(branch) if own.is_empty() => {
            let before = commits.renamed_from(branch);
            before.map_or_else(Vec::new, |before| pins.tips(Some(&before)).to_vec())
        }
        _ => own.to_vec(),
    }
}
