//! A file in memory: plaintext for an editor, never on a disk file system.
//!
//! It lies in a folder of its own, so that what an editor leaves beside it goes with it.
//! Limitation: the system may swap a tmpfs out, as it may any process's memory.

use std::path::{Path, PathBuf};

use super::error::{FsError, Origin};
use super::folder::Folder;
use super::random_name;
use crate::secret::{MAX_VALUE, SecretBytes};

/// Longest part of the hint that becomes the file's name.
const MAX_NAME: usize = 64;

/// A private file on a memory file system; it and its folder go when this is dropped.
#[must_use = "the file is removed when this is dropped"]
#[derive(Debug)]
pub(crate) struct MemoryFile {
    folder: Folder,
    name: String,
}

impl MemoryFile {
    /// Writes `bytes` to a new file in the first of `dirs` that lies in memory.
    ///
    /// The last segment of `name_hint` becomes the file's name, for the editor's title.
    ///
    /// # Errors
    /// [`FsError::NoMemory`] where none of `dirs` lies in memory; [`FsError::Io`].
    pub(crate) fn create(
        dirs: &[PathBuf],
        name_hint: &str,
        bytes: &SecretBytes,
    ) -> Result<Self, FsError> {
        let mut refused = None;
        for dir in dirs {
            match create_in(dir) {
                Ok(Some(folder)) => {
                    let file = Self { folder, name: file_name(name_hint) };
                    file.folder.write_new(&file.name, bytes.expose(), 0o600)?;
                    return Ok(file);
                }
                Ok(None) => {}
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or(FsError::NoMemory))
    }

    /// Where the file lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Reads what is there now; editors replace files, so it is opened anew.
    ///
    /// # Errors
    /// [`FsError::NotRegular`], [`FsError::TooLarge`] or [`FsError::Io`], also where the file
    /// is gone.
    pub(crate) fn read_back(&self) -> Result<SecretBytes, FsError> {
        let bytes = self.folder.read(&self.name, MAX_VALUE)?;
        bytes
            .map(SecretBytes::new)
            .ok_or_else(|| FsError::io("read", &self.path(), std::io::ErrorKind::NotFound))
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // Nobody to tell; what stays is gone with the memory.
        let _ = std::fs::remove_dir_all(self.folder.path());
    }
}

/// Makes a private folder in `dir`; `None` where `dir` is missing or does not lie in memory.
fn create_in(dir: &Path) -> Result<Option<Folder>, FsError> {
    match Folder::open(dir, Origin::Outside)? {
        Some(parent) if lies_in_memory(&parent)? => {
            parent.make(&format!("authy-{}", random_name()), 0o700).map(Some)
        }
        _ => Ok(None),
    }
}

#[cfg(target_os = "linux")]
fn lies_in_memory(folder: &Folder) -> Result<bool, FsError> {
    // <linux/magic.h>; the word's width differs between architectures.
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    let stat = rustix::fs::fstatfs(folder.fd())
        .map_err(|error| FsError::io("look at", folder.path(), error))?;
    Ok(matches!(stat.f_type as u32, TMPFS | RAMFS))
}

#[cfg(not(target_os = "linux"))]
fn lies_in_memory(_: &Folder) -> Result<bool, FsError> {
    Ok(false)
}

fn file_name(hint: &str) -> String {
    let last = hint.rsplit('/').next().unwrap_or(hint);
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = last.trim_start_matches('.').chars().take(MAX_NAME).map(safe).collect();
    if name.is_empty() { "value".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::{MemoryFile, file_name};
    use crate::fs::{FsError, mode_of};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::secret::{MAX_VALUE, SecretBytes};
    use std::fs;
    use std::path::PathBuf;

    fn in_memory(bytes: &[u8]) -> Option<MemoryFile> {
        let dirs = [PathBuf::from("/nowhere"), PathBuf::from("/proc"), PathBuf::from("/dev/shm")];
        match MemoryFile::create(&dirs, "prod/db-url", &SecretBytes::new(bytes.to_vec())) {
            Err(FsError::NoMemory) => None, // Nothing to test on this machine.
            file => Some(file.unwrap()),
        }
    }

    #[test]
    fn without_memory_there_is_no_file() {
        let dirs = [PathBuf::from("/nowhere"), PathBuf::from("/proc")];
        let error = MemoryFile::create(&dirs, "x", &SecretBytes::default()).unwrap_err();
        assert!(matches!(error, FsError::NoMemory), "{error}");
        assert_eq!(error.kind(), Kind::Failure);
        assert!(error.hint().is_some());
    }

    #[test]
    fn the_file_is_private_and_goes_with_its_folder() {
        let Some(file) = in_memory(b"hunter2") else { return };
        let (path, folder) = (file.path(), file.path().parent().unwrap().to_owned());
        assert_eq!(path.file_name().unwrap(), "db-url");
        assert_eq!(mode_of(&path).unwrap(), Some(0o600));
        assert_eq!(mode_of(&folder).unwrap(), Some(0o700));
        fs::write(folder.join("db-url~"), b"backup").unwrap();
        fs::create_dir(folder.join("swap")).unwrap();
        drop(file);
        assert!(!folder.exists());
    }

    #[test]
    fn what_an_editor_renamed_into_place_is_read() {
        let Some(file) = in_memory(b"old") else { return };
        assert_eq!(file.read_back().unwrap().expose(), b"old");
        let temp = file.path().with_extension("new");
        fs::write(&temp, b"new").unwrap();
        fs::rename(&temp, file.path()).unwrap();
        assert_eq!(file.read_back().unwrap().expose(), b"new");
        fs::write(file.path(), vec![0; MAX_VALUE + 1]).unwrap();
        assert!(matches!(file.read_back(), Err(FsError::TooLarge { .. })));
        fs::remove_file(file.path()).unwrap();
        assert!(file.read_back().is_err());
    }

    #[test]
    fn a_hint_becomes_a_harmless_name() {
        for (hint, name) in
            [("a/b.c", "b.c"), ("..", "value"), ("", "value"), ("-x y\n", "-x_y_"), ("é", "_")]
        {
            assert_eq!(file_name(hint), name);
        }
    }
}
