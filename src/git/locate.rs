//! Finding and making the vault's repository.

use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice as _};
use gix::sec::trust::Mapping;

use super::error::GitError;

/// Folders of a vault that must never be tracked.
const PRIVATE: [&str; 3] = ["keys/", ".local/", "sessions/"];
/// The part of `sessions/` that travels with the repository.
const SHARED: &str = "sessions/shared/";

/// Where the vault lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// It is the root of a work tree.
    Own,
    /// It is a folder inside a work tree.
    Inside {
        /// That work tree's root.
        work_tree: PathBuf,
    },
    /// It is in no repository.
    None,
}

/// Finds out where the vault lies.
///
/// # Errors
/// `Open` where there is a repository that cannot be opened.
pub(crate) fn locate(vault: &Path) -> Result<Home, GitError> {
    let Some(repo) = open_any(vault)? else { return Ok(Home::None) };
    let Some(work_tree) = repo.workdir() else { return Ok(Home::None) };
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let work_tree = canonical(work_tree);
    Ok(if work_tree == canonical(vault) { Home::Own } else { Home::Inside { work_tree } })
}

/// Makes a repository for the vault; the branch is named as the user's git names it.
///
/// # Errors
/// `Init` where that fails.
pub(crate) fn init(vault: &Path) -> Result<(), GitError> {
    let failed = |reason: String| GitError::Init { path: vault.to_owned(), reason };
    let repo = gix::init(vault).map_err(|error| failed(error.to_string()))?;
    // Samples of hooks are noise in a repository that nobody codes in.
    let hooks = repo.git_dir().join("hooks");
    for entry in std::fs::read_dir(hooks).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|ext| ext == "sample") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Lists what git tracks of the vault's private folders.
///
/// # Errors
/// `Index` where the index cannot be read.
pub(crate) fn tracked_private(vault: &Path) -> Result<Vec<String>, GitError> {
    let git = vault.join(".git");
    let (index, prefix) = if git.is_dir() {
        (git.join("index"), String::new())
    } else {
        let Some(repo) = open_any(vault)? else { return Ok(Vec::new()) };
        let Some(prefix) = prefix_of(&repo, vault) else { return Ok(Vec::new()) };
        (repo.index_path(), prefix)
    };
    if !index.exists() {
        return Ok(Vec::new());
    }
    // The index's own checksum is git's business; this is asked on every command.
    let index = gix::index::File::at(&index, gix::hash::Kind::Sha1, true, Default::default())
        .map_err(|error| GitError::Index { path: index.clone(), reason: error.to_string() })?;
    let shared = format!("{prefix}{SHARED}");
    let mut found = Vec::new();
    for folder in PRIVATE {
        let folder = format!("{prefix}{folder}");
        let entries = index.prefixed_entries(BStr::new(&folder)).unwrap_or_default();
        let paths = entries.iter().map(|entry| entry.path(&index).to_str_lossy().into_owned());
        found.extend(paths.filter(|path| !path.starts_with(&shared)));
    }
    Ok(found)
}

/// The vault's folder relative to the work tree, with a `/` at its end; empty at the root.
pub(super) fn prefix_of(repo: &gix::Repository, vault: &Path) -> Option<String> {
    let work_tree = repo.workdir()?.canonicalize().ok()?;
    let vault = vault.canonicalize().ok()?;
    let relative = vault.strip_prefix(work_tree).ok()?.to_str()?.to_owned();
    Some(if relative.is_empty() { relative } else { format!("{relative}/") })
}

/// Opens the repository around the vault whoever owns it, only to look.
fn open_any(vault: &Path) -> Result<Option<gix::Repository>, GitError> {
    match gix::discover(vault) {
        Ok(repo) => Ok(Some(repo)),
        Err(_) if !has_git_above(vault) => Ok(None),
        Err(error) => Err(GitError::Open { path: vault.to_owned(), reason: error.to_string() }),
    }
}

/// Opens the repository around the vault to write, as strict about its owner as git is.
pub(super) fn open_trusted(vault: &Path) -> Option<gix::Repository> {
    let options = gix::open::Options::default().bail_if_untrusted(true);
    let trust = Mapping { full: options.clone(), reduced: options };
    let repo = gix::ThreadSafeRepository::discover_opts(vault, Default::default(), trust).ok()?;
    Some(repo.to_thread_local())
}

/// Whether there is anything that looks like a repository at or above the vault.
pub(super) fn has_git_above(vault: &Path) -> bool {
    let vault = vault.canonicalize().unwrap_or_else(|_| vault.to_owned());
    vault.ancestors().any(|folder| folder.join(".git").exists())
}
