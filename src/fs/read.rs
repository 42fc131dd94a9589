//! Reading: regular files only, bounded, never hanging on a pipe.

use std::ffi::OsStr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::OnceLock;

use super::error::{FsError, Origin};
use super::folder::{Folder, open_outside, read_open};
use super::paths::{Root, SECRETS, VaultPath};

/// A vault's folder, opened once to read many files; can be shared between threads.
///
/// For one command, not for long: it stays with the folders it opened, whatever git does.
#[derive(Debug)]
pub(crate) struct Reader {
    root: Option<Folder>,
    /// Opened by the first secret read, which saves the others two calls of some seven.
    secrets: OnceLock<Folder>,
}

impl Reader {
    /// Opens the vault's folder; every file of a missing one is missing.
    ///
    /// # Errors
    /// [`FsError::Io`], or [`FsError::NotFolder`] where something else stands there.
    pub(crate) fn open(root: &Root) -> Result<Self, FsError> {
        let root = Folder::open(root.path(), Origin::Vault)?;
        Ok(Self { root, secrets: OnceLock::new() })
    }

    /// Reads a file of at most `limit` bytes; `None` where it is missing.
    ///
    /// # Errors
    /// [`FsError::NotRegular`], [`FsError::NotFolder`], [`FsError::TooLarge`], all damage to
    /// the vault, or [`FsError::Io`].
    pub(crate) fn read(&self, path: &VaultPath, limit: usize) -> Result<Option<Vec<u8>>, FsError> {
        let (folder, path) = match path.as_str().split_once('/') {
            Some((SECRETS, rest)) => (self.secrets()?, rest),
            _ => (self.root.as_ref(), path.as_str()),
        };
        let Some(folder) = folder else { return Ok(None) };
        Ok(folder.at(path, |folder, name| folder.read(name, limit))?.flatten())
    }

    fn secrets(&self) -> Result<Option<&Folder>, FsError> {
        if self.secrets.get().is_none()
            && let Some(root) = &self.root
            && let Some(secrets) = root.enter(SECRETS)?
        {
            // Another thread may have been first; either is the folder.
            let _ = self.secrets.set(secrets);
        }
        Ok(self.secrets.get())
    }
}

/// Reads one file of a vault; see [`Reader::read`].
///
/// # Errors
/// As [`Reader::open`] and [`Reader::read`].
pub(crate) fn read(
    root: &Root,
    path: &VaultPath,
    limit: usize,
) -> Result<Option<Vec<u8>>, FsError> {
    Reader::open(root)?.read(path, limit)
}

/// Refuses a file of a vault that lies behind a linked folder, whether or not it is there.
///
/// # Errors
/// [`FsError::NotFolder`] or [`FsError::Io`].
pub(crate) fn refuse_linked_folders(root: &Root, path: &VaultPath) -> Result<(), FsError> {
    if let Some(folder) = Folder::open(root.path(), Origin::Vault)? {
        folder.at(path.as_str(), |_, _| Ok(()))?;
    }
    Ok(())
}

/// Reads a file of a vault or a state folder by its whole path; a link in its place is refused.
///
/// # Errors
/// As [`Reader::read`].
pub(crate) fn read_plain(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FsError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str))
    else {
        return Ok(None);
    };
    match Folder::open(parent, Origin::Vault)? {
        Some(folder) => folder.read(name, limit),
        None => Ok(None),
    }
}

/// Reads a file that the user named, through links; `None` where it is missing.
///
/// # Errors
/// [`FsError::NotRegular`], [`FsError::TooLarge`] or [`FsError::Io`].
pub(crate) fn read_outside(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FsError> {
    let Some(file) = open_outside(path)? else { return Ok(None) };
    read_open(file, || path.to_owned(), limit, Origin::Outside).map(Some)
}

/// Reads a file that the user named; `None` where it is missing. A pipe, as of a shell's `<(…)`, is
/// read as far as its writer goes; one that nobody writes to has nothing in it.
///
/// # Errors
/// [`FsError::NotRegular`] for a device or a folder, [`FsError::TooLarge`], [`FsError::Io`].
pub(crate) fn read_named(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FsError> {
    use std::io::Read as _;
    let is_pipe = std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo());
    if !is_pipe {
        return read_outside(path, limit);
    }
    let failed = |error| FsError::io("read", path, error);
    // Not waited for: somebody who forgot the other end would wait for ever.
    let Some(file) = open_outside(path)? else { return Ok(None) };
    let flags = rustix::fs::fcntl_getfl(&file).map_err(|error| failed(error.into()))?;
    let waits = flags.difference(rustix::fs::OFlags::NONBLOCK);
    rustix::fs::fcntl_setfl(&file, waits).map_err(|error| failed(error.into()))?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() > limit {
        true => Err(FsError::TooLarge { path: path.to_owned(), limit, place: Origin::Outside }),
        false => Ok(Some(bytes)),
    }
}

/// Whether a folder, itself and not by a link, is this user's and closed to everybody else.
pub(crate) fn is_own_alone(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder).is_ok_and(|meta| {
        let own = rustix::process::geteuid().as_raw();
        meta.is_dir() && meta.uid() == own && meta.permissions().mode() & 0o077 == 0
    })
}

/// Whether this user may write to a folder, which a read-only file system does not let even root.
pub(crate) fn can_be_written(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Whether two paths lead to one file, links followed.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// Tells the permission bits of a file, links followed; `None` where it is missing.
///
/// `mode & 0o077` is not zero where the group or others may do something with it.
///
/// # Errors
/// [`FsError::Io`].
pub(crate) fn mode_of(path: &Path) -> Result<Option<u32>, FsError> {
    match std::fs::metadata(path) {
        Ok(meta) => Ok(Some(meta.permissions().mode() & 0o7777)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FsError::io("look at", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{mode_of, read, read_outside};
    use crate::fs::{FsError, Root, VaultPath};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use rustix::fs::{CWD, Mode};
    use std::fs::{self, File};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    fn vault() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("secrets/a")).unwrap();
        let root = Root::new(folder.path());
        (folder, root)
    }

    fn secret(name: &str) -> VaultPath {
        VaultPath::secret(&SecretName::parse(name).unwrap())
    }

    type Make = fn(&Path);

    /// Ways to put at a path what is no regular file.
    const SPECIAL: [(&str, Make); 4] = [
        ("folder", |at| fs::create_dir(at).unwrap()),
        ("pipe", |at| rustix::fs::mkfifoat(CWD, at, Mode::RUSR).unwrap()),
        ("socket", |at| drop(UnixListener::bind(at).unwrap())),
        ("device", |at| symlink("/dev/null", at).unwrap()),
    ];

    fn clear(at: &Path) {
        if at.is_dir() { fs::remove_dir(at).unwrap() } else { fs::remove_file(at).unwrap() }
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let (_folder, root) = vault();
        fs::write(root.file(&secret("a/b")), b"12345").unwrap();
        assert_eq!(read(&root, &secret("a/b"), 5).unwrap().unwrap(), b"12345");
        let error = read(&root, &secret("a/b"), 4).unwrap_err();
        assert!(matches!(error, FsError::TooLarge { limit: 4, .. }));
        assert_eq!(error.kind(), Kind::Damaged);
    }

    #[test]
    fn a_missing_file_folder_or_vault_is_none() {
        let (folder, root) = vault();
        assert!(read(&root, &secret("x"), 9).unwrap().is_none());
        assert!(read(&root, &secret("x/y"), 9).unwrap().is_none());
        let nowhere = Root::new(folder.path().join("no"));
        assert!(read(&nowhere, &VaultPath::config(), 9).unwrap().is_none());
        assert!(read_outside(&folder.path().join("no"), 9).unwrap().is_none());
        assert!(mode_of(&folder.path().join("no")).unwrap().is_none());
    }

    #[test]
    fn only_regular_files_of_a_vault_are_read() {
        let (_folder, root) = vault();
        let at = root.file(&secret("x"));
        for (what, make) in SPECIAL {
            make(&at);
            let error = read(&root, &secret("x"), 100).unwrap_err();
            assert!(matches!(error, FsError::NotRegular { .. }), "{what}: {error}");
            assert_eq!(error.kind(), Kind::Damaged);
            clear(&at);
        }
        fs::write(root.path().join("target"), b"t").unwrap();
        symlink(root.path().join("target"), &at).unwrap();
        assert!(matches!(read(&root, &secret("x"), 9), Err(FsError::NotRegular { .. })));
    }

    #[test]
    fn no_linked_folder_is_entered() {
        let (_folder, root) = vault();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("x.age"), b"x").unwrap();
        symlink(elsewhere.path(), root.path().join("secrets/l")).unwrap();
        fs::write(root.path().join("secrets/f"), b"").unwrap();
        for name in ["l/x", "f/x"] {
            let error = read(&root, &secret(name), 9).unwrap_err();
            assert!(matches!(error, FsError::NotFolder { .. }), "{name}: {error}");
            assert_eq!(error.kind(), Kind::Damaged);
        }
        fs::remove_dir_all(root.path().join("secrets")).unwrap();
        symlink(elsewhere.path(), root.path().join("secrets")).unwrap();
        assert!(matches!(read(&root, &secret("x"), 9), Err(FsError::NotFolder { .. })));
    }

    #[test]
    fn a_huge_sparse_file_is_refused_unread() {
        let (_folder, root) = vault();
        File::create(root.file(&secret("x"))).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(read(&root, &secret("x"), 1 << 20), Err(FsError::TooLarge { .. })));
        let outside = read_outside(&root.file(&secret("x")), 1 << 20).unwrap_err();
        assert_eq!(outside.kind(), Kind::Failure);
    }

    #[test]
    fn files_outside_may_be_links_but_not_pipes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, at) = (folder.path().join("file"), folder.path().join("at"));
        fs::write(&file, b"text").unwrap();
        symlink(&file, &at).unwrap();
        assert_eq!(read_outside(&at, 4).unwrap().unwrap(), b"text");
        clear(&at);
        for (what, make) in SPECIAL {
            make(&at);
            let error = read_outside(&at, 100).unwrap_err();
            assert!(matches!(error, FsError::NotRegular { .. }), "{what}: {error}");
            assert_eq!(error.kind(), Kind::Failure);
            clear(&at);
        }
    }

    #[test]
    fn the_mode_tells_who_may_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(mode_of(file.path()).unwrap(), Some(0o640));
    }
}
