//! Ed25519 signatures (RFC 8032) over what a member or an admin states.
//!
//! A statement binds the domain, the vault, the path, the bytes, the signer's name and
//! the time, each length-prefixed, so that a signed file cannot be moved, swapped,
//! replayed in another vault or edited.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use super::digest::Digest;
use super::keys::{SIGNED_FILE, random};
use super::text::serde_as_text;
use crate::secret::SecretBytes;

const PREFIX: &str = "ed25519:";

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement<'a> {
    /// The vault's id, as `authy.toml` writes it.
    pub(crate) vault: &'a str,
    /// The file's path inside the vault, with `/`; for a chain's first line `audit/<chain>.jsonl`.
    pub(crate) path: &'a str,
    /// Every byte that is signed.
    pub(crate) body: &'a [u8],
    /// The signer's member name.
    pub(crate) by: &'a str,
    /// When, in RFC 3339 as written in the file.
    pub(crate) at: &'a str,
}

impl Statement<'_> {
    /// What is signed.
    pub(super) fn message(&self) -> Vec<u8> {
        let parts: [&[u8]; 6] = [
            SIGNED_FILE,
            self.vault.as_bytes(),
            self.path.as_bytes(),
            self.body,
            self.by.as_bytes(),
            self.at.as_bytes(),
        ];
        let mut out = Vec::with_capacity(self.body.len() + 256);
        for part in parts {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}

/// A member's signing key; wiped on drop.
pub(crate) struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Draws a new key.
    pub(crate) fn generate() -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&random::<32>()))
    }

    /// Takes the 32-byte seed; `None` where the length differs.
    pub(crate) fn from_seed(seed: &SecretBytes) -> Option<Self> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(seed.expose().try_into().ok()?);
        Some(Self(ed25519_dalek::SigningKey::from_bytes(&bytes)))
    }

    /// The 32-byte seed, to be sealed.
    pub(crate) fn seed(&self) -> SecretBytes {
        SecretBytes::new(self.0.as_bytes().to_vec())
    }

    /// The public half.
    pub(crate) fn verify_key(&self) -> VerifyKey {
        VerifyKey(self.0.verifying_key())
    }

    /// Signs a statement.
    pub(crate) fn sign(&self, statement: &Statement<'_>) -> Signature {
        Signature(self.0.sign(&statement.message()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// A member's verify key, written `ed25519:` and base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VerifyKey(ed25519_dalek::VerifyingKey);

impl VerifyKey {
    /// Parses the written form; `None` for anything else, weak keys included.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(PREFIX)?.as_bytes()).ok()?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
        (!key.is_weak()).then_some(Self(key))
    }

    /// Whether `signature` is this key's over `statement` (strict: no malleable forms).
    pub(crate) fn verifies(&self, statement: &Statement<'_>, signature: &Signature) -> bool {
        self.0.verify_strict(&statement.message(), &signature.0).is_ok()
    }

    pub(super) fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// What people compare: `SHA256:` and base64 without padding, as ssh prints it.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Digest::of(self.0.as_bytes());
        format!("SHA256:{}", BASE64_NOPAD.encode(digest.as_bytes()))
    }
}

impl fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64.encode(self.0.as_bytes()))
    }
}

/// A signature, written `ed25519:` and base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signature(ed25519_dalek::Signature);

impl Signature {
    /// Parses the written form; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(PREFIX)?.as_bytes()).ok()?;
        Some(Self(ed25519_dalek::Signature::from_bytes(&bytes.try_into().ok()?)))
    }

    pub(super) fn bytes(&self) -> [u8; 64] {
        self.0.to_bytes()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64.encode(&self.0.to_bytes()))
    }
}

serde_as_text!(VerifyKey, "expected 'ed25519:' and a base64 key");
serde_as_text!(Signature, "expected 'ed25519:' and a base64 signature");

#[cfg(test)]
mod tests {
    use super::{Signature, SigningKey, Statement, VerifyKey};

    const STATEMENT: Statement<'_> =
        Statement { vault: "v", path: "p", body: b"body", by: "alice", at: "2026-11-23T10:00:00Z" };

    #[test]
    fn a_signature_covers_every_part() {
        let key = SigningKey::generate();
        let signature = key.sign(&STATEMENT);
        assert!(key.verify_key().verifies(&STATEMENT, &signature));
        let others = [
            Statement { vault: "w", ..STATEMENT },
            Statement { path: "q", ..STATEMENT },
            Statement { body: b"bodY", ..STATEMENT },
            Statement { by: "bob", ..STATEMENT },
            Statement { at: "2026-11-23T10:00:01Z", ..STATEMENT },
            // The length prefixes keep neighbouring parts apart.
            Statement { vault: "vp", path: "", ..STATEMENT },
        ];
        for other in others {
            assert!(!key.verify_key().verifies(&other, &signature), "{other:?}");
        }
        assert!(!SigningKey::generate().verify_key().verifies(&STATEMENT, &signature));
    }

    #[test]
    fn written_forms_read_back() {
        let key = SigningKey::generate();
        let signature = key.sign(&STATEMENT);
        assert_eq!(VerifyKey::parse(&key.verify_key().to_string()), Some(key.verify_key()));
        assert_eq!(Signature::parse(&signature.to_string()), Some(signature));
        let again = SigningKey::from_seed(&key.seed()).expect("a seed of its own");
        assert_eq!(again.verify_key(), key.verify_key());
        assert!(format!("{key:?}").contains("[redacted]"));
    }
}
