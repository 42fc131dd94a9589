//! The entries of git's index for the paths of a commit, and what git needs to trust the rest.
//!
//! gix writes an index as it is told. Here is what git does besides: forget conflicts, forget the
//! cached trees along a path, and look again at entries that may have changed without showing it.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode, Stage, Stat, stat};
use gix::index::extension::Tree;
use gix::index::{File, write};
use gix::objs::tree::EntryKind;

use super::error::GitError;
use super::file::Folder;
use super::locate::Worktree;

/// A file of the commit.
#[derive(Debug)]
pub(super) struct Change {
    /// Its path from the root of the work tree.
    pub(super) path: BString,
    /// Its blob and `stat`; `None` where it is removed.
    pub(super) new: Option<(gix::ObjectId, Stat)>,
}

impl Change {
    /// The blob, where there is one.
    pub(super) fn blob(&self) -> Option<gix::ObjectId> {
        self.new.as_ref().map(|(id, _)| *id)
    }
}

/// Files of a vault are smaller; what else lies there is git's own to look at.
const MOST_COMPARED: u64 = 2 << 20;

/// How [`Change`]s stand in trees.
pub(super) const KIND: EntryKind = EntryKind::Blob;

/// Reads the index at `path`; a missing one is empty.
///
/// # Errors
/// [`GitError::Gix`].
pub(super) fn load(path: &Path, hash: gix::hash::Kind) -> Result<File, GitError> {
    File::at_or_default(path, hash, false, Default::default())
        .map_err(GitError::gix("read the git index"))
}

/// Makes the entries of `changes` what the work tree of `place` holds; tells whether that changed
/// anything.
pub(super) fn apply(index: &mut File, changes: &[Change], place: &Worktree) -> bool {
    let before = index.entries().len();
    look_again(index, place);
    remove_obstacles(index, changes);
    let mut is_changed = index.entries().len() != before;
    let mut added = Vec::new();
    for change in changes {
        let Some((id, stat)) = change.new else { continue };
        match index.entry_mut_by_path_and_stage(change.path.as_bstr(), Stage::Unconflicted) {
            Some(entry) => {
                is_changed |= entry.id != id || entry.mode != Mode::FILE;
                (entry.id, entry.stat) = (id, stat);
                (entry.mode, entry.flags) = (Mode::FILE, Flags::empty());
            }
            None => added.push((id, stat, change.path.as_bstr())),
        }
    }
    // Looking up needs the entries sorted, so the new ones come last.
    is_changed |= !added.is_empty();
    for (id, stat, path) in added {
        index.dangerously_push_entry(stat, id, Flags::empty(), Mode::FILE, path);
    }
    index.sort_entries();
    if let Some(tree) = index.tree_mut() {
        changes.iter().for_each(|change| invalidate(tree, change.path.as_bstr()));
    }
    is_changed
}

/// Writes the index as git would, with a checksum unless `skip_hash`.
///
/// # Errors
/// [`GitError::Gix`].
pub(super) fn write(index: &File, out: &mut dyn Write, skip_hash: bool) -> Result<(), GitError> {
    index
        .write_to(out, write::Options { skip_hash, ..Default::default() })
        .map_err(GitError::gix("write the git index"))?;
    Ok(())
}

/// Compares the content of entries that are as young as the index they were read from, and of
/// those that nobody has compared since they were.
///
/// Such a file may have changed in the same tick without showing it in its `stat`. Git sees that
/// from the time of the index, which is about to become younger. Seconds, because git usually is
/// built to compare seconds. What cannot be said to be the same has no size, as git writes it then:
/// its commands that do not look take it for modified.
fn look_again(index: &mut File, place: &Worktree) {
    let options = stat::Options { use_nsec: false, ..Default::default() };
    let timestamp = index.timestamp();
    let Ok(vault) = Folder::open(&place.vault) else { return };
    for (entry, path) in index.entries_mut_with_paths() {
        if entry.stat.size != 0 && !entry.stat.is_racy(timestamp, options) {
            continue;
        }
        entry.stat = match same(&vault, place, path, entry.id) {
            Some(stat) => stat,
            None => Stat { size: 0, ..entry.stat },
        };
    }
}

/// The `stat` of a file of the vault that has this content; of others nothing is said.
fn same(vault: &Folder, place: &Worktree, path: &BStr, id: gix::ObjectId) -> Option<Stat> {
    let inside = path.strip_prefix(place.prefix.as_slice())?.to_str().ok()?;
    let file = vault.find(inside).ok()??;
    if file.metadata().ok()?.len() > MOST_COMPARED {
        return None;
    }
    let content = vault.read(inside).ok()??;
    let found = gix::objs::compute_hash(id.kind(), gix::objs::Kind::Blob, &content.bytes);
    (found.ok()? == id).then_some(content.stat)
}

/// Removes what is deleted, the sides of conflicts, and files where a folder is to be, or the
/// other way round.
fn remove_obstacles(index: &mut File, changes: &[Change]) {
    let removed: HashSet<&BStr> =
        changes.iter().filter(|c| c.new.is_none()).map(|c| c.path.as_bstr()).collect();
    let kept: HashSet<&BStr> =
        changes.iter().filter(|c| c.new.is_some()).map(|c| c.path.as_bstr()).collect();
    let folders: HashSet<&BStr> = kept.iter().copied().flat_map(folders_of).collect();
    index.remove_entries(|_, path, entry| {
        removed.contains(path)
            || folders.contains(path)
            || (entry.stage_raw() != 0 && kept.contains(path))
            || folders_of(path).any(|folder| kept.contains(folder))
    });
}

/// The folders above `path`.
fn folders_of(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.find_iter("/").map(|end| path[..end].as_bstr())
}

/// Forgets the cached trees along `path`, or the next `git commit` would take the old ones.
fn invalidate(tree: &mut Tree, path: &BStr) {
    tree.num_entries = None;
    let (name, rest) = match path.split_once_str("/") {
        Some((name, rest)) => (name, Some(rest)),
        None => (path.as_bytes(), None),
    };
    let child = tree.children.iter().position(|child| child.name.as_slice() == name);
    match (child, rest) {
        (Some(child), Some(rest)) => invalidate(&mut tree.children[child], rest.as_bstr()),
        // A file takes the folder's place.
        (Some(child), None) => {
            tree.children.remove(child);
        }
        (None, _) => {}
    }
}
