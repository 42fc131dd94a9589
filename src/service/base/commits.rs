//! What git's commits tell the store of files that are older than this machine has seen them.

use std::path::Path;

use std::collections::BTreeSet;

use crate::git::{self, Lineage};
use crate::store::{AcceptedTip, Commits, OtherContent};

/// The commits around what is checked out.
#[derive(Debug)]
pub(super) struct GitCommits(Lineage);

impl GitCommits {
    pub(super) fn of(vault: &Path) -> Box<dyn Commits> {
        Box::new(Self(Lineage::of(vault)))
    }
}

impl Commits for GitCommits {
    fn branch(&self) -> Option<String> {
        self.0.tip()?.branch.clone()
    }

    fn standing_on(&self) -> Option<String> {
        self.0.standing_on()
    }

    fn stood(&self) -> Vec<String> {
        self.0.stood()
    }

    fn tip(&self) -> Option<AcceptedTip> {
        let tip = git::tip(self.0.vault()).ok()?.filter(|tip| tip.is_branchs)?;
        Some(AcceptedTip { branch: tip.branch?, commit: tip.commit })
    }

    fn files(&self, folder: &str, tips: &[String], others: &[String]) -> Vec<String> {
        self.0.files(folder, tips, others)
    }

    fn had(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        self.0.had(path, tips, is_it)
    }

    fn elsewhere(
        &self,
        path: &str,
        tips: &[String],
        others: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<OtherContent> {
        let found = self.0.elsewhere(path, tips, others, is_it)?;
        Some(OtherContent { branch: found.branch, bytes: found.bytes })
    }

    fn is_main(&self, branch: &str) -> bool {
        self.0.is_main(branch)
    }

    fn on_main(
        &self,
        path: &str,
        tips: Option<&[String]>,
        accepted: &[String],
        look: &mut dyn FnMut(Option<&[u8]>),
    ) -> Option<()> {
        self.0.on_main(path, tips, accepted, look)
    }

    fn own_files(&self, accepted: &[String]) -> Option<BTreeSet<String>> {
        self.0.own_files(accepted)
    }

    fn has_all(&self, commits: &[String]) -> bool {
        self.0.has_all(commits)
    }

    fn own_branch_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        self.0.own_branch_with(path, tips, is_it)
    }

    fn had_by(&self, branch: &str, commits: &[String]) -> Vec<String> {
        self.0.had_by(branch, commits)
    }

    fn former_names(&self, branch: &str) -> Vec<String> {
        self.0.former_names(branch)
    }

    fn commit_with(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        self.0.commit_with(path, tips, is_it)
    }

    fn undone_by(
        &self,
        path: &str,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<String> {
        self.0.undone_by(path, is_it)
    }

    fn upstream_has(&self, path: &str, is_it: &mut dyn FnMut(Option<&[u8]>) -> bool) -> bool {
        self.0.upstream_has(path, is_it)
    }
}
