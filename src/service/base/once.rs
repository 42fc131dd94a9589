//! An identity that can be read once: what a program prints, or what comes through a pipe.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::name::printable;
use crate::secret::SecretBytes;

/// An identity that is read at most once, when it is wanted; copies share what was read.
#[derive(Debug, Clone)]
pub struct OnceIdentity {
    pub(crate) from: Once,
    /// Whether a program may be started for it.
    pub(crate) may_run: bool,
    pub(crate) got: Arc<OnceLock<SecretBytes>>,
}

/// Where it comes from.
#[derive(Debug, Clone)]
pub(crate) enum Once {
    /// What this line of `sh` prints.
    Command(OsString),
    /// A pipe, or a file whose rights its giver answers for.
    Stream(PathBuf),
}

impl OnceIdentity {
    /// What a line of `sh` prints: its standard input is empty, it may ask on the terminal, and it has
    /// a minute.
    pub fn of_command(line: OsString) -> Self {
        Self::new(Once::Command(line))
    }

    /// What is in this file, which may be a pipe. Who may read it is not looked at: systemd's
    /// credentials, and descriptors that somebody opened, are their giver's to protect.
    pub fn of_stream(path: PathBuf) -> Self {
        Self::new(Once::Stream(path))
    }

    fn new(from: Once) -> Self {
        Self { from, may_run: true, got: Arc::default() }
    }

    /// The same where nothing is to be started for it, such as for a prompt.
    #[must_use]
    pub fn unasked(self) -> Self {
        Self { may_run: false, ..self }
    }

    /// What it is called in messages.
    pub(crate) fn label(&self) -> String {
        match &self.from {
            // Its words may have a secret in them.
            Once::Command(_) => "--identity-command".to_owned(),
            Once::Stream(path) => printable(&path.to_string_lossy()),
        }
    }
}
