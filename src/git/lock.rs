//! The lock on git's index, and the index written under it.
//!
//! The lock is git's own: the file `index.lock`, made by whoever finds none. Ours carries a mark
//! and the system's lock on the open file, so that one left behind by a killed authy is told from
//! one that is held, and taken over: were it removed and made anew, another process could be faster,
//! and nobody would know any more that something was left half done. The new index is written
//! beside it and renamed, so that the mark stays until the end.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::error::GitError;

const MARK: &[u8] = b"authy\n";
/// First pause between two tries; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// As git waits for the lock of a branch and that of packed ones where nothing else is set
/// (`core.filesRefLockTimeout` and `core.packedRefsTimeout` in git-config(1)).
pub(super) const WAIT_FOR_BRANCH: [Duration; 2] =
    [Duration::from_millis(100), Duration::from_secs(1)];

/// The held lock. Dropped without [`publish`](Self::publish), the index stays as it was.
#[derive(Debug)]
pub(super) struct IndexLock {
    index: PathBuf,
    path: PathBuf,
    staged: Option<PathBuf>,
    /// Whether it was taken over from an authy that was killed in the middle of a commit. Whoever lets
    /// go of it has put in order what else that one may have left.
    pub(super) after_a_crash: bool,
    /// Keeps the system's lock.
    _file: File,
}

impl IndexLock {
    /// Locks `index`, waiting for others up to `wait`; `None` where they hold it longer.
    ///
    /// # Errors
    /// [`GitError::Io`] where the lock cannot be made.
    pub(super) fn acquire(index: &Path, wait: Duration) -> Result<Option<Self>, GitError> {
        let path = path_of(index);
        retry(wait, || {
            let (file, after_a_crash) = match marked(index, &path) {
                Ok(file) => (file, false),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    match abandoned(&path) {
                        Some(file) => (file, true),
                        None => return Ok(None),
                    }
                }
                Err(error) => return Err(GitError::io("lock", index)(error)),
            };
            let index = index.to_owned();
            let lock = Self { index, path: path.clone(), staged: None, after_a_crash, _file: file };
            Ok(Some(lock))
        })
    }

    /// Writes the new index beside the old one, so that a full disk shows before the commit.
    ///
    /// # Errors
    /// [`GitError::Io`], and what `write` fails with.
    pub(super) fn stage(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let path = self.index.with_extension("authy");
        let file = File::create(&path).map_err(GitError::io("write", &path))?;
        self.staged = Some(path.clone());
        let mut out = BufWriter::with_capacity(1 << 16, file);
        write(&mut out)?;
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(GitError::io("write", &path))
    }

    /// Puts the staged index, if there is one, in the place of the old one, and unlocks.
    ///
    /// # Errors
    /// [`GitError::Io`] where it cannot be renamed.
    pub(super) fn publish(mut self) -> Result<(), GitError> {
        let Some(staged) = self.staged.take() else { return Ok(()) };
        rename(&staged, &self.index).map_err(GitError::io("replace", &self.index))
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // Nobody could do more about a file that cannot be removed.
        if let Some(staged) = self.staged.take() {
            let _ = std::fs::remove_file(staged);
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Names the lock of `index`.
pub(super) fn path_of(index: &Path) -> PathBuf {
    index.with_extension("lock")
}

/// Waits until nobody holds the lock of `index`; tells whether that came to pass. One that a killed
/// authy left is removed after `mend` has put in order what else it may have left.
pub(super) fn wait_until_free(index: &Path, wait: Duration, mend: &dyn Fn()) -> bool {
    let path = path_of(index);
    let free = retry::<_, ()>(wait, || {
        if let Some(_held) = abandoned(&path) {
            mend();
            let _ = std::fs::remove_file(&path);
        }
        Ok((!path.exists()).then_some(()))
    });
    matches!(free, Ok(Some(())))
}

/// Makes the lock, marked from its first moment: it is written under another name, flushed and
/// linked, so that neither a kill nor a power cut leaves one that cannot be told from git's.
fn marked(index: &Path, path: &Path) -> io::Result<File> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let nth = MADE.fetch_add(1, Ordering::Relaxed);
    let other = index.with_extension(format!("authy-{}-{nth}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&other)?;
    // Without the system's lock, ours is only not recognised after a crash.
    let _ = file.try_lock();
    // A lock whose mark is lost by a power cut would look like git's own.
    let written = file.write_all(MARK).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&other, path));
    let _ = std::fs::remove_file(&other);
    linked.map(|()| file)
}

/// Tries until there is something, for as long as `wait`.
pub(super) fn retry<T, E>(
    wait: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let (mut pause, mut left) = (FIRST_PAUSE, wait);
    loop {
        if let Some(done) = attempt()? {
            return Ok(Some(done));
        }
        if left.is_zero() {
            return Ok(None);
        }
        let nap = pause.min(left);
        sleep(nap);
        left -= nap;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Takes over a lock that carries our mark and that no process holds, where there is one.
fn abandoned(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    let mut content = Vec::new();
    let is_ours = (&file).take(MARK.len() as u64 + 1).read_to_end(&mut content).is_ok()
        && content == MARK
        && file.try_lock().is_ok();
    // Another authy may have let go of it meanwhile, or made another one.
    let is_same = match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    };
    (is_ours && is_same).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::{IndexLock, MARK, path_of, wait_until_free};
    use std::fs;
    use std::time::Duration;

    const NOW: Duration = Duration::ZERO;
    const SOON: Duration = Duration::from_millis(5);

    #[test]
    fn one_holds_it_at_a_time_and_dropping_it_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        fs::write(&index, "old").unwrap();
        let mut lock = IndexLock::acquire(&index, NOW).unwrap().unwrap();
        assert!(IndexLock::acquire(&index, SOON).unwrap().is_none());
        assert!(!wait_until_free(&index, NOW, &|| unreachable!()));
        lock.stage(|out| out.write_all(b"new").map_err(|_| unreachable!())).unwrap();
        drop(lock);
        assert_eq!(fs::read(&index).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_published_index_replaces_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        let mut lock = IndexLock::acquire(&index, NOW).unwrap().unwrap();
        lock.stage(|out| out.write_all(b"new").map_err(|_| unreachable!())).unwrap();
        lock.publish().unwrap();
        assert_eq!(fs::read(&index).unwrap(), b"new");
        assert!(wait_until_free(&index, NOW, &|| unreachable!()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_that_a_killed_authy_left_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        fs::write(path_of(&index), MARK).unwrap();
        let lock = IndexLock::acquire(&index, NOW).unwrap().unwrap();
        assert!(lock.after_a_crash);
        // At no moment is it there for somebody who does not know of the crash.
        assert!(IndexLock::acquire(&index, SOON).unwrap().is_none());
        drop(lock);
        assert!(!IndexLock::acquire(&index, NOW).unwrap().unwrap().after_a_crash);
        fs::write(path_of(&index), MARK).unwrap();
        let mended = std::cell::Cell::new(false);
        assert!(wait_until_free(&index, NOW, &|| mended.set(path_of(&index).exists())));
        assert!(mended.get() && !path_of(&index).exists());
    }

    #[test]
    fn a_lock_of_git_is_respected() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        for content in ["", "DIRC", "authy\nDIRC"] {
            fs::write(path_of(&index), content).unwrap();
            assert!(IndexLock::acquire(&index, SOON).unwrap().is_none(), "{content:?}");
            assert_eq!(fs::read(path_of(&index)).unwrap(), content.as_bytes());
        }
    }
}
