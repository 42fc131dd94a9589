//! Private ssh keys as identities: OpenSSH's own form and the plain PEM form of rsa keys.
//!
//! The envelope is checked and written anew before the age crate parses it, which so sees one form,
//! well-formed keys and no more work than authy allows. A protected key is decrypted once, here: the
//! crate would ask for each stanza.

use age::ssh::Identity as SshIdentity;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::error::CryptoError;
use super::passphrase;
use super::ssh_wire::{KeyType, Wire, public_key};
use crate::secret::SecretBytes;

/// How every PEM text begins.
pub(super) const BEGIN: &str = "-----BEGIN ";
const OPENSSH: &str = "OPENSSH PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";
/// Most bcrypt rounds: about half a minute. `ssh-keygen` sets 24 unless told otherwise.
const MAX_ROUNDS: u32 = 4096;

const ADVICE: &str = "use an `age-keygen` identity, or an ssh-ed25519 or ssh-rsa key";

/// Parses the one private key in `text`, asking for its passphrase where it has one, and says
/// whether it had one.
///
/// # Errors
/// [`CryptoError::InvalidIdentity`], [`CryptoError::UnusableIdentity`],
/// [`CryptoError::PassphraseNeeded`], [`CryptoError::WrongPassphrase`],
/// [`CryptoError::TooMuchWork`].
pub(super) fn parse(
    text: &str,
    ask: &dyn Fn() -> Option<SecretBytes>,
) -> Result<(SshIdentity, bool), CryptoError> {
    let (label, body) = unwrap_pem(text)?;
    match label {
        OPENSSH => check_envelope(&decode(&body)?)?,
        // The old encryption of PEM says so in headers, and is hardly any.
        PKCS1 if body.contains(':') => {
            return Err(CryptoError::UnusableIdentity {
                found: "an ssh key in the old encrypted PEM form",
                advice: "convert it with `ssh-keygen -p -f FILE`, or use an ssh-ed25519 key",
            });
        }
        PKCS1 => drop(decode(&body)?),
        _ => return Err(unusable("a private key that is neither ssh-ed25519 nor ssh-rsa")),
    }
    let mut pem = Zeroizing::new(String::with_capacity(body.len() + 128));
    for part in [BEGIN, label, "-----\n", &body, "\n-----END ", label, "-----\n"] {
        pem.push_str(part);
    }
    let identity = SshIdentity::from_buffer(pem.as_bytes(), None).map_err(|_| damaged())?;
    match identity {
        SshIdentity::Unencrypted(_) => Ok((identity, false)),
        SshIdentity::Unsupported(_) => Err(unusable("an ssh key that is encrypted unusually")),
        SshIdentity::Encrypted(key) => {
            let passphrase = ask().ok_or(CryptoError::PassphraseNeeded)?;
            let passphrase = passphrase::text(&passphrase).ok_or(CryptoError::WrongPassphrase)?;
            Ok((key.decrypt(passphrase)?.into(), true))
        }
    }
}

const fn damaged() -> CryptoError {
    CryptoError::InvalidIdentity { rule: "the ssh key is damaged" }
}

const fn unusable(found: &'static str) -> CryptoError {
    CryptoError::UnusableIdentity { found, advice: ADVICE }
}

/// Splits a PEM text into its label and its body, the lines joined.
fn unwrap_pem(text: &str) -> Result<(&str, Zeroizing<String>), CryptoError> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let label = lines
        .next()
        .and_then(|line| line.strip_prefix(BEGIN)?.strip_suffix("-----"))
        .ok_or_else(damaged)?;
    // Sized for all of it: growing would leave copies of the key behind.
    let mut body = Zeroizing::new(String::with_capacity(text.len()));
    for line in lines.by_ref() {
        if let Some(end) = line.strip_prefix("-----END ") {
            if end.strip_suffix("-----") != Some(label) || body.is_empty() {
                return Err(damaged());
            }
            return match lines.next() {
                None => Ok((label, body)),
                Some(_) => Err(CryptoError::InvalidIdentity {
                    rule: "something follows the end of the ssh key",
                }),
            };
        }
        body.push_str(line);
    }
    Err(damaged())
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    BASE64.decode(body.as_bytes()).map(Zeroizing::new).map_err(|_| damaged())
}

/// Checks the envelope of an OpenSSH key (openssh-portable, PROTOCOL.key).
fn check_envelope(bytes: &[u8]) -> Result<(), CryptoError> {
    let envelope = Envelope::read(bytes).ok_or_else(damaged)?;
    if envelope.rounds.is_some_and(|rounds| rounds > MAX_ROUNDS) {
        return Err(CryptoError::TooMuchWork);
    }
    match Wire(envelope.public).string() {
        Some(name) if name.starts_with(b"sk-") => {
            return Err(unusable("an ssh key that lives in a security key"));
        }
        Some(name) if KeyType::parse(name).is_none() => {
            return Err(unusable("an ssh key that is neither ssh-ed25519 nor ssh-rsa"));
        }
        _ => {}
    }
    let key_type = public_key(envelope.public).ok_or_else(damaged)?;
    // A protected key cannot be looked into; whoever crafted it would need the passphrase.
    if envelope.rounds.is_none() && key_type == KeyType::Rsa {
        check_rsa_private(envelope.private).ok_or_else(damaged)?;
    }
    Ok(())
}

struct Envelope<'a> {
    /// Rounds of bcrypt where the key is protected.
    rounds: Option<u32>,
    public: &'a [u8],
    private: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        wire.literal(b"openssh-key-v1\0")?;
        let cipher = wire.string()?;
        let derivation = wire.string()?;
        let mut options = Wire(wire.string()?);
        let rounds = match (cipher, derivation) {
            (b"none", b"none") => None,
            (_, b"bcrypt") => {
                options.string()?;
                Some(options.uint32()?)
            }
            _ => return None,
        };
        options.end()?;
        let (1, public) = (wire.uint32()?, wire.string()?) else { return None };
        Some(Self { rounds, public, private: wire.string()? })
    }
}

/// Checks the six integers of an unprotected rsa key: n, e, d, the inverse of q, p, q.
fn check_rsa_private(private: &[u8]) -> Option<()> {
    let mut wire = Wire(private);
    // Two equal numbers by which decryption would show.
    wire.uint32()?;
    wire.uint32()?;
    wire.string()?;
    (0..6).try_for_each(|_| wire.positive())
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::{MAX_ROUNDS, parse};
    use crate::crypto::error::CryptoError;
    use crate::crypto::ssh_wire::tests::strings;
    use crate::crypto::test_keys::{
        ECDSA, ED25519, ED25519_PROTECTED, PASSPHRASE, RSA, RSA_PEM, RSA_PROTECTED,
    };
    use crate::secret::SecretBytes;

    fn error(text: &str) -> CryptoError {
        parse(text, &|| panic!("asked for a passphrase")).err().unwrap()
    }

    fn pem(label: &str, bytes: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(bytes))
    }

    /// An OpenSSH key with the given derivation options, public and private part.
    fn envelope(rounds: Option<u32>, public: &[u8], private: &[u8]) -> String {
        let head = match rounds {
            None => strings(&[b"none", b"none", b""]),
            Some(rounds) => {
                let options = [&strings(&[&[7; 16]])[..], &rounds.to_be_bytes()].concat();
                strings(&[b"aes256-ctr", b"bcrypt", &options])
            }
        };
        let keys = strings(&[public, private]);
        pem(super::OPENSSH, &[b"openssh-key-v1\0", &head[..], &[0, 0, 0, 1], &keys].concat())
    }

    #[test]
    fn every_form_parses_with_any_line_ending_and_asks_at_most_once() {
        for key in [ED25519, RSA, RSA_PEM] {
            for text in [key.to_owned(), key.replace('\n', "\r\n"), format!("\n{}", key.trim())] {
                assert!(parse(&text, &|| panic!("asked")).is_ok());
            }
        }
        for key in [ED25519_PROTECTED, RSA_PROTECTED] {
            let asked = std::cell::Cell::new(0);
            let ask = || {
                asked.set(asked.get() + 1);
                Some(SecretBytes::from(PASSPHRASE.to_owned()))
            };
            assert!(parse(key, &ask).is_ok());
            assert_eq!(asked.get(), 1);
        }
    }

    #[test]
    fn keys_that_age_cannot_use_are_named() {
        let security_key = strings(&[b"sk-ssh-ed25519@openssh.com", &[1; 32], b"ssh:"]);
        let cases = [
            (ECDSA.to_owned(), "neither ssh-ed25519 nor ssh-rsa"),
            (envelope(None, &security_key, b""), "security key"),
            (pem("EC PRIVATE KEY", b"key"), "neither ssh-ed25519 nor ssh-rsa"),
            (
                RSA_PEM.replacen(
                    "KEY-----\n",
                    "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,D9CE\n\n",
                    1,
                ),
                "old encrypted PEM",
            ),
        ];
        for (text, expected) in cases {
            let error = error(&text);
            assert!(matches!(error, CryptoError::UnusableIdentity { .. }), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_refused_before_the_age_crate_sees_it() {
        let point = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        let ed25519 = strings(&[b"ssh-ed25519", &point]);
        let slow = envelope(Some(MAX_ROUNDS + 1), &ed25519, &[0; 64]);
        assert_eq!(error(&slow), CryptoError::TooMuchWork);

        let rsa = strings(&[b"ssh-rsa", &[3], &[5]]);
        let cut = strings(&[b"ssh-rsa", &[3], &[3]]);
        let short = envelope(None, &rsa, &[&[0; 8][..], &cut].concat());
        assert_eq!(error(&short), super::damaged());
    }

    #[test]
    fn broken_texts_are_refused_without_a_question() {
        let second = format!("{ED25519}{ED25519}");
        let label = ED25519.replacen("END OPENSSH", "END RSA", 1);
        for text in ["-----BEGIN ", &ED25519[..200], &second, &label, &ED25519.replace('b', "!")] {
            assert!(matches!(error(text), CryptoError::InvalidIdentity { .. }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mutated_key_makes_nothing_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            for key in [ED25519, RSA, RSA_PEM] {
                let label = if key == RSA_PEM { super::PKCS1 } else { super::OPENSSH };
                let (_, body) = super::unwrap_pem(key).unwrap();
                let mut bytes = BASE64.decode(body.as_bytes()).unwrap();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                let _ = parse(&pem(label, &bytes), &|| None);
            }
        }
    }
}
