//! Files of the vault as a commit reads them: regular ones only, reached through no link, and
//! content and `stat` of one and the same moment.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;

use gix::index::entry::Stat;
use gix::index::fs::Metadata;
use rustix::fs::{FileType, Mode, OFlags, open, openat};
use rustix::io::Errno;

use super::error::GitError;

/// How often a file may change under the reader.
const TRIES: usize = 4;

/// What a commit records of a file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) stat: Stat,
}

/// The vault's folder, open.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens the vault's folder.
    ///
    /// # Errors
    /// [`GitError::Io`].
    pub(super) fn open(vault: &Path) -> Result<Self, GitError> {
        open(vault, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map(Self)
            .map_err(|errno| GitError::io("open", vault)(errno.into()))
    }

    /// Reads the file at `path`; `None` where there is none.
    ///
    /// # Errors
    /// [`GitError::NotRegular`] for links and everything else that is no file,
    /// [`GitError::Unstable`], [`GitError::Io`].
    pub(super) fn read(&self, path: &str) -> Result<Option<Content>, GitError> {
        self.walk().read(path)
    }

    /// Opens the file at `path`; `None` where there is none.
    ///
    /// # Errors
    /// [`GitError::NotRegular`], [`GitError::Io`].
    pub(super) fn find(&self, path: &str) -> Result<Option<File>, GitError> {
        self.walk().find(path)
    }

    /// Goes from file to file.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk { vault: self, last: None }
    }
}

/// A way from file to file: the folder of the last one stays open, as the next often lies there too.
#[derive(Debug)]
pub(super) struct Walk<'f> {
    vault: &'f Folder,
    last: Option<(String, OwnedFd)>,
}

impl Walk<'_> {
    /// As [`Folder::read`].
    pub(super) fn read(&mut self, path: &str) -> Result<Option<Content>, GitError> {
        for _ in 0..TRIES {
            let Some(mut file) = self.find(path)? else { return Ok(None) };
            let failed = |source| GitError::Io { action: "read", path: path.into(), source };
            let stat = stat(&file).map_err(failed)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            if stat == self::stat(&file).map_err(failed)? {
                return Ok(Some(Content { bytes, stat }));
            }
        }
        Err(GitError::Unstable { path: path.to_owned() })
    }

    /// As [`Folder::find`].
    pub(super) fn find(&mut self, path: &str) -> Result<Option<File>, GitError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.last.as_ref().is_none_or(|(last, _)| last != folders) {
            self.last = None;
            let mut folder: Option<OwnedFd> = None;
            for segment in folders.split('/').filter(|segment| !segment.is_empty()) {
                let at = folder.as_ref().unwrap_or(&self.vault.0);
                match openat(at, segment, flags | OFlags::DIRECTORY, Mode::empty()) {
                    Ok(next) => folder = Some(next),
                    Err(errno) => return absent(path, errno),
                }
            }
            self.last = folder.map(|folder| (folders.to_owned(), folder));
        }
        // Opening a pipe must not wait for its writer.
        let at = self.last.as_ref().map_or(&self.vault.0, |(_, folder)| folder);
        let file = match openat(at, name, flags | OFlags::NONBLOCK, Mode::empty()) {
            Ok(file) => file,
            Err(errno) => return absent(path, errno),
        };
        let mode = rustix::fs::fstat(&file).map_err(|errno| failed(path, errno))?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::RegularFile {
            return Err(GitError::NotRegular { path: path.to_owned() });
        }
        Ok(Some(file.into()))
    }
}

pub(super) fn stat(file: &File) -> std::io::Result<Stat> {
    Stat::from_fs(&Metadata::from_file(file)?).map_err(std::io::Error::other)
}

fn absent<T>(path: &str, errno: Errno) -> Result<Option<T>, GitError> {
    match errno {
        Errno::NOENT => Ok(None),
        // A link, a socket, or a file where a folder belongs.
        Errno::LOOP | Errno::NOTDIR | Errno::NXIO => {
            Err(GitError::NotRegular { path: path.to_owned() })
        }
        errno => Err(failed(path, errno)),
    }
}

fn failed(path: &str, errno: Errno) -> GitError {
    GitError::Io { action: "open", path: path.into(), source: errno.into() }
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use crate::git::GitError;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn reads_files_and_notices_missing_ones() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), "content").unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let content = folder.read("a/b").unwrap().unwrap();
        assert_eq!((content.bytes.as_slice(), content.stat.size), (&b"content"[..], 7));
        assert!(folder.read("a/c").unwrap().is_none());
        assert!(folder.read("x/c").unwrap().is_none());
    }

    #[test]
    fn links_folders_and_pipes_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        fs::write(dir.path().join("real/file"), "").unwrap();
        symlink("real", dir.path().join("linked")).unwrap();
        symlink("real/file", dir.path().join("link")).unwrap();
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        for path in ["real", "linked/file", "link", "dangling", "pipe", "real/file/x"] {
            let result = folder.read(path);
            assert!(matches!(result, Err(GitError::NotRegular { .. })), "{path}: {result:?}");
        }
    }
}
