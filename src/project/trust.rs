//! Which project files the user allowed: one small file per digest of path and content, or, in a
//! repository, of place and content.
//!
//! A changed file, or the same file elsewhere, has another digest and is not trusted; in another
//! worktree of the same repository it has the same place. The small file holds the path, or the
//! place, for people and for taking the trust back.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::iter;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::error::ProjectError;
use super::file::ProjectFile;
use crate::crypto::keys::random_id;

/// Longest path read back from a small file.
const MAX_PATH: u64 = 1 << 16;
/// Has other content after every change of trust.
const CHANGED: &str = "trusted-changed";

/// Tells whether the user allowed exactly this content at this path.
pub(crate) fn is_trusted(state_dir: &Path, file: &ProjectFile) -> bool {
    entries(state_dir, file).any(|(entry, place)| read(&entry).is_ok_and(|read| read == place))
}

/// Remembers that the user allows `file` as it was read.
///
/// # Errors
/// [`ProjectError::Write`] where it cannot be written.
pub(crate) fn trust(state_dir: &Path, file: &ProjectFile) -> Result<(), ProjectError> {
    // In a repository its place says it all: what is denied in one worktree is denied in each.
    if let Some((entry, place)) = entries(state_dir, file).last() {
        crate::fs::replace(&entry, place)
            .map_err(io::Error::other)
            .map_err(|source| ProjectError::Write { path: entry, source })?;
    }
    let path = state_dir.join(CHANGED);
    tell_shells(state_dir).map_err(|source| ProjectError::Write { path, source })
}

/// Forgets every content that was allowed at the path of `file`, and at its place in the
/// repository's other worktrees.
///
/// # Errors
/// [`ProjectError::Write`] where something cannot be read or removed.
pub(crate) fn distrust(state_dir: &Path, file: &ProjectFile) -> Result<(), ProjectError> {
    let folder = folder(state_dir);
    entries(state_dir, file)
        .try_for_each(|(_, place)| remove_all(&folder, place))
        .and_then(|()| tell_shells(state_dir))
        .map_err(|source| ProjectError::Write { path: folder, source })
}

/// Changes what the hooks of all shells look at before each prompt.
fn tell_shells(state_dir: &Path) -> io::Result<()> {
    let file = state_dir.join(CHANGED);
    DirBuilder::new().recursive(true).mode(0o700).create(state_dir)?;
    let stamp = crate::fs::replace(&file, format!("{}\n", random_id::<8>()).as_bytes());
    stamp.map_err(io::Error::other)
}

fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("trusted")
}

/// The small files about `file`, and what each holds.
fn entries<'f>(
    state_dir: &Path,
    file: &'f ProjectFile,
) -> impl Iterator<Item = (PathBuf, &'f [u8])> {
    let own = (&file.digest, file.path.as_os_str().as_bytes());
    let shared = file.shared.iter().map(|(place, digest)| (digest, place.as_slice()));
    let folder = folder(state_dir);
    iter::once(own).chain(shared).map(move |(digest, place)| (folder.join(digest), place))
}

fn read(entry: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file =
        OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(entry)?;
    let mut path = Vec::new();
    file.take(MAX_PATH).read_to_end(&mut path)?;
    Ok(path)
}

fn remove_all(folder: &Path, path: &[u8]) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?.path();
        if read(&entry).is_ok_and(|trusted| trusted == path) {
            fs::remove_file(entry)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{distrust, is_trusted, trust};
    use crate::project::file::ProjectFile;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn file(dir: &Path, content: &str) -> ProjectFile {
        let path = dir.join(".authy.toml");
        fs::create_dir_all(dir).unwrap();
        fs::write(&path, content).unwrap();
        ProjectFile::read(&path, None).unwrap()
    }

    #[test]
    fn only_the_content_that_was_allowed_at_its_path_is_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state/deep");
        let one = file(&dir.path().join("p"), "[authy]\nscope = \"a\"\n");
        assert!(!is_trusted(&state, &one));
        trust(&state, &one).unwrap();
        trust(&state, &one).unwrap();
        assert!(is_trusted(&state, &one));
        let moved = file(&dir.path().join("q"), "[authy]\nscope = \"a\"\n");
        assert!(!is_trusted(&state, &moved));
        let changed = file(&dir.path().join("p"), "[authy]\nscope = \"b\"\n");
        assert!(!is_trusted(&state, &changed));
    }

    #[test]
    fn taking_trust_back_covers_every_content_of_the_path_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let other = file(&dir.path().join("q"), "");
        let old = file(&dir.path().join("p"), "[authy]\n");
        distrust(&state, &old).unwrap();
        trust(&state, &old).unwrap();
        let new = file(&dir.path().join("p"), "");
        trust(&state, &new).unwrap();
        trust(&state, &other).unwrap();
        distrust(&state, &new).unwrap();
        assert!(!is_trusted(&state, &old) && !is_trusted(&state, &new));
        assert!(is_trusted(&state, &other));
    }

    #[test]
    fn nobody_else_can_read_or_write_what_is_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let one = file(&dir.path().join("p"), "");
        trust(&state, &one).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&super::folder(&state)), 0o700);
        assert_eq!(mode(&super::entries(&state, &one).next().unwrap().0), 0o600);
    }

    #[test]
    fn a_torn_entry_trusts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let one = file(dir.path(), "");
        trust(dir.path(), &one).unwrap();
        fs::write(super::entries(dir.path(), &one).next().unwrap().0, "").unwrap();
        assert!(!is_trusted(dir.path(), &one));
    }
}
