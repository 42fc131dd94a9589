//! Packs: many objects in one file, and the index that finds them in it (gitformat-pack(5)).

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gix::progress::Discard;
use gix_pack::bundle::write::Options;
use gix_pack::data::Version;
use gix_pack::data::input::Mode;
use gix_pack::data::output::Entry;
use gix_pack::data::output::bytes::FromEntriesIter;

use super::error::GitError;
use super::flush;

/// What stands in the files by which a pack is kept: whose they are.
const OURS: &str = "authy\n";
/// No commit takes as long.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A pack that no `git gc` removes for as long as this is there: until a branch names what is in it,
/// nothing tells that it is of use.
#[derive(Debug)]
pub(super) struct Keep(PathBuf);

impl Drop for Keep {
    fn drop(&mut self) {
        // One that stays costs room, until it is removed as abandoned.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes a pack and its index below the folder of all objects. Both are on the disk, whole, before
/// they have their names.
///
/// # Errors
/// [`GitError::Io`], [`GitError::Gix`].
pub(super) fn write(
    objects: &Path,
    entries: Vec<Entry>,
    hash: gix::hash::Kind,
) -> Result<Keep, GitError> {
    remove_abandoned(objects);
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let part = Part::default();
    let entries = entries.into_iter().map(|entry| Ok(vec![entry]));
    let writer = FromEntriesIter::new(entries, part.clone(), count, Version::V2, hash);
    let pack = Stream { writer, part, read: 0 };
    let workshop = Workshop::new(objects)?;
    let options = Options { iteration_mode: Mode::AsIs, ..Options::default() };
    let made = gix_pack::Bundle::write_to_directory(
        &mut BufReader::with_capacity(1 << 16, pack),
        Some(&workshop.0),
        &mut Discard,
        &AtomicBool::new(false),
        None::<gix::OdbHandle>,
        hash,
        options,
    )
    .map_err(GitError::gix("write the git pack"))?;
    let packs = objects.join("pack");
    let is_new = !packs.is_dir();
    std::fs::create_dir_all(&packs).map_err(GitError::io("make the folder", &packs))?;
    let name = format!("pack-{}", made.index.data_hash);
    let place = |ending: &str| packs.join(&name).with_extension(ending);
    let keep = Keep(place("keep"));
    std::fs::write(&keep.0, OURS).map_err(GitError::io("write", &keep.0))?;
    // The index last: by it a pack is found.
    for (from, ending) in [(made.data_path, "pack"), (made.index_path, "idx")] {
        let (Some(from), to) = (from, place(ending)) else { continue };
        make_read_only(&from).map_err(GitError::io("write", &from))?;
        flush::file(&from)?;
        std::fs::rename(&from, &to).map_err(GitError::io("write", &to))?;
    }
    flush::entries(&packs)?;
    if is_new {
        flush::entries(objects)?;
    }
    Ok(keep)
}

/// What was written of a pack and not read yet.
#[derive(Clone, Default)]
struct Part(Rc<RefCell<Vec<u8>>>);

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pack that is written as it is read: it need not be in memory as a whole, beside its entries.
struct Stream<I> {
    writer: FromEntriesIter<I, Part>,
    part: Part,
    read: usize,
}

impl<I: Iterator<Item = gix::Result<Vec<Entry>>>> Read for Stream<I> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.part.0.borrow().len() {
            self.part.0.borrow_mut().clear();
            self.read = 0;
            match self.writer.next() {
                Some(written) => written.map(drop).map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let part = self.part.0.borrow();
        let count = (&part[self.read..]).read(out)?;
        self.read += count;
        Ok(count)
    }
}

/// As git has its packs.
fn make_read_only(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444))
}

/// What folders for packs in the making are called. Not `tmp_…`: what is called so `git gc --prune=now`
/// removes while it is in use.
const WORKSHOP: &str = "authy-pack-";

/// A folder that goes when this does.
struct Workshop(PathBuf);

impl Workshop {
    fn new(objects: &Path) -> Result<Self, GitError> {
        let random = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 8]>());
        let folder = objects.join(format!("{WORKSHOP}{random}"));
        std::fs::create_dir(&folder).map_err(GitError::io("make the folder", &folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what commits left that a kill or a power cut ended: packs in the making, and what keeps
/// others from `git gc`. Best effort.
pub(super) fn remove_abandoned(objects: &Path) {
    for entry in std::fs::read_dir(objects).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(WORKSHOP));
        let modified = entry.metadata().and_then(|folder| folder.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > ABANDONED) {
            drop(Workshop(entry.path()));
        }
    }
    let packs = objects.join("pack");
    crate::fs::remove_older(&packs, ABANDONED, |name| {
        name.starts_with("pack-")
            && name.ends_with(".keep")
            && std::fs::read(packs.join(name)).is_ok_and(|text| text == OURS.as_bytes())
    });
}
