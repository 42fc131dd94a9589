//! What the terminal interface is started with.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use authy::{IdentitySource, ScopeName, SecretBytes};

/// The terminal interface, as the command line starts it: it ends with the signal that ended it,
/// where one did.
pub(crate) type Admin = fn(Invocation, &Setup<'_>) -> io::Result<Option<u8>>;

/// How the interface was started: what was found out before it began.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) vault: PathBuf,
    pub(crate) home: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) identity: IdentitySource,
    pub(crate) agent: Option<authy::AgentAtWork>,
    pub(crate) confined: Option<ScopeName>,
    /// Where age plugins are: `PATH`.
    pub(crate) path: std::ffi::OsString,
    /// `AUTHY_PASSPHRASE`.
    pub(crate) passphrase: Option<SecretBytes>,
}

/// What else the interface needs.
pub(crate) struct Setup<'s> {
    /// After so long without a key the identity is forgotten; `None`: never.
    pub(crate) lock_after: Option<Duration>,
    pub(crate) colour: bool,
    /// Whether the mouse is listened to.
    pub(crate) mouse: bool,
    /// Puts a value on the clipboard for a while.
    pub(crate) clipboard: &'s dyn Fn(&SecretBytes) -> io::Result<()>,
}
