//! The objects of a commit: blobs, trees, the commit itself.
//!
//! A few are written as git's program does, a file each. Many wait in memory and become one pack: that
//! is flushed at once, takes a fraction of the room, and sets off no `git gc`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Kind, WriteTo, compute_hash};
use gix::zlib::Compression;
use gix::zlib::Status;
use gix::zlib::stream::deflate::{Compress, FlushCompress};
use gix_pack::data::output::Entry;
use gix_pack::data::output::entry;

use super::error::GitError;
use super::flush;
use super::pack::{self, Keep};
use crate::fs::WholeFlush;

/// More files than this are flushed with all of their file system.
const FEW: usize = 32;
/// From so many files on their objects become one pack: as many as git itself keeps packed when it
/// fetches them (`fetch.unpackLimit` in git-config(1)).
const MANY: usize = 100;

/// The objects that one commit adds to a repository.
#[derive(Debug)]
pub(super) struct Objects {
    /// Has what waits besides what is on the disk.
    repo: gix::Repository,
    /// Written and not flushed.
    written: BTreeSet<ObjectId>,
    /// How they are, where that is not one by one.
    whole: Option<WholeFlush>,
    /// What becomes a pack; `None` where each object becomes a file.
    waiting: Option<Vec<Entry>>,
    /// Keeps others from removing the pack before a branch names what is in it.
    keep: Option<Keep>,
}

impl Objects {
    /// For a commit of so many files.
    pub(super) fn new(repo: &gix::Repository, files: usize) -> Self {
        let is_many = files >= MANY;
        let objects = || std::fs::File::open(folder(repo.common_dir())).ok();
        let whole = (FEW..MANY).contains(&files).then(objects).flatten();
        let whole = whole.and_then(WholeFlush::of);
        let repo = repo.clone();
        let repo = if is_many { repo.with_object_memory() } else { repo };
        let waiting = is_many.then(|| Vec::with_capacity(files));
        Self { repo, written: BTreeSet::new(), whole, waiting, keep: None }
    }

    /// The repository, with what was added.
    pub(super) fn repo(&self) -> &gix::Repository {
        &self.repo
    }

    /// What makes blobs on any thread, where many are to come; [`Objects::add`] takes them.
    pub(super) fn packer(&self) -> Option<Packer> {
        self.waiting.as_ref().map(|_| Packer(self.repo.clone().into_sync()))
    }

    /// Adds what a [`PackerHere`] made.
    pub(super) fn add(&mut self, entry: Entry) {
        self.waiting.get_or_insert_default().push(entry);
    }

    /// Writes a blob.
    pub(super) fn blob(&mut self, bytes: &[u8]) -> gix::Result<ObjectId> {
        let id = compute_hash(self.repo.object_hash(), Kind::Blob, bytes)?;
        make_way(&self.repo, id, bytes)?;
        self.written.insert(self.repo.write_blob(bytes)?.detach());
        Ok(id)
    }

    /// Writes the trees in which `edit` changes `tree`. The plumbing editor does not look up each entry
    /// of each of them; it does not check names either, which the caller has done.
    pub(super) fn trees(
        &mut self,
        tree: ObjectId,
        edit: impl FnOnce(&mut gix::objs::tree::Editor<'_>) -> gix::Result<()>,
    ) -> gix::Result<ObjectId> {
        let Self { repo, written, .. } = self;
        let mut editor = repo.edit_tree(tree)?.detach();
        edit(&mut editor)?;
        editor.write(|tree| {
            let mut bytes = Vec::new();
            tree.write_to(&mut bytes).map_err(gix::Error::from_error)?;
            make_way(repo, compute_hash(repo.object_hash(), Kind::Tree, &bytes)?, &bytes)?;
            let id = repo.write_object(tree)?.detach();
            written.insert(id);
            Ok(id)
        })
    }

    /// Writes a commit.
    pub(super) fn commit(
        &mut self,
        [committer, author]: [gix::actor::SignatureRef<'_>; 2],
        message: &str,
        tree: ObjectId,
        parents: impl IntoIterator<Item = ObjectId>,
    ) -> gix::Result<ObjectId> {
        let id = self.repo.new_commit_as(committer, author, message, tree, parents)?.id;
        self.written.insert(id);
        Ok(id)
    }

    /// Has an object flushed that was there, or was written elsewhere, where it is a file of its own.
    pub(super) fn note(&mut self, id: ObjectId) {
        self.written.insert(id);
    }

    /// Gets what was added to the disk, before a branch names it. What is added afterwards becomes
    /// files.
    ///
    /// # Errors
    /// [`GitError::Io`], [`GitError::Gix`].
    pub(super) fn flush(&mut self) -> Result<(), GitError> {
        let mut entries = self.waiting.take().unwrap_or_default();
        for (id, (kind, bytes)) in self.repo.objects.take_object_memory().unwrap_or_default().iter()
        {
            let entry = Deflate::new(Compression::DEFAULT).entry(*id, *kind, bytes);
            entries.push(entry.map_err(GitError::gix("write the git pack"))?);
        }
        if !entries.is_empty() {
            let hash = self.repo.object_hash();
            self.keep = Some(pack::write(&folder(self.repo.common_dir()), entries, hash)?);
        }
        let written = std::mem::take(&mut self.written);
        flush::objects(self.repo.common_dir(), &written, self.whole.as_ref())
    }
}

/// Makes entries of a pack, on as many threads as one likes.
pub(super) struct Packer(gix::ThreadSafeRepository);

impl Packer {
    /// For this thread.
    pub(super) fn here(&self) -> PackerHere {
        let mut repo = self.0.to_thread_local();
        // Nobody else adds these objects meanwhile: what is not found need not be looked for again.
        repo.objects.refresh_never();
        let [as_it_is, fast] = [Compression::NONE, Compression::BEST_SPEED].map(Deflate::new);
        PackerHere { repo, as_it_is, fast }
    }
}

/// A [`Packer`] of one thread.
pub(super) struct PackerHere {
    repo: gix::Repository,
    as_it_is: Deflate,
    fast: Deflate,
}

/// What a blob is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// It cannot be made smaller.
    Encrypted,
    /// It can.
    Text,
}

impl PackerHere {
    /// The id of a blob, and its entry where the repository has none that can be read.
    pub(super) fn blob(
        &mut self,
        bytes: &[u8],
        content: Content,
    ) -> gix::Result<(ObjectId, Option<Entry>)> {
        let id = compute_hash(self.repo.object_hash(), Kind::Blob, bytes)?;
        let is_there = self.repo.has_object(id) && {
            make_way(&self.repo, id, bytes)?;
            self.repo.has_object(id)
        };
        if is_there {
            return Ok((id, None));
        }
        let deflate = match content {
            Content::Encrypted => &mut self.as_it_is,
            Content::Text => &mut self.fast,
        };
        Ok((id, Some(deflate.entry(id, Kind::Blob, bytes)?)))
    }
}

/// A compressor that is used again: to make one takes longer than it works on a small file.
struct Deflate(Compress);

impl Deflate {
    fn new(level: Compression) -> Self {
        Self(Compress::new(level))
    }

    fn entry(&mut self, id: ObjectId, kind: Kind, bytes: &[u8]) -> gix::Result<Entry> {
        // What zlib adds at most where it cannot make anything smaller, and some.
        let mut out = vec![0; bytes.len() + bytes.len() / 1000 + 64];
        self.0.reset();
        let status = self.0.compress(bytes, &mut out, FlushCompress::Finish)?;
        if !matches!(status, Status::StreamEnd) {
            return Err(gix::Error::from_error(io::Error::other("zlib did not come to an end")));
        }
        out.truncate(usize::try_from(self.0.total_out()).unwrap_or(usize::MAX));
        out.shrink_to_fit();
        Ok(Entry {
            id,
            kind: entry::Kind::Base(kind),
            decompressed_size: bytes.len(),
            compressed_data: out,
        })
    }
}

/// The folder of all objects.
pub(super) fn folder(common_dir: &Path) -> PathBuf {
    common_dir.join("objects")
}

/// The file of an object that lies in none of the packs (gitrepository-layout(5)).
pub(super) fn file(common_dir: &Path, id: ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (first, rest) = hex.split_at(2);
    folder(common_dir).join(first).join(rest)
}

/// Removes the file of an object that cannot be read. After a power cut, or when a disk was full,
/// it may have a name and nothing in it; git and gix go by the name, do not write it again, and
/// whatever names it is broken for good.
fn make_way(repo: &gix::Repository, id: ObjectId, bytes: &[u8]) -> gix::Result<()> {
    let path = file(repo.common_dir(), id);
    if !path.is_file() || repo.find_object(id).is_ok_and(|found| found.data == bytes) {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(gix::Error::from_error(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_nothing_in_it_is_written_again() {
        for files in [1, MANY] {
            let folder = tempfile::tempdir().unwrap();
            let repo = gix::init(folder.path()).unwrap();
            let write = |repo: &gix::Repository| {
                let mut objects = Objects::new(repo, files);
                let id = match objects.packer() {
                    Some(packer) => {
                        let (id, entry) = packer.here().blob(b"value", Content::Text).unwrap();
                        entry.into_iter().for_each(|entry| objects.add(entry));
                        id
                    }
                    None => objects.blob(b"value").unwrap(),
                };
                objects.flush().unwrap();
                id
            };
            let id = compute_hash(repo.object_hash(), Kind::Blob, b"value").unwrap();
            let path = file(repo.common_dir(), id);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            for broken in [&b""[..], b"\0\0\0\0"] {
                let _ = std::fs::remove_file(&path);
                std::fs::write(&path, broken).unwrap();
                let repo = gix::open(folder.path()).unwrap();
                assert_eq!(write(&repo), id);
                assert_eq!(repo.find_object(id).unwrap().data, b"value");
                let _ = std::fs::remove_dir_all(repo.common_dir().join("objects/pack"));
            }
            // One that is whole stays as it is, and is written once.
            let repo = gix::open(folder.path()).unwrap();
            let mut objects = Objects::new(&repo, 1);
            objects.blob(b"value").unwrap();
            let before = std::fs::metadata(&path).unwrap().modified().unwrap();
            assert_eq!(write(&repo), id);
            assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
            let packs = std::fs::read_dir(repo.common_dir().join("objects/pack"));
            assert_eq!(packs.map_or(0, Iterator::count), 0);
        }
    }
}
