//! What git's commits tell the store of files that are older than this machine has seen them.

use std::path::Path;

use crate::git::{self, Lineage};
use crate::store::{AcceptedTip, Commits, OtherContent};

/// The commits around what is checked out.
#[derive(Debug)]
pub(super) struct GitCommits {
    vault: std::path::PathBuf,
    lineage: Lineage,
}

impl GitCommits {
    pub(super) fn of(vault: &Path) -> Box<dyn Commits> {
        Box::new(Self { vault: vault.to_owned(), lineage: Lineage::of(vault) })
    }
}

impl Commits for GitCommits {
    fn branch(&self) -> Option<String> {
        self.lineage.tip()?.branch.clone()
    }

    fn tip(&self) -> Option<AcceptedTip> {
        let tip = git::tip(&self.vault).ok()?.filter(|tip| tip.is_branchs)?;
        Some(AcceptedTip { branch: tip.branch?, commit: tip.commit })
    }

    fn files(&self, folder: &str, tips: &[String], others: &[String]) -> Vec<String> {
        self.lineage.files(folder, tips, others)
    }

    fn had(
        &self,
        path: &str,
        tips: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        self.lineage.had(path, tips, is_it)
    }

    fn elsewhere(
        &self,
        path: &str,
        tips: &[String],
        others: &[String],
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Option<OtherContent> {
        let found = self.lineage.elsewhere(path, tips, others, is_it)?;
        Some(OtherContent { branch: found.branch, bytes: found.bytes })
    }
}
