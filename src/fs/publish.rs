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
mod tests;
