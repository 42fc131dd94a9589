//! Secret bytes: wiped when dropped, never shown by `Debug`, never `Display`ed.
//!
//! Whoever wants the bytes says so with `expose`; grep for it to see every place.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Largest value of a secret in bytes (1 MiB).
pub(crate) const MAX_VALUE: usize = 1 << 20;

/// Variables that no program started by authy inherits: whoever holds these can open more than
/// the program was given.
pub const WITHHELD: [&str; 8] = [
    "AUTHY_TOKEN",
    "AUTHY_TOKEN_FILE",
    "AUTHY_KEYFILE",
    "AUTHY_IDENTITY",
    "AUTHY_IDENTITY_COMMAND",
    "AUTHY_PASSPHRASE",
    RUN_KEYFILE,
    UNLOCKED,
];

/// The variable that names the descriptor by which an authy reaches what `unlock -- COMMAND` keeps.
pub const UNLOCKED: &str = "AUTHY_UNLOCKED";

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

    /// Drops the line end of a single line of text, which `echo`, editors and terminals add.
    ///
    /// Several lines, and bytes that are not text, are kept as they are: OpenSSH refuses a private
    /// key without its last line end, and the last byte of a binary file may well be `0x0a`.
    #[must_use]
    pub fn without_line_end(mut self) -> Self {
        let Some(line) = self.0.strip_suffix(b"\n") else { return self };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_line = |text: &str| text.chars().all(|c| !c.is_control() || c == '\t');
        if std::str::from_utf8(line).is_ok_and(is_line) {
            let length = line.len();
            self.0.truncate(length);
        }
        self
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
    /// In a time that depends on the lengths alone.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

#[cfg(test)]
mod tests {
    use super::SecretBytes;

    #[test]
    fn only_a_single_line_of_text_loses_its_end() {
        let cases: [(&[u8], &[u8]); 12] = [
            (b"v", b"v"),
            (b"v\n", b"v"),
            (b"v\r\n", b"v"),
            (b" v\t\n", b" v\t"),
            ("é\n".as_bytes(), "é".as_bytes()),
            (b"\n", b""),
            (b"", b""),
            (b"v\r", b"v\r"),
            (b"v\n\n", b"v\n\n"),
            (b"a\nb\n", b"a\nb\n"),
            (b"\xff\n", b"\xff\n"),
            (b"\0\n", b"\0\n"),
        ];
        for (given, kept) in cases {
            assert_eq!(
                SecretBytes::new(given.to_vec()).without_line_end().expose(),
                kept,
                "{given:?}"
            );
        }
    }

    #[test]
    fn debug_output_is_redacted() {
        let secret = SecretBytes::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[redacted] Some([redacted])");
    }
}
