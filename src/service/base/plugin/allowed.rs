//! Which programs of plugins the user allowed: one small file per digest of path and content, which holds
//! the path.
//!
//! The digest is of the program's own file. Of a script that is the script and not its interpreter, and a
//! library that a program loads is not in it either: whoever can write those can write the program.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::crypto::digest::Digest;
use crate::fs::{self, FsError};
use crate::kind::{Failure, Kind};

/// Longest path read back.
const MAX_PATH: usize = 1 << 16;

/// What keeps a program from being allowed, or that from being taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginProgramError {
    #[error("there is no state folder to remember it in")]
    NoState,
    #[error(transparent)]
    File(#[from] FsError),
    #[error("cannot look through '{}': {reason}", folder.display())]
    Folder { folder: PathBuf, reason: String },
}

impl Failure for PluginProgramError {
    fn kind(&self) -> Kind {
        Kind::Failure
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoState => Some("set AUTHY_STATE_DIR to a folder that can be written".into()),
            Self::File(error) => error.hint(),
            Self::Folder { .. } => None,
        }
    }
}

/// Whether this content at this path is allowed.
pub(super) fn is(state: &Path, program: &Path, digest: &Digest) -> bool {
    read(&entry(state, program, digest)).is_some_and(|path| path == program.as_os_str().as_bytes())
}

/// Whether another content at this path is.
pub(super) fn is_other(state: &Path, program: &Path) -> bool {
    let of_it =
        |file: &PathBuf| read(file).is_some_and(|path| path == program.as_os_str().as_bytes());
    entries(state).unwrap_or_default().iter().any(of_it)
}

/// Allows this content at this path, in the place of what was allowed there.
pub(super) fn add(state: &Path, program: &Path, digest: &Digest) -> Result<(), PluginProgramError> {
    let path = program.as_os_str().as_bytes();
    remove_where(state, |other| other == path)?;
    let file = entry(state, program, digest);
    fs::make_folders(&folder(state))?;
    Ok(fs::replace(&file, path)?)
}

/// Takes back what was allowed for programs of this name, wherever they lie.
pub(super) fn remove(state: &Path, name: &str) -> Result<usize, PluginProgramError> {
    let ending = [b"/", name.as_bytes()].concat();
    remove_where(state, |path| path.ends_with(&ending))
}

fn remove_where(state: &Path, goes: impl Fn(&[u8]) -> bool) -> Result<usize, PluginProgramError> {
    let mut count = 0;
    for file in entries(state)? {
        if read(&file).is_some_and(|path| goes(&path)) {
            fs::remove_file(&file)?;
            count += 1;
        }
    }
    Ok(count)
}

fn folder(state: &Path) -> PathBuf {
    state.join("plugins").join("allowed")
}

fn entry(state: &Path, program: &Path, digest: &Digest) -> PathBuf {
    let both = [program.as_os_str().as_bytes(), &[0], digest.as_bytes()].concat();
    folder(state).join(Digest::of(&both).hex())
}

fn read(file: &Path) -> Option<Vec<u8>> {
    fs::read_plain(file, MAX_PATH).ok()?
}

fn entries(state: &Path) -> Result<Vec<PathBuf>, PluginProgramError> {
    let folder = folder(state);
    let all = match std::fs::read_dir(&folder) {
        Ok(all) => all.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            return Err(PluginProgramError::Folder { folder, reason: error.to_string() });
        }
    };
    Ok(all)
}
