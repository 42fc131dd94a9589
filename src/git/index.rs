//! git's index: entries for the committed paths, and nothing else changed in it.

use std::io::Read as _;
use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode, Stage, Stat};
use rustix::fs::{OFlags, open as open_at};

/// A file as it is committed.
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    pub(super) stat: Stat,
}

/// What an entry of the index says.
pub(super) struct Content {
    pub(super) id: gix::ObjectId,
    pub(super) stat: Stat,
}

/// Opens the index, or makes an empty one.
pub(super) fn open(repo: &gix::Repository) -> Result<gix::index::File, gix::Error> {
    if repo.index_path().exists() {
        return repo.open_index();
    }
    let state = gix::index::State::new(repo.object_hash());
    Ok(gix::index::File::from_state(state, repo.index_path()))
}

/// Reads a file and its stat from the same open file; `None` where it is missing.
pub(super) fn read(vault: &Path, path: &str) -> std::io::Result<Option<Read>> {
    let file = vault.join(path);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut open = match open_at(&file, flags, rustix::fs::Mode::empty()) {
        Ok(fd) => std::fs::File::from(fd),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let meta = open.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::other(format!("'{path}' is not a regular file")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default());
    open.read_to_end(&mut bytes)?;
    whole_lines(path, &mut bytes);
    let fs_meta = gix::index::fs::Metadata::from_file(&open)?;
    let stat = Stat::from_fs(&fs_meta).map_err(std::io::Error::other)?;
    // A chain may have grown by a line since: then the stat is not that of these bytes.
    let stat = if stat.size as usize == bytes.len() { stat } else { Stat { size: 0, ..stat } };
    Ok(Some(Read { bytes, stat }))
}

/// An audit chain that is being appended to is committed up to its last whole line.
fn whole_lines(path: &str, bytes: &mut Vec<u8>) {
    if path.ends_with(".jsonl") {
        bytes.truncate(bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1));
    }
}

/// Sets the entry of `path`, out of any conflict.
pub(super) fn put(index: &mut gix::index::File, path: &str, content: &Content) {
    let path = BString::from(path);
    index.remove_entries(|_, other, entry| other == path && entry.stage_raw() != 0);
    match index.entry_mut_by_path_and_stage(path.as_bstr(), Stage::Unconflicted) {
        Some(entry) => {
            entry.id = content.id;
            entry.stat = content.stat;
            entry.mode = Mode::FILE;
            entry.flags.remove(Flags::INTENT_TO_ADD);
        }
        None => {
            let (id, stat) = (content.id, content.stat);
            index.dangerously_push_entry(stat, id, Flags::empty(), Mode::FILE, path.as_bstr());
            index.sort_entries();
        }
    }
    invalidate(index, path.as_bstr());
}

/// Removes every entry of `path`.
pub(super) fn remove(index: &mut gix::index::File, path: &str) {
    let path = BStr::new(path);
    index.remove_entries(|_, other, _| other == path);
    invalidate(index, path);
}

/// Marks the cached trees along `path` as outdated, as `git add` does: a stale one would
/// make the user's next commit record old content.
fn invalidate(index: &mut gix::index::File, path: &BStr) {
    let Some(mut tree) = index.tree_mut() else { return };
    tree.num_entries = None;
    let folders = path.rsplit_once_str(b"/").map(|(folders, _)| folders).unwrap_or_default();
    for folder in folders.split(|b| *b == b'/').filter(|folder| !folder.is_empty()) {
        match tree.children.iter_mut().find(|child| child.name.as_slice() == folder) {
            Some(child) => tree = child,
            None => return,
        }
        tree.num_entries = None;
    }
}

/// git compares contents where a file changed in the same tick as the index was written;
/// gix does not mark such entries when it writes, so they are marked here.
pub(super) fn refresh_racy(index: &mut gix::index::File) {
    let written = index.timestamp();
    for entry in index.entries_mut() {
        let changed = entry.stat.mtime;
        if i64::from(changed.secs) >= written.unix_seconds() {
            entry.stat.size = 0;
        }
    }
}
