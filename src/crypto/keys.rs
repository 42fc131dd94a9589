//! Every key derivation, every domain label, and the chain key: the one place to audit them.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::digest::Digest;
use crate::secret::SecretBytes;

/// Domain label of signatures over files and chain openings.
pub(super) const SIGNED_FILE: &[u8] = b"authy/v1/signed-file";
/// Domain label of the hash by which a chain's first line commits to its key.
const CHAIN_COMMITMENT: &[u8] = b"authy/v1/chain-key";

/// Domain label of what stands for an identity where it derives keys.
const IDENTITY_SECRET: &[u8] = b"authy/v1/identity-secret";

/// What the bytes of a session token or of an identity derive (HKDF `info`).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The session's id: the first 8 bytes, in hex.
    Id,
    /// The session's age identity, 32 bytes of an X25519 secret key.
    Identity,
    /// The same where it is to be post-quantum: the 32 bytes of an `AGE-SECRET-KEY-PQ-1…`.
    HybridIdentity,
    /// The key of the session's audit chains.
    Audit,
    /// The key under which verified signatures are remembered.
    Known,
    /// The identity under which keys of files that a plugin opened are remembered, of a signing key.
    PluginKeys,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Id => b"authy/v1/id",
            Self::Identity => b"authy/v1/identity",
            Self::HybridIdentity => b"authy/v1/identity-pq",
            Self::Audit => b"authy/v1/audit",
            Self::Known => b"authy/v1/known",
            Self::PluginKeys => b"authy/v1/plugin-keys",
        }
    }
}

/// Derives 32 bytes from a token, or from what stands for an identity: HKDF-SHA256 (RFC 5869)
/// with the vault's id, as text, for salt.
pub(crate) fn derive(secret: &[u8; 32], vault: &str, purpose: Purpose) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(age_core::primitives::hkdf(vault.as_bytes(), purpose.info(), secret))
}

/// The 32 bytes that stand for an identity where it derives keys: HKDF-SHA256 without a salt.
/// `key` is its secret key in whole, and as random as one.
pub(super) fn identity_secret(key: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(age_core::primitives::hkdf(b"", IDENTITY_SECRET, key))
}

/// The key of an age file's header mac (age spec, "Header MAC").
pub(super) fn header_mac_key(file_key: &[u8]) -> Mac {
    Mac::new(&Zeroizing::new(age_core::primitives::hkdf(b"", b"header", file_key)))
}

/// The key of an age file's payload (age spec, "Payload"); `nonce` are its first 16 bytes.
pub(super) fn payload_key(file_key: &[u8], nonce: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(age_core::primitives::hkdf(nonce, b"payload", file_key))
}

/// HMAC-SHA256 (RFC 2104) under one key.
#[derive(Clone)]
pub(crate) struct Mac(Hmac<Sha256>);

impl Mac {
    /// Makes the key ready.
    #[allow(clippy::expect_used, reason = "HMAC accepts keys of any length (RFC 2104)")]
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(key.as_slice()).expect("any length is a key"))
    }

    /// The mac of `parts`, one behind the other.
    pub(super) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hmac = self.0.clone();
        parts.iter().for_each(|part| hmac.update(part));
        hmac.finalize().into_bytes().into()
    }

    /// Whether `mac` is the mac of `bytes`, compared in constant time.
    pub(super) fn verifies(&self, bytes: &[u8], mac: &[u8]) -> bool {
        let mut hmac = self.0.clone();
        hmac.update(bytes);
        hmac.verify_slice(mac).is_ok()
    }
}

/// Draws `N` bytes from the operating system's generator (through a seeded CSPRNG).
pub(crate) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    use rand::Rng as _;
    let mut bytes = Zeroizing::new([0; N]);
    rand::rng().fill_bytes(bytes.as_mut_slice());
    bytes
}

/// Draws an id of `N` random bytes in lower-case hex (2·N characters).
pub(crate) fn random_id<const N: usize>() -> String {
    HEXLOWER.encode(random::<N>().as_slice())
}

/// The key of one audit chain; wiped on drop.
#[derive(Clone)]
pub(crate) struct ChainKey(Zeroizing<[u8; 32]>);

impl ChainKey {
    /// Draws a new key.
    pub(crate) fn generate() -> Self {
        Self(random())
    }

    /// Takes a derived key.
    pub(crate) fn derived(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Takes 32 bytes; `None` where the length differs.
    pub(crate) fn from_secret(bytes: &SecretBytes) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.expose().try_into().ok()?)))
    }

    /// The bytes, to be sealed.
    pub(crate) fn to_secret(&self) -> SecretBytes {
        SecretBytes::new(self.0.to_vec())
    }

    /// The public hash by which a chain's first line names its key.
    pub(crate) fn commitment(&self) -> Digest {
        let mut bytes = Zeroizing::new(CHAIN_COMMITMENT.to_vec());
        bytes.extend_from_slice(self.0.as_slice());
        Digest::of(&bytes)
    }

    /// HMAC-SHA256 (RFC 2104) of `line`, in lower-case hex.
    pub(crate) fn mac(&self, line: &[u8]) -> String {
        HEXLOWER.encode(&Mac::new(&self.0).of(&[line]))
    }

    /// Whether `hex` is the mac of `line`, compared in constant time.
    pub(crate) fn verifies(&self, line: &[u8], hex: &str) -> bool {
        self.verifier().verifies(line, hex)
    }

    /// The key made ready for many lines: two of some eight blocks of hashing are the key's.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier(Mac::new(&self.0))
    }
}

/// Checks macs under one key.
#[derive(Clone)]
pub(crate) struct Verifier(Mac);

impl Verifier {
    /// Whether `hex` is the mac of `line`, compared in constant time.
    pub(crate) fn verifies(&self, line: &[u8], hex: &str) -> bool {
        let mut mac = [0; 32];
        let is_mac = hex.len() == 64 && HEXLOWER.decode_mut(hex.as_bytes(), &mut mac).is_ok();
        is_mac && self.0.verifies(line, &mac)
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainKey, Purpose, derive, random_id};

    #[test]
    fn a_mac_is_of_its_line_and_key() {
        let key = ChainKey::generate();
        let mac = key.mac(b"line");
        assert!(key.verifies(b"line", &mac));
        assert!(!key.verifies(b"lime", &mac));
        assert!(!ChainKey::generate().verifies(b"line", &mac));
        assert!(!key.verifies(b"line", &mac[2..]));
        let again = ChainKey::from_secret(&key.to_secret()).expect("32 bytes");
        assert_eq!(again.commitment(), key.commitment());
    }

    #[test]
    fn what_a_token_derives_depends_on_token_vault_and_purpose() {
        let hex = |token: u8, vault, purpose| {
            data_encoding::HEXLOWER.encode(derive(&[token; 32], vault, purpose).as_slice())
        };
        // Computed with Python's hmac and hashlib from RFC 5869.
        assert_eq!(
            hex(7, "00112233445566778899aabbccddeeff", Purpose::Id),
            "f37106aac9dc617cfe92a4cece53e5a02c62d2be576f28ba8b3e00d9ff6dda18"
        );
        let all = [
            hex(7, "a", Purpose::Id),
            hex(7, "a", Purpose::Identity),
            hex(7, "a", Purpose::Audit),
            hex(7, "a", Purpose::Known),
            hex(7, "b", Purpose::Id),
            hex(8, "a", Purpose::Id),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn ids_are_hex() {
        let id = random_id::<16>();
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
