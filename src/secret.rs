//! Secret bytes: wiped when dropped, never shown by `Debug`, never `Display`ed.
//!
//! Whoever wants the bytes says so with `expose`; grep for it to see every place.

use std::fmt;

use zeroize::Zeroizing;

/// Largest value of a secret in bytes (1 MiB).
pub(crate) const MAX_VALUE: usize = 1 << 20;

/// Variables that no program started by authy inherits: whoever holds these can open more than
/// the program was given.
pub const WITHHELD: [&str; 6] = [
    "AUTHY_TOKEN",
    "AUTHY_TOKEN_FILE",
    "AUTHY_KEYFILE",
    "AUTHY_IDENTITY",
    "AUTHY_PASSPHRASE",
    RUN_KEYFILE,
];

/// The variable by which an authy inside a `run` finds the identity file of that `run`.
pub const RUN_KEYFILE: &str = "AUTHY_RUN_KEYFILE";

/// Bytes that must not be shown, logged or left in memory.
#[derive(Clone, Default)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes ownership of `bytes`; the vector is wiped on drop.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, or `None` where they are not UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<String> for SecretBytes {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for SecretBytes {
    /// Compares without stopping at the first difference.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.expose().iter().zip(other.expose()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
    }
}

impl Eq for SecretBytes {}

#[cfg(test)]
mod tests {
    use super::SecretBytes;

    #[test]
    fn debug_output_is_redacted() {
        let secret = SecretBytes::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[redacted] Some([redacted])");
    }
}
