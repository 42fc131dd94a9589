//! Publication: the steps that turn a decided change into files, and their replay.
//!
//! Each step can be done again, so a publication that stopped anywhere is finished by doing
//! all of them from the start. The journal goes last but one: while it is there, the change
//! is not finished.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::error::FsError;
use super::folder::Folder;
use super::journal::{Journal, Op, Target};
use super::lock::{Held, Lock};
use super::paths::{JOURNAL, SECRETS, SESSIONS, SHARED_SESSIONS, STAGE_PREFIX};
use super::sync::WholeFlush;
use super::walk::Walk;

/// More folders than this are flushed with all of their file system, where that can be done.
const FEW: usize = 16;

/// Finishes the change that a crash interrupted, if there is one, and tells whether there was.
///
/// Removes what a crash before the decision left behind, too, so it is to be called before
/// a stage is written under the same lock.
///
/// # Errors
/// [`FsError::Journal`] where the journal cannot be obeyed, [`FsError::NotRegular`] or
/// [`FsError::NotFolder`] where something else stands in its or a target's place,
/// [`FsError::Io`].
pub(crate) fn recover(lock: &Lock) -> Result<bool, FsError> {
    let held = &*lock.held;
    let journal = Journal::read(&held.local)?;
    if let Some(journal) = &journal {
        let stage = held.local.enter(&journal.stage)?.ok_or_else(|| FsError::Journal {
            path: held.local.path().join(JOURNAL),
            fault: "its staged files are gone",
        })?;
        Publication::new(held, journal, &stage).finish()?;
    }
    remove_leftovers(&held.local)?;
    Ok(journal.is_some())
}

/// A decided change on its way into the vault.
pub(super) struct Publication<'a> {
    held: &'a Held,
    journal: &'a Journal,
    stage: &'a Folder,
    walk: RefCell<Walk<'a>>,
}

/// One step of a publication.
#[derive(Debug)]
pub(super) enum Step<'a> {
    Apply(&'a Op),
    /// Removes the folders of a removed secret that are empty now.
    Prune(&'a Target),
    /// Flushes a folder, named by its path below the root.
    Flush(String),
    /// Flushes all folders at once.
    FlushWhole(WholeFlush),
    DropJournal,
    DropStage,
}

impl<'a> Publication<'a> {
    pub(super) fn new(held: &'a Held, journal: &'a Journal, stage: &'a Folder) -> Self {
        Self { held, journal, stage, walk: RefCell::new(Walk::new(&held.root)) }
    }

    /// Makes the folders that are missing, while the change can still be given up: on a full
    /// disk this is what fails, and the renames that follow seldom need room.
    pub(super) fn prepare(&self) -> Result<(), FsError> {
        let root = &self.held.root;
        let puts = || self.journal.ops.iter().filter(|op| matches!(op, Op::Put { .. }));
        let make = |op: &Op| self.walk.borrow_mut().at_made(&op.target().path(), |_, _| Ok(()));
        puts().try_for_each(make).inspect_err(|_| {
            // Best effort: an empty folder is no harm, and the first error is the one to report.
            puts().for_each(|op| drop(prune(root, op.target())));
        })
    }

    pub(super) fn finish(&self) -> Result<(), FsError> {
        self.steps().iter().try_for_each(|step| self.perform(step))
    }

    pub(super) fn steps(&self) -> Vec<Step<'a>> {
        let ops = &self.journal.ops;
        let removed = ops.iter().filter(|op| matches!(op, Op::Remove { .. })).map(Op::target);
        let folders: BTreeSet<String> =
            ops.iter().flat_map(|op| folders_above(&op.target().path())).collect();
        let mut steps: Vec<_> = ops.iter().map(Step::Apply).collect();
        steps.extend(removed.map(Step::Prune));
        let many = folders.len() > FEW;
        match many.then(|| WholeFlush::of(self.held.root.fd())).flatten() {
            Some(whole) => steps.push(Step::FlushWhole(whole)),
            None => steps.extend(folders.into_iter().map(Step::Flush)),
        }
        steps.extend([Step::DropJournal, Step::DropStage]);
        steps
    }

    pub(super) fn perform(&self, step: &Step<'_>) -> Result<(), FsError> {
        let Held { root, local, .. } = self.held;
        match step {
            Step::Apply(Op::Put { target, temp }) => self.put(&target.path(), temp),
            Step::Apply(Op::Remove { target }) => {
                let remove = |folder: &Folder, name: &str| folder.remove(name);
                self.walk.borrow_mut().at(&target.path(), remove).map(drop)
            }
            Step::Prune(target) => prune(root, target),
            Step::Flush(folder) => flush(root, folder),
            Step::FlushWhole(whole) => whole
                .flush()
                .map_err(|error| FsError::io("flush the folders of", root.path(), error)),
            Step::DropJournal => {
                local.remove(JOURNAL)?;
                local.sync()
            }
            Step::DropStage => remove_all(local, &self.journal.stage),
        }
    }

    /// Moves a staged file to its place. One that is missing is there already.
    fn put(&self, path: &str, temp: &str) -> Result<(), FsError> {
        let mut walk = self.walk.borrow_mut();
        let mut go = || walk.at_made(path, |folder, name| self.stage.rename(temp, folder, name));
        if !go()? && self.stage.has(temp)? {
            // It is the folder that is missing: git, or somebody else, removed an empty one.
            walk.forget();
            let again = walk.at_made(path, |folder, name| self.stage.rename(temp, folder, name))?;
            let missing = || FsError::io("replace", Path::new(path), io::ErrorKind::NotFound);
            return again.then_some(()).ok_or_else(missing);
        }
        Ok(())
    }
}

/// Every folder above `path`, the root (`""`) too: some of them may be new or gone.
fn folders_above(path: &str) -> Vec<String> {
    let slashes = path.match_indices('/').map(|(i, _)| path[..i].to_owned());
    std::iter::once(String::new()).chain(slashes).collect()
}

fn flush(root: &Folder, folder: &str) -> Result<(), FsError> {
    if folder.is_empty() {
        return root.sync();
    }
    let found = root.at(folder, Folder::enter)?.flatten();
    found.map_or(Ok(()), |folder| folder.sync())
}

fn prune(root: &Folder, target: &Target) -> Result<(), FsError> {
    let path = target.path();
    for folder in folders_above(&path).iter().rev() {
        let below = |top: &str| folder.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'));
        let may_go = below(SECRETS) || below(SESSIONS) && folder != SHARED_SESSIONS;
        if !may_go || root.at(folder, Folder::remove_empty)? == Some(false) {
            break;
        }
    }
    Ok(())
}

/// Removes stage folders that no journal names.
fn remove_leftovers(local: &Folder) -> Result<(), FsError> {
    let failed = |error| FsError::io("list", local.path(), error);
    for entry in std::fs::read_dir(local.path()).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if let Some(name) = name.to_str().filter(|name| name.starts_with(STAGE_PREFIX)) {
            remove_all(local, name)?;
        }
    }
    Ok(())
}

fn remove_all(local: &Folder, name: &str) -> Result<(), FsError> {
    let path = local.path().join(name);
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FsError::io("remove", &path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::recover;
    use crate::fs::stage::Staged;
    use crate::fs::{FsError, LocalFile, Lock, Root, Stage, VaultPath, needs_recovery};
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::time::Duration;

    type Files = BTreeMap<String, Vec<u8>>;

    fn value(name: &str) -> VaultPath {
        VaultPath::secret(&SecretName::parse(name).unwrap())
    }

    fn lock(folder: &Path) -> Lock {
        Lock::acquire(&Root::new(folder), Duration::from_secs(60)).unwrap()
    }

    /// A vault with some files.
    fn vault() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let lock = lock(folder.path());
        let mut stage = Stage::new(&lock);
        for name in ["a", "old/b", "kept/c"] {
            stage.put(value(name), b"old".to_vec());
        }
        stage.write().unwrap().publish().unwrap();
        folder
    }

    /// A change that replaces, creates and removes.
    fn change(lock: &Lock) -> Staged {
        let mut stage = Stage::new(lock);
        for name in ["a", "kept/c", "new/deep/d"] {
            stage.put(value(name), b"new".to_vec());
        }
        stage.remove(value("old/b"));
        stage.put_local(LocalFile::Pending, b"new".to_vec());
        stage.write().unwrap()
    }

    /// Every file and folder, the lock aside.
    fn files(folder: &Path) -> Files {
        let walk = walkdir::WalkDir::new(folder).min_depth(1).into_iter().map(Result::unwrap);
        walk.filter(|entry| entry.file_name() != "lock")
            .map(|entry| {
                let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                (name, fs::read(entry.path()).unwrap_or_default())
            })
            .collect()
    }

    fn changed() -> Files {
        let folder = vault();
        let lock = lock(folder.path());
        change(&lock).publish().unwrap();
        files(folder.path())
    }

    #[test]
    fn a_crash_before_the_decision_changes_nothing() {
        let folder = vault();
        let before = files(folder.path());
        let held = lock(folder.path());
        let staged = change(&held);
        drop(held);
        staged.crash();
        assert_ne!(files(folder.path()), before);
        assert!(!needs_recovery(&Root::new(folder.path())));
        assert!(!recover(&lock(folder.path())).unwrap());
        assert_eq!(files(folder.path()), before);
    }

    #[test]
    fn a_crash_after_any_step_is_rolled_forward() {
        let after = changed();
        for k in 0.. {
            let folder = vault();
            let held = lock(folder.path());
            let mut staged = change(&held);
            staged.decide().unwrap();
            let publication = staged.publication();
            let steps = publication.steps();
            for step in steps.iter().take(k) {
                publication.perform(step).unwrap();
            }
            let done = k == steps.len();
            drop(held);
            staged.crash();

            let root = Root::new(folder.path());
            let pending = needs_recovery(&root);
            assert_eq!(recover(&lock(folder.path())).unwrap(), pending, "step {k}");
            assert_eq!(files(folder.path()), after, "step {k}");
            assert!(!needs_recovery(&root));
            assert!(!recover(&lock(folder.path())).unwrap());
            if done {
                break;
            }
        }
    }

    #[test]
    fn a_recovery_that_is_interrupted_can_be_done_again() {
        let after = changed();
        let folder = vault();
        let held = lock(folder.path());
        let mut staged = change(&held);
        staged.decide().unwrap();
        let publication = staged.publication();
        let steps = publication.steps();
        for k in 0..steps.len() - 2 {
            steps.iter().take(k).try_for_each(|step| publication.perform(step)).unwrap();
        }
        drop(held);
        staged.crash();
        assert!(recover(&lock(folder.path())).unwrap());
        assert_eq!(files(folder.path()), after);
    }

    #[test]
    fn a_change_that_cannot_go_on_waits_for_the_next_command() {
        let after = changed();
        let folder = vault();
        let held = lock(folder.path());
        let staged = change(&held);
        // What nobody does under the lock, but a full disk or git may look like it.
        fs::create_dir_all(folder.path().join("secrets/new/deep/d.age/x")).unwrap();
        let error = staged.publish().unwrap_err();
        assert!(matches!(error, FsError::Unfinished { .. }), "{error}");
        assert!(needs_recovery(&Root::new(folder.path())));
        assert!(recover(&held).is_err());
        fs::remove_dir_all(folder.path().join("secrets/new")).unwrap();
        assert!(recover(&held).unwrap());
        assert_eq!(files(folder.path()), after);
    }

    #[test]
    fn a_change_of_many_files_in_many_folders_is_rolled_forward_too() {
        let names: Vec<String> = (0..80).map(|n| format!("d{:02}/s{n}", n % 20)).collect();
        let folder = vault();
        let held = lock(folder.path());
        let mut stage = Stage::new(&held);
        names.iter().for_each(|name| stage.put(value(name), name.as_bytes().to_vec()));
        stage.remove(value("old/b"));
        let mut staged = stage.write().unwrap();
        staged.decide().unwrap();
        let publication = staged.publication();
        publication.steps().iter().take(33).try_for_each(|step| publication.perform(step)).unwrap();
        drop(held);
        staged.crash();
        assert!(recover(&lock(folder.path())).unwrap());
        let after = files(folder.path());
        for name in &names {
            assert_eq!(after[&format!("secrets/{name}.age")], name.as_bytes());
        }
        assert!(!after.contains_key("secrets/old"), "{after:?}");
        assert!(!after.keys().any(|name| name.starts_with(".local/stage-")));
    }

    #[test]
    fn a_folder_that_somebody_removes_meanwhile_is_made_again() {
        let folder = vault();
        let held = lock(folder.path());
        let mut stage = Stage::new(&held);
        for name in ["empty/a", "empty/b"] {
            stage.put(value(name), b"new".to_vec());
        }
        let mut staged = stage.write().unwrap();
        staged.decide().unwrap();
        let publication = staged.publication();
        publication.prepare().unwrap();
        // As git does with folders in which it finds nothing.
        fs::remove_dir(folder.path().join("secrets/empty")).unwrap();
        publication.finish().unwrap();
        for name in ["empty/a", "empty/b"] {
            let file = folder.path().join(format!("secrets/{name}.age"));
            assert_eq!(fs::read(file).unwrap(), b"new");
        }
    }

    #[test]
    fn a_hostile_journal_is_refused_and_nothing_moves() {
        let folder = vault();
        let held = lock(folder.path());
        let local = folder.path().join(".local");
        fs::write(folder.path().join("victim"), b"v").unwrap();
        fs::create_dir(local.join("stage-00")).unwrap();
        fs::write(local.join("stage-00/0"), b"evil").unwrap();
        for op in [
            r#"{"target":"victim"}"#,
            r#"{"target":"secrets/a.age"},{"target":"../victim","from":"0"}"#,
            r#"{"target":"secrets/a.age","from":"../../victim"}"#,
        ] {
            let text = format!(r#"{{"format":1,"stage":"stage-00","ops":[{op}]}}"#);
            fs::write(local.join("journal"), text).unwrap();
            let before = files(folder.path());
            let error = recover(&held).unwrap_err();
            assert!(matches!(error, FsError::Journal { .. }), "{error}");
            assert_eq!(error.kind(), Kind::Damaged);
            assert_eq!(files(folder.path()), before);
        }
    }

    #[test]
    fn a_recovery_follows_no_link() {
        let folder = vault();
        let held = lock(folder.path());
        let local = folder.path().join(".local");
        let elsewhere = tempfile::tempdir().unwrap();
        let journal = r#"{"format":1,"stage":"stage-00","ops":[{"target":"secrets/l/x.age"}]}"#;
        fs::write(elsewhere.path().join("x.age"), b"x").unwrap();
        fs::write(elsewhere.path().join("journal"), journal).unwrap();

        symlink(elsewhere.path().join("journal"), local.join("journal")).unwrap();
        assert!(needs_recovery(&Root::new(folder.path())));
        assert!(matches!(recover(&held), Err(FsError::NotRegular { .. })));
        fs::remove_file(local.join("journal")).unwrap();

        fs::write(local.join("journal"), journal).unwrap();
        assert!(matches!(recover(&held), Err(FsError::Journal { .. })), "no staged files");
        symlink(elsewhere.path(), local.join("stage-00")).unwrap();
        assert!(matches!(recover(&held), Err(FsError::NotFolder { .. })));
        fs::remove_file(local.join("stage-00")).unwrap();

        fs::create_dir(local.join("stage-00")).unwrap();
        symlink(elsewhere.path(), folder.path().join("secrets/l")).unwrap();
        assert!(matches!(recover(&held), Err(FsError::NotFolder { .. })));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 2);
    }
}
