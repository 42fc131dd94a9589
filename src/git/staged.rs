//! What the next commit would change, as the index has it.

use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::index::entry::Stage;

use super::compare::{Entry, contents, files};
use super::error::GitError;
use super::history::repository;
use super::index;
use super::reason::Reason;

/// A file of the vault that the next commit adds or replaces.
#[derive(Debug, Clone)]
pub(crate) struct Staged {
    /// The path inside the vault, for people where it is no text.
    pub(crate) path: String,
    /// What is to be committed.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a plain file.
    pub(crate) is_plain: bool,
}

/// Lists them, sorted by path; `index` is the file that git names to its hooks.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::Gix`], [`GitError::TooLarge`].
pub(crate) fn staged(vault: &Path, index: Option<&Path>) -> Result<Vec<Staged>, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    let path = index.map_or_else(|| place.index(), |path| place.work_tree.join(path));
    let index = index::load(&path, repo.object_hash())?;
    let committed = || -> gix::Result<_> {
        let head = repo.head()?;
        if head.is_unborn() {
            return Ok(Default::default());
        }
        files(&repo, repo.head_id()?.detach())
    };
    let committed = committed().map_err(GitError::gix("read the branch"))?;
    let mut staged = Vec::new();
    for entry in index.entries().iter().filter(|entry| entry.stage() == Stage::Unconflicted) {
        let path = entry.path(&index);
        let Some(inside) = path.strip_prefix(place.prefix.as_slice()) else { continue };
        let Some(mode) = entry.mode.to_tree_entry_mode() else { continue };
        let now = Entry { id: entry.id, mode };
        if committed.get(path) == Some(&now) {
            continue;
        }
        let path = inside.to_str_lossy().into_owned();
        let is_plain = now.is_plain();
        let bytes = if is_plain { contents(&repo, &now)? } else { Vec::new() };
        staged.push(Staged { path, bytes, is_plain });
    }
    Ok(staged)
}
