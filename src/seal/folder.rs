//! The files of a run: certificates, which are public. They lie where sandboxes look on: what
//! starts programs behind bubblewrap gives them a `/dev/shm` of their own, but the user's runtime
//! folder and `TMPDIR` as they are.
//!
//! A second authy holds the end of a pipe; when the first one is gone, however it went, it
//! removes them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::error::SealError;
use crate::crypto::keys::random_id;
use crate::inject::HelperCommand;

/// What the name of a folder begins with.
const PREFIX: &str = "authy-run-";
/// How a file's name ends.
const ENDING: &str = ".pem";
/// What helpers below the program are told.
const TOLD: &str = "placeholders.json";
/// Where Linux has memory for everybody.
const SHARED_MEMORY: &str = "/dev/shm";

/// A folder that is gone with this value, or with this process.
pub(super) struct Folder {
    path: PathBuf,
    sweeper: Option<Child>,
}

impl Folder {
    /// Makes one, readable by everybody, as its files are.
    ///
    /// # Errors
    /// [`SealError::Files`] where none can be made.
    pub(super) fn create(
        inherited: &[(OsString, OsString)],
        sweeper: &HelperCommand,
    ) -> Result<Self, SealError> {
        let runtime = inherited.iter().find(|(name, _)| name == "XDG_RUNTIME_DIR");
        let runtime = runtime.map(|(_, value)| PathBuf::from(value));
        let runtime = runtime.into_iter().filter(|place| place.is_absolute());
        let places = runtime.chain([std::env::temp_dir(), PathBuf::from(SHARED_MEMORY)]);
        let mut failure = None;
        for place in places {
            let path = place.join(format!("{PREFIX}{}", random_id::<8>()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    // Made before it is started: it removes what is there.
                    let folder = Self { sweeper: start(sweeper, &path), path };
                    let open = fs::set_permissions(&folder.path, Permissions::from_mode(0o755));
                    return open
                        .map(|()| folder)
                        .map_err(|source| SealError::Files { path: place, source });
                }
                Err(source) => failure = Some(SealError::Files { path: place, source }),
            }
        }
        Err(failure.unwrap_or_else(|| SealError::System(io::ErrorKind::NotFound.into())))
    }

    /// Writes a file of certificates.
    ///
    /// # Errors
    /// [`SealError::Files`].
    pub(super) fn write(&self, number: usize, bytes: &[u8]) -> Result<PathBuf, SealError> {
        self.put(&format!("roots-{number}{ENDING}"), 0o444, bytes)
    }

    /// Writes the file for helpers below the program, which is nobody else's business.
    ///
    /// # Errors
    /// [`SealError::Files`].
    pub(super) fn tell(&self, bytes: &[u8]) -> Result<PathBuf, SealError> {
        self.put(TOLD, 0o400, bytes)
    }

    fn put(&self, name: &str, mode: u32, bytes: &[u8]) -> Result<PathBuf, SealError> {
        let path = self.path.join(name);
        let options = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        let written = options.and_then(|mut file: File| file.write_all(bytes));
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(SealError::Files { path, source }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.path);
        if let Some(sweeper) = &mut self.sweeper {
            // Its end of the pipe is closed, and it has nothing left to do.
            drop(sweeper.stdin.take());
            let _ = sweeper.wait();
        }
    }
}

/// Starts this program again, out of reach of what is typed at the terminal.
fn start(sweeper: &HelperCommand, folder: &Path) -> Option<Child> {
    Command::new(&sweeper.program)
        .arg0("authy")
        .arg(&sweeper.word)
        .arg(folder)
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// Waits until whoever holds the other end of standard input is gone, and removes `folder`
/// where it is one of ours.
pub(crate) fn sweep(folder: &Path) {
    let _ = io::stdin().read(&mut [0; 1]);
    clear(folder);
}

fn clear(folder: &Path) {
    let is_ours = |name: &OsStr, start: &str, end: &str| {
        name.to_str().is_some_and(|name| name.starts_with(start) && name.ends_with(end))
    };
    if !folder.file_name().is_some_and(|name| is_ours(name, PREFIX, "")) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if is_ours(&name, "roots-", ENDING) || name == TOLD {
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}
