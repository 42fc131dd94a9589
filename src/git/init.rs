//! A new repository for a vault.

use std::path::Path;

use gix::create::{Kind, Options};

use super::error::GitError;
use super::locate::{Home, locate};

/// Makes `vault`, which exists, a repository of its own; does nothing where it is one.
///
/// It is made in `workshop`, an empty folder on the same file system, and moved: half a
/// repository would be refused by whoever tries again. The branch is named as
/// `init.defaultBranch` says, `main` without it. Templates of the user (`init.templateDir`)
/// are not copied.
///
/// # Errors
/// [`GitError::Gix`] where the repository cannot be written, [`GitError::Io`].
pub(crate) fn init(vault: &Path, workshop: &Path) -> Result<(), GitError> {
    init_with(vault, workshop, gix::open::Options::default())
}

pub(super) fn init_with(
    vault: &Path,
    workshop: &Path,
    options: gix::open::Options,
) -> Result<(), GitError> {
    if locate(vault)? == Home::Own {
        return Ok(());
    }
    let kind = Kind::WithWorktree;
    let repo = gix::ThreadSafeRepository::init_opts(workshop, kind, Options::default(), options)
        .map_err(GitError::gix("make a git repository"))?
        .to_thread_local();
    remove_samples(&repo.common_dir().join("hooks"))?;
    let (made, place) = (workshop.join(".git"), vault.join(".git"));
    std::fs::rename(made, &place).map_err(GitError::io("move a new repository to", &place))
}

/// The folder is new, so every file in it is a sample or points to one.
fn remove_samples(hooks: &Path) -> Result<(), GitError> {
    for entry in std::fs::read_dir(hooks).map_err(GitError::io("read", hooks))? {
        let path = entry.map_err(GitError::io("read", hooks))?.path();
        std::fs::remove_file(&path).map_err(GitError::io("remove", &path))?;
    }
    Ok(())
}
