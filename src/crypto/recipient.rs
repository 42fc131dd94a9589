//! Recipients: the public keys that files are encrypted to.
//!
//! Their texts arrive through git. Keys that encryption would protect nothing with are refused, and one
//! of a plugin starts no program by itself.

use std::fmt;
use std::sync::Arc;

use age::ssh::ParseRecipientKeyError;
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::{MontgomeryPoint, Scalar};
use data_encoding::{BASE64, BASE64_NOPAD};

use super::digest::Digest;
use super::error::CryptoError;
use super::hybrid;
use super::plugin::{PluginRecipient, Plugins};
use super::ssh_wire::{self, KeyType};
use crate::name::PluginName;

/// A public key of age, or of ssh in the two types that age knows.
#[derive(Clone)]
pub(crate) struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
    /// Two kilobytes, and shared: recipients are copied for each file.
    Hybrid(Arc<hybrid::Recipient>),
    Plugin(Arc<PluginRecipient>),
}

impl Recipient {
    /// Parses `age1…`, `ssh-ed25519 …` or `ssh-rsa …`; the comment of an ssh key is dropped. To one of a
    /// plugin nothing is encrypted before [`Recipient::use_plugins`].
    ///
    /// # Errors
    /// [`CryptoError::InvalidRecipient`], and [`CryptoError::SecretAsRecipient`], which does not show
    /// what was given.
    pub(crate) fn parse(text: &str) -> Result<Self, CryptoError> {
        let text = text.trim();
        if looks_secret(text) {
            return Err(CryptoError::SecretAsRecipient);
        }
        if text.chars().any(char::is_control) {
            return Err(CryptoError::invalid_recipient(text, "it must be a single line"));
        }
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        if let Some(key_type) = KeyType::parse(first.as_bytes()) {
            return parse_ssh(text, key_type, words.next().unwrap_or_default());
        }
        if text.starts_with(hybrid::RECIPIENT_START) {
            let mistyped = CryptoError::invalid_recipient(text, "it is mistyped or cut short");
            return hybrid::Recipient::parse(text).map(Self::from).ok_or(mistyped);
        }
        if let Some(key) = PluginRecipient::parse(text) {
            return Ok(Self { text: text.to_owned(), key: Key::Plugin(Arc::new(key)) });
        }
        if text.starts_with("age1") {
            return parse_x25519(text);
        }
        let ssh = ["ssh-", "sk-", "ecdsa-"].iter().any(|start| first.starts_with(start));
        Err(CryptoError::invalid_recipient(
            text,
            if ssh {
                "of ssh keys only ssh-ed25519 and ssh-rsa can be recipients"
            } else {
                "it starts neither with 'age1' nor with 'ssh-ed25519' or 'ssh-rsa'"
            },
        ))
    }

    /// The tag by which stanzas of an ssh key name it; `None` for the anonymous X25519.
    pub(crate) fn ssh_tag(&self) -> Option<String> {
        let (_, base64) = self.text.split_once(' ')?;
        let blob = BASE64.decode(base64.as_bytes()).ok()?;
        let digest = Digest::of(&blob);
        let (tag, _) = digest.as_bytes().split_first_chunk::<4>()?;
        Some(BASE64_NOPAD.encode(tag))
    }

    /// Whether a quantum computer breaks it no more than an ordinary one.
    pub(crate) const fn is_post_quantum(&self) -> bool {
        matches!(self.key, Key::Hybrid(_))
    }

    /// The plugin that it needs.
    pub(crate) fn plugin(&self) -> Option<&PluginName> {
        self.as_plugin().map(|key| &key.name)
    }

    /// Lets its plugin, where it needs one, be started by `plugins`; copies of it as well.
    pub(crate) fn use_plugins(&self, plugins: &Arc<dyn Plugins>) {
        if let Some(key) = self.as_plugin() {
            key.use_plugins(plugins);
        }
    }

    /// Whether it can be encrypted to here; a person is asked about its plugin's program where it `asks`.
    ///
    /// # Errors
    /// [`CryptoError::PluginRecipient`]: its plugin is not to be had.
    pub(crate) fn ready(&self, asks: bool) -> Result<(), CryptoError> {
        let Some(key) = self.as_plugin() else { return Ok(()) };
        key.ready(asks).map_err(|source| CryptoError::plugin_recipient(&self.text, source))
    }

    pub(super) fn as_plugin(&self) -> Option<&PluginRecipient> {
        if let Key::Plugin(key) = &self.key { Some(key) } else { None }
    }

    /// The recipient as the age crate wants it; as an error one of a plugin, whose own errors that
    /// crate has no place for.
    pub(super) fn as_age(&self) -> Result<&dyn age::Recipient, &PluginRecipient> {
        match &self.key {
            Key::X25519(key) => Ok(key),
            Key::Ssh(key) => Ok(key),
            Key::Hybrid(key) => Ok(key.as_ref()),
            Key::Plugin(key) => Err(key),
        }
    }
}

impl From<age::x25519::Recipient> for Recipient {
    /// Takes the public half of a key at hand, which needs no checks.
    fn from(key: age::x25519::Recipient) -> Self {
        Self { text: key.to_string(), key: Key::X25519(key) }
    }
}

impl From<hybrid::Recipient> for Recipient {
    fn from(key: hybrid::Recipient) -> Self {
        Self { text: key.to_string(), key: Key::Hybrid(Arc::new(key)) }
    }
}

impl fmt::Display for Recipient {
    /// Writes the canonical text, without a comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.text)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

/// Whether somebody mistook a secret key for a recipient, whatever its letters' case.
fn looks_secret(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    ["SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN-"].iter().any(|mark| upper.contains(mark))
}

fn parse_x25519(text: &str) -> Result<Recipient, CryptoError> {
    let invalid = |rule| CryptoError::invalid_recipient(text, rule);
    let key: age::x25519::Recipient =
        text.parse().map_err(|_| invalid("it is mistyped or cut short"))?;
    if is_of_small_order(text) {
        return Err(invalid("encryption to it would protect nothing"));
    }
    Ok(key.into())
}

/// Whether the key is one that gives everybody the same shared secret (RFC 7748, section 6.1).
fn is_of_small_order(text: &str) -> bool {
    let point: Result<Vec<u8>, ()> = age_core::primitives::bech32_decode(
        text,
        |_| (),
        |_| Ok(()),
        |_, bytes| Ok(bytes.collect()),
    );
    let point = point.ok().and_then(|point| point.try_into().ok());
    point.is_none_or(protects_nothing)
}

/// Whether the order of a point of Curve25519 or of its twist is a divisor of eight.
pub(super) fn protects_nothing(point: [u8; 32]) -> bool {
    MontgomeryPoint(point) * Scalar::from(8_u8) == MontgomeryPoint::identity()
}

fn parse_ssh(text: &str, key_type: KeyType, base64: &str) -> Result<Recipient, CryptoError> {
    let invalid = |rule| CryptoError::invalid_recipient(text, rule);
    let blob = BASE64
        .decode(base64.as_bytes())
        .ok()
        .filter(|blob| ssh_wire::public_key(blob) == Some(key_type))
        .ok_or_else(|| invalid("the ssh key is mistyped or cut short"))?;
    let name = match key_type {
        KeyType::Ed25519 => "ssh-ed25519",
        KeyType::Rsa => "ssh-rsa",
    };
    let text = format!("{name} {}", BASE64.encode(&blob));
    let key: age::ssh::Recipient = text.parse().map_err(|error| {
        invalid(match error {
            ParseRecipientKeyError::RsaModulusTooSmall => "an rsa key needs 2048 bits at least",
            ParseRecipientKeyError::RsaModulusTooLarge => "an rsa key has 4096 bits at most",
            _ => "the ssh key is not valid",
        })
    })?;
    Ok(Recipient { text, key: Key::Ssh(key) })
}

#[cfg(test)]
mod tests {
    use crate::kind::Failure as _;
    use curve25519_dalek::traits::Identity as _;
    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::Recipient;
    use crate::crypto::error::CryptoError;
    use crate::crypto::ssh_wire::tests::strings;
    use crate::crypto::test_keys::{AGE_PUBLIC, AGE_SECRET, ED25519_PUBLIC, RSA_PUBLIC};
    use crate::kind::Kind;

    #[test]
    fn a_recipient_is_shown_in_its_canonical_text() {
        for text in [AGE_PUBLIC, ED25519_PUBLIC, RSA_PUBLIC] {
            let recipient = Recipient::parse(text).unwrap();
            assert_eq!(recipient.to_string(), text);
            let commented = format!("  {} alice at work\n", text.replacen(' ', "  ", 1));
            if text != AGE_PUBLIC {
                assert_eq!(Recipient::parse(&commented).unwrap(), recipient);
                assert_eq!(recipient.ssh_tag().unwrap().len(), 6);
            }
        }
        assert_ne!(Recipient::parse(AGE_PUBLIC).unwrap(), Recipient::parse(RSA_PUBLIC).unwrap());
        assert_eq!(Recipient::parse(AGE_PUBLIC).unwrap().ssh_tag(), None);
    }

    #[test]
    fn what_is_no_recipient_is_a_usage_error() {
        let ed25519 = ED25519_PUBLIC.split_once(' ').unwrap().1;
        for text in [
            "",
            "alice",
            "age1",
            "age1qqqq",
            "AGE1QQ",
            &AGE_PUBLIC[..60],
            "ssh-ed25519",
            "ssh-rsa AAAA",
            "ssh-dss AAAA",
            "sk-ssh-ed25519@openssh.com AAAA",
            &format!("ssh-rsa {ed25519}"),
            &format!("{AGE_PUBLIC} comment"),
            &format!("{ED25519_PUBLIC}\n{ED25519_PUBLIC}"),
            &AGE_PUBLIC.replacen('q', "p", 1),
        ] {
            let error = Recipient::parse(text).unwrap_err();
            assert!(matches!(error, CryptoError::InvalidRecipient { .. }), "{text}: {error:?}");
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn one_of_a_plugin_starts_nothing_by_itself() {
        let text = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
        let recipient = Recipient::parse(text).unwrap();
        assert_eq!(recipient.to_string(), text);
        assert_eq!(recipient.plugin().unwrap().as_str(), "yubikey");
        let error = crate::crypto::encrypt(b"value", &[recipient]).unwrap_err();
        assert!(error.to_string().contains("'yubikey' is not accepted"), "{error}");
        assert_eq!(error.kind(), Kind::Denied);
        for bad in [&text[..text.len() - 1], &text.to_uppercase(), "age1tag1qq"] {
            assert!(Recipient::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_key_is_refused_and_not_shown() {
        for text in
            [AGE_SECRET, &AGE_SECRET.to_lowercase(), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"]
        {
            let error = Recipient::parse(text).unwrap_err();
            assert_eq!(error, CryptoError::SecretAsRecipient);
            assert!(!format!("{error}{error:?}").contains(&text[text.len() - 4..]));
        }
    }

    #[test]
    fn a_point_that_protects_nothing_is_told_from_a_key() {
        use curve25519_dalek::MontgomeryPoint;
        use curve25519_dalek::constants::X25519_BASEPOINT;
        assert!(super::protects_nothing(MontgomeryPoint::identity().to_bytes()));
        assert!(!super::protects_nothing(X25519_BASEPOINT.to_bytes()));
        // The guard is asked about each key that comes in.
        assert!(!super::is_of_small_order(&bech32(&X25519_BASEPOINT.to_bytes())));
        assert!(super::is_of_small_order("age1cut"));
    }

    /// Encodes a public key as `age1…` (BIP 173).
    fn bech32(point: &[u8]) -> String {
        const LETTERS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let mut values: Vec<u32> = Vec::new();
        let bits: Vec<u32> =
            point.iter().flat_map(|b| (0..8).rev().map(move |i| u32::from(b >> i & 1))).collect();
        for five in bits.chunks(5) {
            values.push((0..5).fold(0, |v, i| v << 1 | five.get(i).copied().unwrap_or(0)));
        }
        // The expanded prefix "age": high bits, zero, low bits.
        let mut checked = vec![3, 3, 3, 0, 1, 7, 5];
        checked.extend(&values);
        checked.extend([0; 6]);
        let sum = checked.iter().fold(1_u32, |sum, v| {
            let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
            let next = (sum & 0x01ff_ffff) << 5 ^ v;
            (0..5).filter(|i| sum >> (25 + i) & 1 == 1).fold(next, |n, i| n ^ generators[i])
        }) ^ 1;
        values.extend((0..6).map(|i| sum >> (5 * (5 - i)) & 31));
        let letters = values.iter().map(|&v| char::from(LETTERS[v as usize]));
        format!("age1{}", letters.collect::<String>())
    }

    #[test]
    fn rsa_keys_that_are_malformed_or_too_short_are_refused() {
        let short = [&[0x80; 128][..], &[1]].concat();
        let long = [&[0x40; 256][..], &[1]].concat();
        for n in [&[&[0], &short[..]].concat(), &[&[0], &long[..]].concat()] {
            let blob = strings(&[b"ssh-rsa", &[1, 0, 1], n]);
            let text = format!("ssh-rsa {}", BASE64.encode(&blob));
            assert_eq!(Recipient::parse(&text).unwrap_err().kind(), Kind::Usage);
        }
    }

    #[test]
    fn recipients_can_be_shared_between_threads() {
        fn shared<T: Send + Sync + Clone>() {}
        shared::<Recipient>();
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            start in prop::sample::select(vec!["", "age1", "ssh-ed25519 ", "ssh-rsa ", "ssh-rsa AAAAB3NzaC1yc2EAAAA"]),
            tail in "\\PC{0,80}|[0-9a-zA-Z+/=]{0,80}",
        ) {
            if let Ok(recipient) = Recipient::parse(&format!("{start}{tail}")) {
                let text = recipient.to_string();
                prop_assert_eq!(Recipient::parse(&text).unwrap(), recipient);
            }
        }
    }
}
