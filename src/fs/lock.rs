//! The one lock of a vault: every change, and every recovery, happens under it.
//!
//! It is the system's lock on an open file, so that it ends with the process that holds it,
//! however that ends. The file itself stays.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::error::{FsError, Origin};
use super::folder::Folder;
use super::paths::{LOCAL, LOCK, Root};

/// First pause between two tries; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A locked vault. The lock ends when this and every stage made with it are dropped.
#[must_use = "a lock that is dropped protects nothing"]
#[derive(Debug)]
pub(crate) struct Lock {
    pub(super) held: Arc<Held>,
}

/// What a lock keeps open.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) root: Folder,
    pub(super) local: Folder,
    _file: File,
}

impl Lock {
    /// Locks the vault, and waits for others up to `wait`.
    ///
    /// # Errors
    /// [`FsError::Locked`] after the wait; [`FsError::ReadOnly`] where the vault cannot be
    /// written; [`FsError::NotFolder`] and [`FsError::NotRegular`] where `.local` or the lock
    /// is a link or something else; [`FsError::Io`].
    pub(crate) fn acquire(root: &Root, wait: Duration) -> Result<Self, FsError> {
        let top = Folder::open(root.path(), Origin::Vault)?
            .ok_or_else(|| FsError::io("open", root.path(), io::ErrorKind::NotFound))?;
        let local = top.make(LOCAL, 0o700).map_err(read_only)?;
        let file = local.open_lock(LOCK).map_err(read_only)?;
        lock(&file, wait).map_err(|error| match error {
            TryLockError::WouldBlock => FsError::Locked { path: root.clone_folder().join(LOCK) },
            TryLockError::Error(error) => {
                FsError::io("lock", &root.clone_folder().join(LOCK), error)
            }
        })?;
        Ok(Self { held: Arc::new(Held { root: top, local, _file: file }) })
    }
}

/// Takes the lock of a file outside the vault, made if missing, and waits as long as it
/// takes: whoever holds it does a moment's work. It ends when the file is dropped.
///
/// # Errors
/// [`FsError::Io`].
pub(crate) fn lock_file(path: &Path) -> Result<File, FsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(|error| FsError::io("open", path, error))?;
    file.lock().map_err(|error| FsError::io("lock", path, error))?;
    Ok(file)
}

fn lock(file: &File, wait: Duration) -> Result<(), TryLockError> {
    let (mut pause, mut left) = (FIRST_PAUSE, wait);
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if !left.is_zero() => {
                let now = pause.min(left);
                sleep(now);
                left -= now;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

/// Tells apart the vault that may only be read: reading goes on there.
fn read_only(error: FsError) -> FsError {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match error {
        FsError::Io { path, source, .. }
            if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem) =>
        {
            FsError::ReadOnly { path, source }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, read_only};
    use crate::fs::{FsError, Root, mode_of};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use rustix::io::Errno;
    use std::fs;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// Where a lock is to be had: a process that another test starts may hold it for a moment.
    const LONG: Duration = Duration::from_secs(60);

    fn vault() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        (folder, root)
    }

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_dropped() {
        let (_folder, root) = vault();
        let first = Lock::acquire(&root, LONG).unwrap();
        let error = Lock::acquire(&root, Duration::from_millis(3)).unwrap_err();
        assert!(matches!(error, FsError::Locked { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Conflict);
        drop(first);
        let _second = Lock::acquire(&root, LONG).unwrap();
        assert_eq!(mode_of(&root.clone_folder()).unwrap(), Some(0o700));
        assert_eq!(mode_of(&root.clone_folder().join("lock")).unwrap(), Some(0o600));
    }

    #[test]
    fn threads_exclude_each_other() {
        let (_folder, root) = vault();
        let (inside, total) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let _lock = Lock::acquire(&root, LONG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        total.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 100);
    }

    const CHILD_VAULT: &str = "AUTHY_TEST_LOCK_VAULT";

    /// Not a test of its own: the other process of the next one.
    #[test]
    fn lock_holder_process() {
        let Some(vault) = std::env::var_os(CHILD_VAULT) else { return };
        let _lock = Lock::acquire(&Root::new(vault), LONG).unwrap();
        writeln!(std::io::stdout(), "locked").unwrap();
        let _ = std::io::stdin().read_line(&mut String::new());
    }

    #[test]
    fn a_killed_process_leaves_no_lock() {
        let (_folder, root) = vault();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "fs::lock::tests::lock_holder_process"])
            .env(CHILD_VAULT, root.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let locked = out.lines().any(|line| line.unwrap().contains("locked"));
        assert!(locked, "the child never had the lock");
        let error = Lock::acquire(&root, Duration::ZERO).unwrap_err();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(error, FsError::Locked { .. }), "{error}");
        let _lock = Lock::acquire(&root, LONG).unwrap();
    }

    #[test]
    fn linked_and_special_locks_are_refused() {
        let (folder, root) = vault();
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder.path().join(".local")).unwrap();
        let error = Lock::acquire(&root, Duration::ZERO).unwrap_err();
        assert!(matches!(error, FsError::NotFolder { .. }), "{error}");
        fs::remove_file(folder.path().join(".local")).unwrap();

        fs::create_dir(folder.path().join(".local")).unwrap();
        symlink(elsewhere.path().join("lock"), root.clone_folder().join("lock")).unwrap();
        let error = Lock::acquire(&root, Duration::ZERO).unwrap_err();
        assert!(matches!(error, FsError::NotRegular { .. }), "{error}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        fs::remove_file(root.clone_folder().join("lock")).unwrap();

        let rw = rustix::fs::Mode::RWXU;
        rustix::fs::mkfifoat(rustix::fs::CWD, root.clone_folder().join("lock"), rw).unwrap();
        let error = Lock::acquire(&root, Duration::ZERO).unwrap_err();
        assert!(matches!(error, FsError::NotRegular { .. }), "{error}");
    }

    #[test]
    fn a_vault_that_cannot_be_written_is_told_apart() {
        for errno in [Errno::ROFS, Errno::ACCESS, Errno::PERM] {
            let error = read_only(FsError::io("open", Path::new("/v"), errno));
            assert!(matches!(error, FsError::ReadOnly { .. }), "{error}");
        }
        let error = read_only(FsError::io("open", Path::new("/v"), Errno::NOSPC));
        assert!(matches!(error, FsError::Io { .. }), "{error}");
    }
}
