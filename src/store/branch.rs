//! Files that are older than this machine has seen them: put back, or those of a branch that never had
//! the newer ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::only_on::RequestBranch;
use super::put_back::{DETACHED, PutBack};
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

    /// Whether a branch is one that requests are merged into.
    fn is_main(&self, branch: &str) -> bool;

    /// Shows every content that a commit behind the main branch, here or at `origin`, or behind `accepted`, gave the
    /// file, with `tips` but for those behind this branch and these; `None` where there is no such branch, or it
    /// cannot be read.
    fn on_main(
        &self,
        path: &str,
        tips: Option<&[String]>,
        accepted: &[String],
        look: &mut dyn FnMut(Option<&[u8]>),
    ) -> Option<()>;

    /// The files that this branch has by itself: that commits behind it, and behind no main branch nor `accepted`,
    /// gave a content, or that differ from the last commit. `None` where there is no main branch.
    fn own_files(&self, accepted: &[String]) -> Option<BTreeSet<String>>;

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

    /// Of commits that were accepted on a branch of this name those that this branch had.
    fn had_by(&self, branch: &str, commits: &[String]) -> Vec<String>;

    /// The names that a branch had before.
    fn former_names(&self, branch: &str) -> Vec<String>;

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
    pub(super) put_back: Mutex<HashMap<VaultPath, Option<PutBack>>>,
    newer: ByBranch,
    /// Rules that are in force once a request is merged, by its branch.
    waiting: ByBranch,
    /// The branch that was checked out when files were read first, where that is no main branch.
    met_on: OnceLock<Option<RequestBranch>>,
    /// Whether members or policies of another branch are obeyed.
    rules: AtomicBool,
}

impl Vault {
    /// What is newer in other branches than here, by branch, as far as it was met.
    pub(crate) fn newer_elsewhere(&self) -> Vec<(String, Vec<VaultPath>)> {
        by_branch(&self.findings.newer)
    }

    /// Rules of requests, which are in force here once these are merged, by branch, as far as they were met.
    pub(crate) fn waiting_elsewhere(&self) -> Vec<(String, Vec<VaultPath>)> {
        by_branch(&self.findings.waiting)
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

    /// Whether a branch is checked out that requests are merged into.
    pub(crate) fn is_on_main(&self) -> bool {
        self.commits.standing_on().is_some_and(|here| self.commits.is_main(&here))
    }

    /// The branch that was checked out when files were read first, where that is no main branch.
    pub(super) fn met_on(&self) -> Option<&RequestBranch> {
        self.findings.met_on.get_or_init(|| self.standing_request()).as_ref()
    }

    /// Notes what a branch has that is newer than here.
    pub(super) fn tell_newer(&self, branch: String, path: &VaultPath) {
        note(&self.findings.newer, branch, path);
    }

    /// Notes a rule that is in force here once the request of this branch is merged.
    pub(super) fn tell_waiting(&self, branch: String, path: &VaultPath) {
        note(&self.findings.waiting, branch, path);
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

type ByBranch = Mutex<BTreeMap<String, BTreeSet<VaultPath>>>;

fn note(noted: &ByBranch, branch: String, path: &VaultPath) {
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    noted.entry(branch).or_default().insert(path.clone());
}

fn by_branch(noted: &ByBranch) -> Vec<(String, Vec<VaultPath>)> {
    let noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    let of_one = |(branch, paths): (&String, &BTreeSet<VaultPath>)| {
        (branch.clone(), paths.iter().cloned().collect())
    };
    noted.iter().map(of_one).collect()
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

/// The commits accepted on the branch that is checked out.
pub(super) fn behind(commits: &dyn Commits, pins: &super::pin_store::PinStore) -> Vec<String> {
    tips(commits, pins, commits.branch().as_deref())
}

/// The commits accepted on main branches.
pub(super) fn accepted_on_main(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
) -> Vec<String> {
    pins.tips_where(|branch| commits.is_main(branch))
}

/// The commits accepted on a branch, under the name that it has or had.
pub(super) fn tips(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
    branch: Option<&str>,
) -> Vec<String> {
    let Some(name) = branch else { return commits.stood() };
    let former = commits.former_names(name);
    let former = former.iter().flat_map(|name| pins.tips(Some(name)).iter().cloned());
    accepted_on(commits, pins, name).into_iter().chain(former).collect()
}

/// The commits accepted on a branch, but for those of another request that was called so.
fn accepted_on(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
    branch: &str,
) -> Vec<String> {
    let tips = pins.tips(Some(branch));
    if tips.is_empty() || commits.is_main(branch) {
        tips.to_vec()
    } else {
        commits.had_by(branch, tips)
    }
}

/// Whether a branch that was met is the one that is checked out, and not another one that was called so.
pub(super) fn is_here(
    commits: &dyn Commits,
    pins: &super::pin_store::PinStore,
    branch: &str,
) -> bool {
    let here = commits.standing_on();
    here.as_deref().unwrap_or(DETACHED) == branch
        && accepted_on(commits, pins, branch).len() == pins.tips(Some(branch)).len()
}
