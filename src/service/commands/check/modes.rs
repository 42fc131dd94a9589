//! Who else on this machine may look at identities, or write to the vault.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Finding, Severity};
use crate::fs::{FOLDERS, KEYS, LOCAL, Root};

/// A file or folder that others may do more with than they should.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    what: &'static str,
    /// The permission bits to take away.
    excess: u32,
}

/// Warns of them.
pub(super) fn modes(root: &Root) -> Vec<Finding> {
    let finding = |open: Open| {
        let path = open.path.strip_prefix(root.path()).unwrap_or(&open.path).to_string_lossy();
        Finding::new(Severity::Warning, &path, &open.what)
            .mend(Some("run 'authy check --repair'".to_owned()))
    };
    find(root).into_iter().map(finding).collect()
}

/// Takes the excess away; returns how many there were.
pub(super) fn close(root: &Root) -> usize {
    let close = |open: &Open| {
        let Ok(meta) = open.path.symlink_metadata() else { return false };
        let mode = meta.permissions().mode() & !open.excess & 0o7777;
        fs::set_permissions(&open.path, fs::Permissions::from_mode(mode)).is_ok()
    };
    find(root).iter().filter(|open| close(open)).count()
}

fn find(root: &Root) -> Vec<Open> {
    let mut found = Vec::new();
    for folder in [KEYS, LOCAL] {
        found.extend(below(&root.path().join(folder), 0o077, "others may read it"));
    }
    for folder in FOLDERS {
        found.extend(below(&root.path().join(folder), 0o002, "everybody may write it"));
    }
    found.extend(excess(root.path(), 0o002, "everybody may write it"));
    found
}

fn below(folder: &Path, bits: u32, what: &'static str) -> Vec<Open> {
    let walk = WalkDir::new(folder).follow_links(false).into_iter().filter_map(Result::ok);
    // What only the owner may enter hides what is in it.
    if bits == 0o077 && excess(folder, bits, what).is_none() {
        return Vec::new();
    }
    walk.filter_map(|entry| excess(entry.path(), bits, what)).collect()
}

fn excess(path: &Path, bits: u32, what: &'static str) -> Option<Open> {
    let meta = path.symlink_metadata().ok()?;
    let excess = meta.permissions().mode() & bits;
    let is_ours = meta.is_file() || meta.is_dir();
    (is_ours && excess != 0).then(|| Open { path: path.to_owned(), what, excess })
}
