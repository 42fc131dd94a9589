//! What a login session keeps for its programs and no file holds: the kernel's keyring, and a process of
//! authy's own where there is none.
//!
//! Linux alone has one. A key in a session keyring that has no name is read by whoever *possesses*
//! it, which is what was started in that session; whoever has the same user id and another session
//! reads nothing of it (keyrings(7)). So a program that is started [`apart`] has no way to it. Nor has
//! it one to the [`keeper`], whose socket authy keeps to itself.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as kernel;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
use elsewhere as kernel;
mod keeper;

use std::io;
use std::path::Path;
use std::time::SystemTime;

pub(crate) use keeper::KeeperCommand;
pub use keeper::{UnlockSocket, keep_unlocked, take_unlock_socket};
pub(crate) use kernel::{apart, begin_session, leave, suspended};

use crate::secret::SecretBytes;

/// Most bytes that are kept under a label: what a key of the kernel's holds (add_key(2)).
const LARGEST: usize = 32_767;

/// How the description of each key of authy's begins.
#[cfg(target_os = "linux")]
const MARK: &str = "authy:";

/// Why the session keeps nothing.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "some are of the kernel's keyring, one is of systems without")]
pub(crate) enum KeyringError {
    /// The system has none.
    #[error("this system has no keyring that authy knows")]
    Unsupported,
    /// A container's or sandbox's filter forbids it.
    #[error("the kernel's keyring may not be used here, as in most containers")]
    Forbidden,
    /// The processes here share the keyring of the user, which nobody can be kept from.
    #[error("this shell has no login session of its own")]
    NoSession,
    /// The program that started this one is to get a session, and takes none.
    #[error(
        "the program that started authy takes no session: it has threads, as fish has at times"
    )]
    ParentRefuses,
    /// The user has too many keys.
    #[error("the kernel keeps no more keys for this user")]
    Full,
    /// Anything else.
    #[error("the kernel's keyring: {0}")]
    Failed(io::Error),
    /// There is no keyring, and the process that was to keep it did not.
    #[error("{kernel}; the process that was to keep it failed: {source}")]
    Keeper {
        /// Why the kernel keeps nothing.
        kernel: Box<Self>,
        /// What happened.
        source: io::Error,
    },
}

impl KeyringError {
    /// Whether there is no keyring here at all.
    pub(crate) const fn is_absence(&self) -> bool {
        matches!(self, Self::Unsupported | Self::Forbidden)
    }
}

/// Keeps `payload` under `label` in the session, until then.
///
/// # Errors
/// [`KeyringError`]; nothing is kept then.
pub(crate) fn keep(label: &str, payload: &[u8], until: SystemTime) -> Result<(), KeyringError> {
    let left = until.duration_since(SystemTime::now()).unwrap_or_default().as_secs();
    kernel::keep(label, payload, u32::try_from(left).unwrap_or(u32::MAX).max(1))
}

/// Begins a session for what this thread starts, and keeps `payload` there: in the kernel, or in a process
/// whose socket what is started inherits.
///
/// # Errors
/// [`KeyringError`]; nothing is kept then.
pub(crate) fn keep_apart(
    command: KeeperCommand<'_>,
    label: &str,
    payload: &[u8],
    until: SystemTime,
) -> Result<Option<UnlockSocket>, KeyringError> {
    match kernel::new_session() {
        Ok(()) => keep(label, payload, until).map(|()| None),
        Err(absent) if absent.is_absence() => keeper::start(command, label, payload, until)
            .map(Some)
            .map_err(|source| KeyringError::Keeper { kernel: absent.into(), source }),
        Err(error) => Err(error),
    }
}

/// What this session keeps under `label`.
pub(crate) fn find(label: &str) -> Option<SecretBytes> {
    kernel::find(label).or_else(|| keeper::find(label))
}

/// Ends all that sessions of this user keep for authy, and says how many it were. `doors`: the folder in
/// which keepers can be told.
pub(crate) fn forget(doors: Option<&Path>) -> usize {
    kernel::forget() + keeper::forget(doors)
}
