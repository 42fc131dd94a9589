//! An open folder: files are reached from its descriptor, and no link below it is followed.
//!
//! The one place that opens, creates, renames and removes by system call. Each function
//! says in its error which path it failed at.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use super::error::{FsError, Origin};
use super::sync::sync_entries;
use super::walk::Walk;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Not blocking, so that opening a pipe whose writer never comes returns.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const NEW: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
const LOCK: OFlags = OFlags::RDWR
    .union(OFlags::CREATE)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    place: Origin,
}

impl Folder {
    /// Opens the folder at `path`, links allowed: the user named it. `None` where it is missing.
    pub(super) fn open(path: &Path, place: Origin) -> Result<Option<Self>, FsError> {
        match rustix::fs::openat(CWD, path, FOLDER, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: path.to_owned(), place })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR) => Err(FsError::NotFolder { path: path.to_owned(), place }),
            Err(error) => Err(FsError::io("open", path, error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// Opens a folder in this one; `None` where it is missing.
    pub(super) fn enter(&self, name: &str) -> Result<Option<Self>, FsError> {
        let path = self.path.join(name);
        match rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path, place: self.place })),
            Err(Errno::NOENT) => Ok(None),
            // Systems differ in what they say about a link; its type tells.
            Err(error) => Err(match self.stat(name) {
                Ok(Some(stat)) if kind_of(&stat) != FileType::Directory => {
                    FsError::NotFolder { path, place: self.place }
                }
                _ => FsError::io("open", &path, error),
            }),
        }
    }

    /// Opens a folder in this one, and makes it first where it is missing.
    pub(super) fn make(&self, name: &str, mode: u32) -> Result<Self, FsError> {
        if let Some(folder) = self.enter(name)? {
            return Ok(folder);
        }
        let path = self.path.join(name);
        match rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(mode as _)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(FsError::io("make the folder", &path, error)),
        }
        self.enter(name)?.ok_or_else(|| FsError::io("open", &path, Errno::NOENT))
    }

    /// Walks to the folder that holds `path` and calls `last` with it and the file's name;
    /// `None` where a folder on the way is missing.
    pub(super) fn at<T>(
        &self,
        path: &str,
        last: impl FnOnce(&Self, &str) -> Result<T, FsError>,
    ) -> Result<Option<T>, FsError> {
        Walk::new(self).at(path, last)
    }

    /// Like [`Folder::at`], and makes the folders that are missing.
    pub(super) fn at_made<T>(
        &self,
        path: &str,
        last: impl FnOnce(&Self, &str) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        Walk::new(self).at_made(path, last)
    }

    /// Reads a regular file of at most `limit` bytes; `None` where it is missing.
    pub(super) fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FsError> {
        // Thousands are read, and few of them fail.
        let path = || self.path.join(name);
        match rustix::fs::openat(&self.fd, name, READ | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => read_open(fd.into(), path, limit, self.place).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(match self.stat(name) {
                Ok(Some(stat)) if kind_of(&stat) != FileType::RegularFile => {
                    FsError::NotRegular { path: path(), place: self.place }
                }
                _ => FsError::io("read", &path(), error),
            }),
        }
    }

    /// Writes a new file with `mode` (less the umask) and flushes it; leaves nothing on failure.
    pub(super) fn write_new(
        &self,
        name: impl AsRef<Path>,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), FsError> {
        self.create(name.as_ref(), bytes, mode, File::sync_all)
    }

    /// As [`Folder::write_new`], for whoever flushes all of many files at once afterwards.
    pub(super) fn write_unflushed(
        &self,
        name: impl AsRef<Path>,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), FsError> {
        self.create(name.as_ref(), bytes, mode, |_| Ok(()))
    }

    fn create(
        &self,
        name: &Path,
        bytes: &[u8],
        mode: u32,
        flush: impl FnOnce(&File) -> std::io::Result<()>,
    ) -> Result<(), FsError> {
        let path = self.path.join(name);
        let fd = rustix::fs::openat(&self.fd, name, NEW, Mode::from_raw_mode(mode as _)).map_err(
            |error| match error {
                Errno::EXIST => FsError::Exists { path: path.clone() },
                error => FsError::io("create", &path, error),
            },
        )?;
        let mut file = File::from(fd);
        file.write_all(bytes).and_then(|()| flush(&file)).map_err(|error| {
            // Removing is best effort: the write's error is the one to report.
            let _ = self.remove(name);
            FsError::io("write", &path, error)
        })
    }

    /// As [`Folder::write_new`]; where the system can, the file has no name until it is whole, so
    /// that a process killed meanwhile leaves nothing.
    pub(super) fn write_whole(
        &self,
        name: impl AsRef<Path>,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), FsError> {
        #[cfg(target_os = "linux")]
        if let Some(done) = self.write_unnamed(name.as_ref(), bytes, mode) {
            return done;
        }
        self.write_new(name, bytes, mode)
    }

    /// Writes a file without a name and links it (`O_TMPFILE`, open(2)); `None` where the file
    /// system has no such files, or `/proc` is not there.
    #[cfg(target_os = "linux")]
    fn write_unnamed(&self, name: &Path, bytes: &[u8], mode: u32) -> Option<Result<(), FsError>> {
        use std::os::fd::AsRawFd as _;
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::from_raw_mode(mode)).ok()?;
        let (mut file, path) = (File::from(fd), self.path.join(name));
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            return Some(Err(FsError::io("write", &path, error)));
        }
        let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
        match rustix::fs::linkat(CWD, unnamed, &self.fd, name, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => Some(Ok(())),
            Err(Errno::EXIST) => Some(Err(FsError::Exists { path })),
            Err(_) => None,
        }
    }

    /// Opens a file to be locked, and creates it where it is missing.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, FsError> {
        let path = self.path.join(name);
        let not_regular = || FsError::NotRegular { path: path.clone(), place: self.place };
        let fd =
            rustix::fs::openat(&self.fd, name, LOCK, Mode::RUSR | Mode::WUSR).map_err(|error| {
                match self.stat(name) {
                    Ok(Some(stat)) if kind_of(&stat) != FileType::RegularFile => not_regular(),
                    _ => FsError::io("open", &path, error),
                }
            })?;
        let stat = rustix::fs::fstat(&fd).map_err(|error| FsError::io("open", &path, error))?;
        if kind_of(&stat) == FileType::RegularFile { Ok(fd.into()) } else { Err(not_regular()) }
    }

    /// Renames `from` in this folder to `to` in another; false where `from` is missing.
    pub(super) fn rename(
        &self,
        from: &str,
        folder: &Self,
        to: impl AsRef<Path>,
    ) -> Result<bool, FsError> {
        match rustix::fs::renameat(&self.fd, from, &folder.fd, to.as_ref()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(FsError::io("replace", &folder.path.join(to), error)),
        }
    }

    /// Removes a file; it may be missing.
    pub(super) fn remove(&self, name: impl AsRef<Path>) -> Result<(), FsError> {
        match rustix::fs::unlinkat(&self.fd, name.as_ref(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(FsError::io("remove", &self.path.join(name), error)),
        }
    }

    /// Removes a folder if it is empty; false where it is not.
    pub(super) fn remove_empty(&self, name: &str) -> Result<bool, FsError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(error) => Err(FsError::io("remove", &self.path.join(name), error)),
        }
    }

    /// Refuses a folder in a file's place: no rename could replace it.
    pub(super) fn refuse_folder(&self, name: &str) -> Result<(), FsError> {
        self.refuse(name, |kind| kind == FileType::Directory)
    }

    /// Refuses whatever is not a regular file; a missing one is fine.
    pub(super) fn refuse_special(&self, name: impl AsRef<Path>) -> Result<(), FsError> {
        self.refuse(name, |kind| kind != FileType::RegularFile)
    }

    fn refuse(
        &self,
        name: impl AsRef<Path>,
        bad: impl FnOnce(FileType) -> bool,
    ) -> Result<(), FsError> {
        match self.stat(&name)? {
            Some(stat) if bad(kind_of(&stat)) => {
                Err(FsError::NotRegular { path: self.path.join(name), place: self.place })
            }
            _ => Ok(()),
        }
    }

    /// Tells whether anything has this name, a dangling link too.
    pub(super) fn has(&self, name: &str) -> Result<bool, FsError> {
        Ok(self.stat(name)?.is_some())
    }

    /// Flushes the folder's entries.
    pub(super) fn sync(&self) -> Result<(), FsError> {
        sync_entries(&self.fd).map_err(|error| FsError::io("flush", &self.path, error))
    }

    fn stat(&self, name: impl AsRef<Path>) -> Result<Option<Stat>, FsError> {
        match rustix::fs::statat(&self.fd, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(FsError::io("look at", &self.path.join(name), error)),
        }
    }
}

/// Opens `path` for reading, links allowed; `None` where it is missing.
pub(super) fn open_outside(path: &Path) -> Result<Option<File>, FsError> {
    match rustix::fs::openat(CWD, path, READ, Mode::empty()) {
        Ok(fd) => Ok(Some(fd.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(match rustix::fs::stat(path) {
            Ok(stat) if kind_of(&stat) != FileType::RegularFile => {
                FsError::NotRegular { path: path.to_owned(), place: Origin::Outside }
            }
            _ => FsError::io("read", path, error),
        }),
    }
}

/// Reads an open file whole, if it is a regular one of at most `limit` bytes.
///
/// The buffer is sized at once and does not move, so that no copy of a key stays behind.
pub(super) fn read_open(
    file: File,
    path: impl Fn() -> PathBuf,
    limit: usize,
    place: Origin,
) -> Result<Vec<u8>, FsError> {
    let failed = |error| FsError::io("read", &path(), error);
    let too_large = || FsError::TooLarge { path: path(), limit, place };
    let stat = rustix::fs::fstat(&file).map_err(|error| failed(error.into()))?;
    if kind_of(&stat) != FileType::RegularFile {
        return Err(FsError::NotRegular { path: path(), place });
    }
    let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    if size > limit {
        return Err(too_large());
    }
    // The reader probes for the end with a few bytes more than the file has.
    let mut bytes = Vec::with_capacity(size + 64);
    let room = bytes.capacity();
    let first = retry_on_intr(|| rustix::io::read(&file, spare_capacity(&mut bytes)))
        .map_err(|error| failed(error.into()))?;
    // As long as the file, and short of the room: that was the end, and nobody needs to ask.
    if first == size && first < room {
        return Ok(bytes);
    }
    file.take((limit as u64 + 1).saturating_sub(first as u64))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > limit { Err(too_large()) } else { Ok(bytes) }
}

fn kind_of(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}
