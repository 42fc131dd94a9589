//! A record or a document below its pin: put back, or another branch's.

use std::sync::PoisonError;

use super::MAX_TOML;
use super::branch::{behind, is_here, tips};
use super::documents::Document;
use super::error::{Kept, RolledBackPast, StoreError};
use super::pins::Version;
use super::record::Record;
use super::signed::claimed;
use super::vault::Vault;
use crate::fs::{self, Root, VaultPath};

/// What stands for a branch where none is checked out.
pub(super) const DETACHED: &str = "(detached)";

/// What a record was put back from.
#[derive(Debug, Clone)]
pub(super) struct PutBack {
    from: Version,
    past: RolledBackPast,
}

impl Vault {
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
        let version = |bytes: &[u8]| claimed_at(path, bytes);
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
        let mut wanted = seen;
        match self.pins.only_on(path).filter(|only| only.version == seen) {
            _ if from.is_some() => {}
            Some(only) if is_here(self.commits.as_ref(), &self.pins, &only.branch) => {}
            Some(only) if found < only.base && is_main => {
                return Some(self.undone(path, only.base, tips));
            }
            // An older branch or commit: others have what they had.
            Some(only) if found < only.base => wanted = only.base,
            Some(only) => {
                if is_main {
                    self.pins.raise_base(path, found);
                }
                self.tell_newer(shown(&only.branch).to_owned(), path);
                return None;
            }
            None if is_main && branch.is_some() => {
                return Some(self.undone(path, seen, tips));
            }
            None => {}
        }
        // What a commit had that is not here cannot be told.
        if had || !self.commits.has_all(tips) {
            return Some(self.undone(path, from.unwrap_or(seen), tips));
        }
        let others = self.pins.other_tips(branch.as_deref());
        let is_it = &mut |bytes: Option<&[u8]>| {
            let is_newer = |bytes: &[u8]| version(bytes).is_some_and(|version| version >= wanted);
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
            None => Some(self.undone(path, seen, tips)),
        }
    }

    /// A record that was put back, with what is known of where the newer version is.
    fn undone(&self, path: &VaultPath, from: Version, tips: &[String]) -> PutBack {
        let is_it = &mut |bytes: Option<&[u8]>| {
            bytes.and_then(|bytes| claimed_at(path, bytes)) == Some(from)
        };
        PutBack { from, past: self.past(path, tips, is_it) }
    }

    /// What is known of a document that was put back.
    pub(super) fn past_of<D: Document>(&self, path: &VaultPath, seen: Version) -> RolledBackPast {
        let is_it = &mut |bytes: Option<&[u8]>| {
            let document = bytes.and_then(|bytes| self.approved::<D>(path, bytes.to_vec()));
            document.is_some_and(|document| document.version() >= seen.version)
        };
        self.past(path, &behind(self.commits.as_ref(), &self.pins), is_it)
    }

    /// Where the content of a file is that `is_it`, and what took it from this branch.
    fn past(
        &self,
        path: &VaultPath,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> RolledBackPast {
        let place = path.as_str();
        let others = self.pins.other_tips(self.commits.branch().as_deref());
        let is_upstream = self.commits.upstream_has(place, is_it);
        let commit = self.commits.commit_with(place, tips, is_it).or_else(|| {
            self.commits.elsewhere(place, tips, &others, is_it).map(|other| other.branch)
        });
        let mut clones = self.other_clones().into_iter().filter(|folder| {
            let bytes = fs::read(&Root::new(folder), path, MAX_TOML).ok().flatten();
            is_it(bytes.as_deref())
        });
        let kept = match &commit {
            _ if is_upstream => Kept::Upstream,
            Some(_) => Kept::Here,
            None => clones.next().map_or(Kept::Nowhere, Kept::Clone),
        };
        drop(clones);
        let undone_by = self.commits.undone_by(place, is_it);
        RolledBackPast { kept, commit, undone_by }
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
        let is_here = is_here(self.commits.as_ref(), &self.pins, &only.branch);
        (only.version == seen && !is_here && found >= only.base)
            .then(|| shown(&only.branch).to_owned())
    }

    /// Notes that the version of a pin was met: where main has it, it is no request's any more.
    pub(super) fn met(&self, path: &VaultPath, version: Version) {
        let Some(only) = self.pins.only_on(path).filter(|only| only.version == version) else {
            return;
        };
        let is_mains = match self.commits.standing_on() {
            Some(here) if self.commits.is_main(&here) => true,
            here if here.as_deref().unwrap_or(DETACHED) == only.branch => false,
            // A branch that was made from a main one, or has it in it.
            _ => !self.met_on().is_none_or(|request| request.has(path.as_str())),
        };
        if is_mains {
            self.pins.forget_branch(path);
        }
    }
}

/// The version that a record claims to have.
fn claimed_at(path: &VaultPath, bytes: &[u8]) -> Option<Version> {
    Some(Version::from(&claimed::<Record>(path, bytes).ok()?.0))
}

/// The name of a branch for people.
pub(super) fn shown(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}
