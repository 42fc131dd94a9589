//! What the terminal interface is started with.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use authy::{IdentitySource, ScopeName, SecretBytes};

/// The terminal interface, as the command line starts it: it ends with the signal that ended it,
/// where one did.
pub(crate) type Admin = fn(World, &Setup<'_>) -> io::Result<Option<u8>>;

/// What was found out about the world before the interface began.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) vault: PathBuf,
    pub(crate) home: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) identity: IdentitySource,
    pub(crate) agent: Option<authy::AgentAtWork>,
    pub(crate) confined: Option<ScopeName>,
    /// `AUTHY_PASSPHRASE`.
    pub(crate) passphrase: Option<SecretBytes>,
}

/// What the interface needs besides the world.
pub(crate) struct Setup<'s> {
    /// After so long without a key the identity is forgotten; `None`: never.
    pub(crate) lock_after: Option<Duration>,
    pub(crate) colour: bool,
    /// Puts a value on the clipboard for a while.
    pub(crate) clipboard: &'s dyn Fn(&SecretBytes) -> io::Result<()>,
}
