//! Files that a program finds under a path and that never were on a disk: sealed memfds.
//!
//! The path is that of a process of authy's that does nothing but hold them, for as long as the
//! program runs: a program that closes what it inherited (ssh, rsync, Python's subprocess, Java)
//! finds them all the same, and so does whatever it starts.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, pidfd_open, setsid};

use super::HelperCommand;
use crate::secret::SecretBytes;

/// Lowest descriptor that is used: out of the way of a shell's redirections.
const LOWEST: i32 = 100;
/// The second word of a holder that is to stay, behind the process that it stays for.
const STAY: &str = "stay";

/// A file in memory; it lasts while somebody holds it.
pub(super) struct MemFile {
    kept: OwnedFd,
}

impl MemFile {
    /// Puts `bytes` into a new file in memory that only this user can read and nobody can
    /// change: OpenSSH and libpq refuse files that others may read.
    ///
    /// # Errors
    /// The system has no such files, or no descriptors left.
    pub(super) fn create(bytes: &SecretBytes) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("authy", flags)?);
        file.write_all(bytes.expose())?;
        fchmod(&file, Mode::RUSR)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        let kept = fcntl_dupfd_cloexec(&file, LOWEST)?;
        fcntl_setfd(&kept, FdFlags::empty())?;
        Ok(Self { kept })
    }

    /// Its path, where `holder` holds it.
    pub(super) fn path(&self, holder: i32) -> String {
        format!("/proc/{holder}/fd/{}", self.kept.as_raw_fd())
    }

    /// What keeps it for the program itself.
    pub(super) fn into_kept(self) -> OwnedFd {
        self.kept
    }
}

/// Starts a process that holds what is inherited from here for as long as this process runs,
/// and whatever it becomes; returns its id.
///
/// # Errors
/// It cannot be started.
pub(super) fn start_holder(holder: &HelperCommand) -> io::Result<i32> {
    let mut child = Command::new(&holder.program)
        .arg0("authy")
        .arg(&holder.word)
        .arg(process::id().to_string())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    if let Some(said) = child.stdout.take() {
        BufReader::new(said).read_line(&mut line)?;
    }
    child.wait()?;
    line.trim().parse().map_err(|_| io::Error::other("the process that holds it did not start"))
}

/// Is the process that [`start_holder`] starts: `words` are those behind the holder's word.
///
/// The first one starts another and ends, so that the program has no child that it does not
/// know of; the other stays.
pub(crate) fn hold(program: &Path, word: &str, words: &[OsString]) -> io::Result<()> {
    match words {
        [process] => {
            let other = Command::new(program)
                .arg0("authy")
                .args([word.as_ref(), process.as_os_str(), STAY.as_ref()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()?;
            writeln!(io::stdout(), "{}", other.id())
        }
        [process, ..] => {
            let id = process.to_str().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
            let Some(id) = id else { return Ok(()) };
            // No signal of a terminal is meant for it, and no folder is kept busy by it.
            let _ = setsid();
            let _ = std::env::set_current_dir("/");
            let end = match pidfd_open(id, PidfdFlags::empty()) {
                Err(Errno::SRCH) => return Ok(()),
                end => end?,
            };
            loop {
                match poll(&mut [PollFd::new(&end, PollFlags::IN)], None) {
                    Err(Errno::INTR) => {}
                    _ => return Ok(()),
                }
            }
        }
        [] => Ok(()),
    }
}
