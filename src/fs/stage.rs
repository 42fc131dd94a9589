//! A change of the vault's files: all of it happens, or none.
//!
//! A [`Stage`] collects, [`Stage::write`] puts the new files on disk beside the vault's own,
//! [`Staged::publish`] replaces. Between the two the caller records what it is about to do.
//! Whatever is dropped before `publish` leaves nothing behind.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::error::{FsError, Origin};
use super::folder::Folder;
use super::journal::{Journal, LIMIT, Op, Target};
use super::local::LocalFile;
use super::lock::{Held, Lock};
use super::paths::{JOURNAL, STAGE_PREFIX, VaultPath};
use super::publish::Publication;
use super::random_name;
use super::sync::WholeFlush;
use super::walk::Walk;

/// From so many files on they are flushed with all of their file system, where that can be done.
/// Below, each by itself: that does not wait for what others have written.
pub(super) const MANY: usize = 64;

/// A change in the making.
#[must_use = "a stage that is not written and published changes nothing"]
#[derive(Debug)]
pub(crate) struct Stage {
    held: Arc<Held>,
    changes: BTreeMap<Target, Option<Vec<u8>>>,
}

/// A change whose new files are on disk; the vault still has the old ones.
#[must_use = "a change that is not published does not happen"]
#[derive(Debug)]
pub(crate) struct Staged {
    // Dropped first: the folder goes while the vault is still locked.
    folder: StageFolder,
    journal: Journal,
    held: Arc<Held>,
}

impl Stage {
    /// Begins a change of the vault that `lock` locks, and keeps it locked.
    pub(crate) fn new(lock: &Lock) -> Self {
        Self { held: Arc::clone(&lock.held), changes: BTreeMap::new() }
    }

    /// Adds a file to create or replace; the last word on a path counts.
    pub(crate) fn put(&mut self, path: VaultPath, bytes: Vec<u8>) {
        self.changes.insert(Target::Vault(path), Some(bytes));
    }

    /// Adds a file to remove; it may be missing.
    pub(crate) fn remove(&mut self, path: VaultPath) {
        self.changes.insert(Target::Vault(path), None);
    }

    /// Adds a file of this clone to create or replace, as part of the same change.
    pub(crate) fn put_local(&mut self, file: LocalFile, bytes: Vec<u8>) {
        self.changes.insert(Target::Local(file), Some(bytes));
    }

    /// The vault's files that this change touches, sorted.
    pub(crate) fn paths(&self) -> Vec<VaultPath> {
        let of_vault = |target: &Target| match target {
            Target::Vault(path) => Some(path.clone()),
            Target::Local(_) => None,
        };
        self.changes.keys().filter_map(of_vault).collect()
    }

    /// Adds a file of this clone to remove, as part of the same change.
    #[cfg(test)]
    pub(crate) fn remove_local(&mut self, file: LocalFile) {
        self.changes.insert(Target::Local(file), None);
    }

    /// Tells whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Writes the new files beside the vault's own and flushes them.
    ///
    /// Everything that would stop the publication is looked for here, while nothing has
    /// happened yet.
    ///
    /// # Errors
    /// [`FsError::Waiting`] where an earlier change is not finished, [`FsError::NotFolder`] and
    /// [`FsError::NotRegular`] where a link or a folder stands in the way,
    /// [`FsError::TooLarge`] for more files than a journal holds, [`FsError::Io`].
    pub(crate) fn write(self) -> Result<Staged, FsError> {
        refuse_unfinished(&self.held.local)?;
        let mut walk = Walk::new(&self.held.root);
        for target in self.changes.keys() {
            walk.at(&target.path(), Folder::refuse_folder)?;
        }
        drop(walk);
        let is_bulk = self.changes.len() >= MANY;
        let whole = is_bulk.then(|| WholeFlush::of(self.held.local.fd())).flatten();
        let folder = StageFolder::make(&self.held)?;
        let mut journal = Journal { stage: folder.name.clone(), ops: Vec::new() };
        let mut files = Vec::new();
        for (i, (target, bytes)) in self.changes.into_iter().enumerate() {
            journal.ops.push(match bytes {
                Some(bytes) => {
                    let temp = format!("{i:x}");
                    files.push((temp.clone(), target.mode(), bytes));
                    Op::Put { target, temp }
                }
                None => Op::Remove { target },
            });
        }
        let write = |name: &str, bytes: &[u8], mode| match &whole {
            Some(_) => folder.folder.write_unflushed(name, bytes, mode),
            None => folder.folder.write_new(name, bytes, mode),
        };
        files.par_iter().try_for_each(|(temp, mode, bytes)| write(temp, bytes, *mode))?;
        let encoded = journal.encode();
        if encoded.len() > LIMIT {
            let path = self.held.local.path().join(JOURNAL);
            return Err(FsError::TooLarge { path, limit: LIMIT, place: Origin::Outside });
        }
        write(JOURNAL, &encoded, 0o600)?;
        match &whole {
            Some(whole) => whole
                .flush()
                .map_err(|error| FsError::io("flush the files of", folder.folder.path(), error))?,
            None => {
                folder.folder.sync()?;
                self.held.local.sync()?;
            }
        }
        Ok(Staged { folder, journal, held: self.held })
    }
}

impl Staged {
    /// Makes the change happen.
    ///
    /// # Errors
    /// [`FsError::Unfinished`]: the change is decided, and [`recover`](super::recover) will
    /// finish it. Any other: nothing happened.
    pub(crate) fn publish(mut self) -> Result<(), FsError> {
        self.decide()?;
        self.publication().finish().map_err(unfinished)
    }

    /// Puts the journal in place: from here on the change happens, whoever finishes it.
    pub(super) fn decide(&mut self) -> Result<(), FsError> {
        refuse_unfinished(&self.held.local)?;
        self.publication().prepare()?;
        self.folder.folder.rename(JOURNAL, &self.held.local, JOURNAL).and_then(|found| {
            let path = self.folder.folder.path().join(JOURNAL);
            found.then_some(()).ok_or_else(|| FsError::io("read", &path, ErrorKind::NotFound))
        })?;
        self.folder.keep = true;
        self.held.local.sync().map_err(unfinished)
    }

    pub(super) fn publication(&self) -> Publication<'_> {
        Publication::new(&self.held, &self.journal, &self.folder.folder)
    }

    /// Ends as a crash would: the lock goes, as the system sees to it, and nothing else does.
    #[cfg(test)]
    pub(super) fn crash(mut self) {
        self.folder.keep = true;
    }
}

impl Lock {
    /// Makes an empty folder on the vault's file system for work that is moved into its place
    /// when it is whole. What a crash leaves of it, the next recovery removes.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub(crate) fn workshop(&self) -> Result<PathBuf, FsError> {
        let mut made = StageFolder::make(&self.held)?;
        made.keep = true;
        Ok(made.folder.path().to_owned())
    }
}

/// A second journal would take the place of the first and undo half of its change.
fn refuse_unfinished(local: &Folder) -> Result<(), FsError> {
    if local.has(JOURNAL)? {
        return Err(FsError::Waiting { path: local.path().join(JOURNAL) });
    }
    Ok(())
}

fn unfinished(source: FsError) -> FsError {
    FsError::Unfinished { source: Box::new(source) }
}

/// The folder of staged files, removed on drop unless a journal names it.
#[derive(Debug)]
struct StageFolder {
    folder: Folder,
    name: String,
    keep: bool,
}

impl StageFolder {
    fn make(held: &Held) -> Result<Self, FsError> {
        let name = format!("{STAGE_PREFIX}{}", random_name());
        let folder = held.local.make(&name, 0o700)?;
        Ok(Self { folder, name, keep: false })
    }
}

impl Drop for StageFolder {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed now, the next recovery removes.
            let _ = std::fs::remove_dir_all(self.folder.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;
    use crate::fs::paths::JOURNAL;
    use crate::fs::{FsError, LocalFile, Lock, Root, VaultPath, mode_of, needs_recovery};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    fn vault() -> (tempfile::TempDir, Root, Lock) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        let lock = Lock::acquire(&root, Duration::ZERO).unwrap();
        (folder, root, lock)
    }

    fn value(name: &str) -> VaultPath {
        VaultPath::secret(&SecretName::parse(name).unwrap())
    }

    fn entries(root: &Root) -> Vec<String> {
        let walk = walkdir::WalkDir::new(root.path()).min_depth(1).sort_by_file_name();
        let name = |e: walkdir::DirEntry| {
            e.path().strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned()
        };
        walk.into_iter().map(|entry| name(entry.unwrap())).collect()
    }

    #[test]
    fn a_published_change_is_all_there() {
        let (_folder, root, lock) = vault();
        let mut stage = Stage::new(&lock);
        assert!(stage.is_empty());
        stage.put(value("prod/db"), b"sealed".to_vec());
        stage.put(VaultPath::config(), b"first".to_vec());
        stage.put(VaultPath::config(), b"config".to_vec());
        stage.put_local(LocalFile::Pending, b"1".to_vec());
        stage.write().unwrap().publish().unwrap();
        assert_eq!(
            entries(&root),
            [
                ".local",
                ".local/lock",
                ".local/pending",
                "authy.toml",
                "secrets",
                "secrets/prod",
                "secrets/prod/db.age"
            ]
        );
        assert_eq!(fs::read(root.file(&VaultPath::config())).unwrap(), b"config");
        assert_eq!(mode_of(&root.file(&value("prod/db"))).unwrap(), Some(0o600));
        assert_eq!(mode_of(&root.local(LocalFile::Pending)).unwrap(), Some(0o600));
    }

    #[test]
    fn a_removal_takes_empty_folders_below_secrets_along() {
        let (_folder, root, lock) = vault();
        let mut stage = Stage::new(&lock);
        for name in ["a/b/c", "a/d", "x/y"] {
            stage.put(value(name), b"v".to_vec());
        }
        stage.put_local(LocalFile::Pending, b"1".to_vec());
        stage.write().unwrap().publish().unwrap();

        let mut stage = Stage::new(&lock);
        for name in ["a/b/c", "x/y", "never/was"] {
            stage.remove(value(name));
        }
        stage.remove_local(LocalFile::Pending);
        stage.write().unwrap().publish().unwrap();
        assert_eq!(
            entries(&root),
            [".local", ".local/lock", "secrets", "secrets/a", "secrets/a/d.age"]
        );
        let mut stage = Stage::new(&lock);
        stage.remove(value("a/d"));
        stage.write().unwrap().publish().unwrap();
        assert_eq!(entries(&root), [".local", ".local/lock", "secrets"]);
    }

    #[test]
    fn a_dropped_change_leaves_nothing() {
        let (_folder, root, lock) = vault();
        let mut stage = Stage::new(&lock);
        stage.put(value("a"), b"v".to_vec());
        let staged = stage.write().unwrap();
        assert!(!root.file(&value("a")).exists());
        drop(staged);
        assert_eq!(entries(&root), [".local", ".local/lock"]);
        assert!(!needs_recovery(&root));
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_a_folder() {
        let (_folder, root, lock) = vault();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("secrets/d.age")).unwrap();
        symlink(elsewhere.path(), root.path().join("secrets/l")).unwrap();
        fs::write(root.path().join("secrets/f"), b"").unwrap();
        let before = entries(&root);
        for name in ["l/x", "f/x", "d"] {
            let mut stage = Stage::new(&lock);
            stage.put(value("fine"), b"v".to_vec());
            stage.put(value(name), b"v".to_vec());
            let error = stage.write().unwrap_err();
            assert_eq!(error.kind(), Kind::Damaged, "{name}: {error}");
            let mut stage = Stage::new(&lock);
            stage.remove(value(name));
            assert!(stage.write().is_err(), "{name}");
        }
        assert_eq!(entries(&root), before);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_a_files_place_is_replaced_not_followed() {
        let (_folder, root, lock) = vault();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        symlink(elsewhere.path(), root.file(&VaultPath::config())).unwrap();
        let mut stage = Stage::new(&lock);
        stage.put(VaultPath::config(), b"config".to_vec());
        stage.write().unwrap().publish().unwrap();
        assert_eq!(fs::read(elsewhere.path()).unwrap(), b"");
        assert!(root.file(&VaultPath::config()).symlink_metadata().unwrap().is_file());
    }

    #[test]
    fn no_change_takes_the_place_of_an_unfinished_one() {
        let (_folder, root, lock) = vault();
        let mut stage = Stage::new(&lock);
        stage.put(value("a"), b"v".to_vec());
        let staged = stage.write().unwrap();
        fs::write(root.clone_folder().join(JOURNAL), b"another").unwrap();
        let error = staged.publish().unwrap_err();
        assert!(matches!(error, FsError::Waiting { .. }), "{error}");
        let error = Stage::new(&lock).write().unwrap_err();
        assert!(matches!(error, FsError::Waiting { .. }), "{error}");
        assert_eq!(fs::read(root.clone_folder().join(JOURNAL)).unwrap(), b"another");
        assert_eq!(entries(&root), [".local", ".local/journal", ".local/lock"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_stops_the_change_before_it_is_decided() {
        let (_folder, root, lock) = vault();
        let mut stage = Stage::new(&lock);
        stage.put(value("a/b/c"), b"v".to_vec());
        stage.put(value("x/y"), b"v".to_vec());
        let staged = stage.write().unwrap();
        fs::create_dir(root.path().join("secrets")).unwrap();
        fs::write(root.path().join("secrets/x"), b"in the way").unwrap();
        let error = staged.publish().unwrap_err();
        assert!(matches!(error, FsError::NotFolder { .. }), "{error}");
        assert_eq!(entries(&root), [".local", ".local/lock", "secrets", "secrets/x"]);
    }

    #[test]
    fn a_stage_keeps_its_vault_locked() {
        let (_folder, root, lock) = vault();
        let stage = Stage::new(&lock);
        drop(lock);
        assert!(Lock::acquire(&root, Duration::ZERO).is_err());
        drop(stage);
        assert!(Lock::acquire(&root, Duration::from_secs(60)).is_ok());
    }
}
