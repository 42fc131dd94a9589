//! What a login session keeps for its programs and no file holds: the kernel's keyring.
//!
//! Linux alone has one. A key in a session keyring that has no name is read by whoever *possesses*
//! it, which is what was started in that session; whoever has the same user id and another session
//! reads nothing of it (keyrings(7)). So a program that is started [`apart`] has no way to it.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{apart, begin_session, find, forget, keep, leave, new_session, suspended};

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{
    apart, begin_session, find, forget, keep, leave, new_session, suspended,
};

use std::io;

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
}
