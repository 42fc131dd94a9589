//! Which records name an address at all, remembered: a helper that is asked for one need not look into
//! ten thousand files.
//!
//! It lies in the state folder, beside the pins, and is believed for one thing only: that a record which
//! it leaves out names none. What it lists is read and verified. Files of a vault are put into place by
//! renames, git's too, so the marks of folders tell when it is old.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs;
use crate::many;
use crate::name::SecretName;
use crate::service::base::{Result, Snapshot};

/// The largest such file in bytes.
const LARGEST: usize = 16 << 20;
/// How every record begins the line of its addresses, as it is rendered.
const ADDRESSES: &str = "for = ";

#[derive(Serialize, Deserialize)]
struct Index {
    folders: Vec<(PathBuf, String)>,
    names: Vec<SecretName>,
}

/// The secrets whose records name an address, sorted.
///
/// # Errors
/// The folder of secrets cannot be read.
pub(super) fn named(opened: &Snapshot) -> Result<Vec<SecretName>> {
    let file = opened.vault.pins().folder().map(|folder| folder.join("places"));
    let kept = file.as_ref().and_then(|file| fs::read_plain(file, LARGEST).ok().flatten());
    let kept = kept.and_then(|bytes| serde_json::from_slice::<Index>(&bytes).ok());
    let root = opened.vault.root();
    let is_current = |index: &Index, file: &Path| {
        let is_same = |(folder, mark): &(PathBuf, String)| fs::is_marked_since(folder, mark, file);
        let first = index.folders.first();
        let is_ours = first.is_some_and(|(folder, _)| folder.starts_with(root.path()));
        is_ours && index.folders.iter().all(is_same)
    };
    if let (Some(index), Some(file)) = (kept, &file)
        && is_current(&index, file)
    {
        return Ok(index.names);
    }
    // Taken before the files are read: what changes meanwhile makes it old.
    let folders = fs::folders_of_secrets(root);
    let all = opened.vault.names()?;
    let names =
        many::map(&all, |name| opened.vault.record_mentions(name, ADDRESSES).then(|| name.clone()));
    let names: Vec<SecretName> = names.into_iter().flatten().collect();
    if let Some(file) = &file {
        let index = Index { folders, names: names.clone() };
        // Without it the files are looked into again.
        fs::jot(file, &serde_json::to_vec(&index).unwrap_or_default());
    }
    Ok(names)
}
