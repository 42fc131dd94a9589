//! What the next commit would change, as the index has it.

use std::collections::BTreeMap;
use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::index::entry::Stage;

use super::compare::{Entry, committed, contents};
use super::error::GitError;
use super::history::repository;
use super::index;
use super::reason::Reason;

/// A file of the vault that the next commit adds or replaces.
#[derive(Debug, Clone)]
pub(crate) struct Staged {
    /// The path inside the vault, for people where it is not text.
    pub(crate) path: String,
    /// What is to be committed.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a plain file.
    pub(crate) is_plain: bool,
}

/// What the next commit changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// What it adds or replaces, sorted by path.
    pub(crate) files: Vec<Staged>,
    /// What it takes away, sorted.
    pub(crate) removed: Vec<String>,
    /// Files that stay as they are and lie beside one that does not, by the same name with another
    /// ending.
    pub(crate) beside: BTreeMap<String, Vec<u8>>,
}

/// Lists that; `index` is the file that git names to its hooks.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::Gix`], [`GitError::TooLarge`].
pub(crate) fn staged(vault: &Path, index: Option<&Path>) -> Result<Change, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let path = index.map_or_else(|| place.index(), |path| place.work_tree.join(path));
    let index = index::load(&path, repo.object_hash())?;
    let committed = committed(&place, &repo)?;
    let mut change = Change::default();
    let mut there: BTreeMap<BString, Entry> = BTreeMap::new();
    for entry in index.entries().iter().filter(|entry| entry.stage() == Stage::Unconflicted) {
        let path = entry.path(&index);
        let Some(inside) = path.strip_prefix(place.prefix.as_slice()) else { continue };
        let Some(mode) = entry.mode.to_tree_entry_mode() else { continue };
        let now = Entry { id: entry.id, mode };
        there.insert(path.to_owned(), now);
        if committed.get(path) == Some(&now) {
            continue;
        }
        let path = inside.to_str_lossy().into_owned();
        let is_plain = now.is_plain();
        let bytes = if is_plain { contents(&place, &repo, &now)? } else { Vec::new() };
        change.files.push(Staged { path, bytes, is_plain });
    }
    for path in committed.keys().filter(|path| !there.contains_key(*path)) {
        if let Some(inside) = path.strip_prefix(place.prefix.as_slice()) {
            change.removed.push(inside.to_str_lossy().into_owned());
        }
    }
    let changed = change.files.iter().map(|file| &file.path).chain(&change.removed);
    for path in changed.filter_map(|path| partner(path)).collect::<Vec<_>>() {
        let whole = [place.prefix.as_slice(), path.as_bytes()].concat();
        let is_changed = change.files.iter().any(|file| file.path == path);
        if let Some(entry) = there.get(BStr::new(&whole)).filter(|_| !is_changed)
            && entry.is_plain()
        {
            change.beside.insert(path, contents(&place, &repo, entry)?);
        }
    }
    Ok(change)
}

/// The other file of a pair of value and record.
pub(crate) fn partner(path: &str) -> Option<String> {
    let swapped = |from: &str, to: &str| Some(format!("{}{to}", path.strip_suffix(from)?));
    swapped(".age", ".toml").or_else(|| swapped(".toml", ".age"))
}
