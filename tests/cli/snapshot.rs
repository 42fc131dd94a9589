//! A picture of a vault: every path and its bytes, except what a refused command may write.
//!
//! Left out: `audit/` and `.local/` (a refusal is recorded) and git's objects, index, logs and
//! what it fetched. In the picture: HEAD and the branches, so a refusal that commits is seen.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// More than any file that authy writes; sparse monsters are pictured by their head.
const ENOUGH: u64 = 2 << 20;

/// The state of a folder at one moment.
#[derive(PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Vec<u8>>);

impl Snapshot {
    /// Pictures a vault; one that does not exist is empty.
    pub(crate) fn take(vault: &Path) -> Self {
        let git =
            [".git/objects", ".git/index", ".git/logs", ".git/FETCH_HEAD", ".git/refs/remotes"];
        Self::except(vault, &[&["audit", ".local"], &git[..]].concat())
    }

    /// Pictures every file of a folder.
    pub(crate) fn whole(folder: &Path) -> Self {
        Self::except(folder, &[])
    }

    /// Says which paths differ, if any.
    pub(crate) fn differences(&self, later: &Self) -> Option<String> {
        let mut paths: Vec<_> = self.0.keys().chain(later.0.keys()).collect();
        paths.sort();
        paths.dedup();
        paths.retain(|path| self.0.get(*path) != later.0.get(*path));
        (!paths.is_empty()).then(|| format!("the folder changed: {paths:?}"))
    }

    /// Whether these bytes stand in any file.
    pub(crate) fn holders(&self, needle: &[u8]) -> Vec<&Path> {
        let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        self.0.iter().filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path.as_path()).collect()
    }

    fn except(folder: &Path, skipped: &[&str]) -> Self {
        let mut files = BTreeMap::new();
        visit(folder, Path::new(""), &mut |inside, content| {
            let skip = skipped.iter().any(|prefix| inside.starts_with(prefix));
            if let (false, Some(bytes)) = (skip, content) {
                files.insert(inside.to_owned(), bytes());
            }
            !skip
        });
        Self(files)
    }
}

type Content<'a> = Option<&'a dyn Fn() -> Vec<u8>>;

fn visit(root: &Path, inside: &Path, report: &mut dyn FnMut(&Path, Content<'_>) -> bool) {
    let Ok(entries) = fs::read_dir(root.join(inside)) else { return };
    for entry in entries {
        let name = inside.join(entry.unwrap().file_name());
        let path = root.join(&name);
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            if report(&name, None) {
                visit(root, &name, report);
            }
        } else {
            report(&name, Some(&|| content(&path, &meta)));
        }
    }
}

fn content(path: &Path, meta: &fs::Metadata) -> Vec<u8> {
    if meta.is_symlink() {
        return fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec();
    }
    let mut bytes = format!("{:?}", (meta.file_type(), meta.len())).into_bytes();
    if meta.is_file() {
        let file = fs::File::open(path).unwrap();
        file.take(ENOUGH).read_to_end(&mut bytes).unwrap();
    }
    bytes
}
