//! Systems without the kernel's keyring: nothing is kept, and nothing has to be left.

use super::KeyringError;
use crate::secret::SecretBytes;

pub(crate) fn keep(_: &str, _: &[u8], _: u32) -> Result<(), KeyringError> {
    Err(KeyringError::Unsupported)
}

pub(crate) fn find(_: &str) -> Option<SecretBytes> {
    None
}

pub(crate) fn forget() -> usize {
    0
}

pub(crate) fn begin_session() -> Result<(), KeyringError> {
    Err(KeyringError::Unsupported)
}

pub(crate) fn new_session() -> Result<(), KeyringError> {
    Err(KeyringError::Unsupported)
}

pub(crate) fn leave() -> Result<(), KeyringError> {
    Ok(())
}

pub(crate) fn apart<T: Send>(start: impl FnOnce() -> T + Send) -> Result<T, KeyringError> {
    Ok(start())
}

pub(crate) fn suspended() -> u64 {
    0
}
