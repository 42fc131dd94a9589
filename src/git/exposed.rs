//! Whether git would pick up a file that is written somewhere.

use std::path::Path;

use super::error::GitError;
use super::locate::Worktree;
use super::{Settings, program};

/// Whether `file` lies in a work tree that does not ignore it.
///
/// # Errors
/// [`GitError::Program`] where git cannot say.
pub(crate) fn is_exposed(file: &Path) -> Result<bool, GitError> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(false) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(place) = Worktree::find(folder)? else { return Ok(false) };
    program::ignores(&place, &place.vault.join(name), &Settings::default()).map(|ignored| !ignored)
}
