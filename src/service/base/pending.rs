//! The changes that wait for their commit. The list is part of each change, so that whatever
//! interrupts a commit, the next change makes up for it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Result;
use crate::fs::{self, LocalFile, Root, VaultPath};
use crate::git;

const LIMIT: usize = 64 << 20;

/// Changes that are published and not committed, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) messages: Vec<String>,
    pub(crate) paths: BTreeSet<String>,
}

impl Pending {
    /// Loads the list; one that cannot be read counts as empty, as its paths are in the
    /// files anyway.
    pub(crate) fn load(root: &Root) -> Result<Self> {
        let bytes = fs::read_outside(&root.local(LocalFile::Pending), LIMIT)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// The same without the messages of what somebody committed otherwise: no commit claims it once
    /// more. The paths stay, as git's index may still wait for them.
    pub(crate) fn still(self, vault: &Path) -> Self {
        let paths: Vec<String> = self.valid_paths().collect();
        match paths.is_empty() || git::differs_from_last_commit(vault, &paths).unwrap_or(true) {
            true => self,
            false => Self { messages: Vec::new(), ..self },
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Adds one change.
    pub(crate) fn add(&mut self, message: String, paths: &[VaultPath]) {
        self.messages.push(message);
        let valid = paths.iter().map(|path| path.as_str().to_owned());
        self.paths.extend(valid);
    }

    /// The list as its file holds it.
    pub(crate) fn render(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The paths, as far as they are ones of a vault.
    pub(crate) fn valid_paths(&self) -> impl Iterator<Item = String> {
        self.paths.iter().filter(|path| VaultPath::parse(path).is_some()).cloned()
    }

    /// The newest change in the first line, those that had waited below it.
    pub(crate) fn message(&self) -> String {
        let Some((newest, waited)) = self.messages.split_last() else { return String::new() };
        let mut message = newest.clone();
        if !waited.is_empty() {
            message.push_str("\n\nWith what was not committed before:\n");
            waited.iter().for_each(|line| message.push_str(&format!("- {line}\n")));
        }
        message
    }
}

/// Drops the list of changes that wait for a commit.
pub(crate) fn drop_pending(root: &Root) -> std::result::Result<(), fs::FsError> {
    fs::remove_file(&root.local(LocalFile::Pending))
}
