//! Identities: the secret keys that open files, from every form in which people keep them.
//!
//! Lines are parsed here rather than by the age crate, which fails as a whole on one
//! plugin key and keeps protected keys in a form that threads cannot share. Errors never
//! quote what an identity holds.

use std::fmt;

use age::secrecy::ExposeSecret as _;
use age_core::primitives::bech32_encode_to_fmt;
use bech32::Hrp;
use zeroize::Zeroizing;

use super::error::{CryptoError, Damage};
use super::recipient::Recipient;
use super::{armor, header, passphrase, ssh_key};
use crate::secret::SecretBytes;

/// Characters of an age secret key.
const AGE_SECRET_KEY: usize = 74;
/// Largest identity in bytes.
const MAX_IDENTITY: usize = 64 * 1024;

/// One or more secret keys and their public halves.
pub(crate) struct Identity {
    keys: Vec<Box<dyn age::Identity + Send + Sync>>,
    recipients: Vec<Recipient>,
}

impl Identity {
    /// Draws a new key; the bytes are the identity file as `age-keygen` writes it.
    ///
    /// `created` is the time for its comment, in RFC 3339.
    pub(crate) fn generate(created: &str) -> (Self, SecretBytes) {
        let key = age::x25519::Identity::generate();
        let recipient = Recipient::from(key.to_public());
        let public = recipient.to_string();
        let secret = key.to_string();
        let parts = [
            "# created: ",
            created,
            "\n# public key: ",
            &public,
            "\n",
            secret.expose_secret(),
            "\n",
        ];
        // Sized for all of it: growing would leave copies of the key behind.
        let mut file = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            file.extend_from_slice(part.as_bytes());
        }
        let mut identity = Self::empty();
        identity.add(key, recipient);
        (identity, SecretBytes::new(file))
    }

    /// Makes the identity whose X25519 secret key is `seed`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidIdentity`], which no 32 bytes cause.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, CryptoError> {
        // The age crate takes a key as text only (bech32, BIP 173).
        let mut text = Zeroizing::new(String::with_capacity(AGE_SECRET_KEY));
        bech32_encode_to_fmt(&mut *text, Hrp::parse_unchecked("age-secret-key-"), seed)
            .map_err(|_| invalid("it has no text form"))?;
        text.make_ascii_uppercase();
        from_lines(&text)
    }

    /// Reads an identity: age keys as text, an ssh private key, or an age file that a
    /// passphrase opens and that holds age keys.
    ///
    /// `ask` is called at most once, and only where a passphrase is needed; it returns
    /// `None` where none is to be had.
    ///
    /// # Errors
    /// [`CryptoError`] of the kind `Credentials`.
    pub(crate) fn parse(
        file: &[u8],
        ask: &dyn Fn() -> Option<SecretBytes>,
    ) -> Result<Self, CryptoError> {
        if file.len() > MAX_IDENTITY {
            return Err(invalid("it is larger than 64 KiB"));
        }
        if file.starts_with(header::ANY_VERSION) {
            return from_protected(file, ask);
        }
        let text = file.trim_ascii();
        if text.starts_with(armor::BEGIN.as_bytes()) {
            let file = armor::dearmor(text).map_err(|_| invalid("its armor is damaged"))?;
            return from_protected(&file, ask);
        }
        let text = std::str::from_utf8(file).map_err(|_| invalid("it is not text"))?;
        if text.trim_start().starts_with(ssh_key::BEGIN) {
            from_ssh(ssh_key::parse(text, ask)?)
        } else {
            from_lines(text)
        }
    }

    /// The public halves of the keys, in their order.
    pub(crate) fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// The keys as the age crate wants them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| key.as_ref() as &dyn age::Identity)
    }

    const fn empty() -> Self {
        Self { keys: Vec::new(), recipients: Vec::new() }
    }

    fn add(&mut self, key: impl age::Identity + Send + Sync + 'static, recipient: Recipient) {
        // A key that stands twice would be tried twice.
        if !self.recipients.contains(&recipient) {
            self.keys.push(Box::new(key));
            self.recipients.push(recipient);
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

const fn invalid(rule: &'static str) -> CryptoError {
    CryptoError::InvalidIdentity { rule }
}

fn from_protected(
    file: &[u8],
    ask: &dyn Fn() -> Option<SecretBytes>,
) -> Result<Identity, CryptoError> {
    let text = passphrase::unseal_with_passphrase(file, ask).map_err(|error| match error {
        CryptoError::Damaged(Damage::NoPassphraseStanza) => {
            invalid("it is an age file that no passphrase opens")
        }
        // Damage of the user's own key file is no damage of a vault.
        CryptoError::Damaged(_) => invalid("the encrypted identity is damaged"),
        other => other,
    })?;
    from_lines(text.expose_str().ok_or(invalid("the encrypted identity is not text"))?)
}

fn from_ssh(key: age::ssh::Identity) -> Result<Identity, CryptoError> {
    let recipient = age::ssh::Recipient::try_from(key.clone())
        .ok()
        .and_then(|public| Recipient::parse(&public.to_string()).ok())
        .ok_or(CryptoError::UnusableIdentity {
            found: "an ssh key outside what age allows",
            advice: "an rsa key needs 2048 to 4096 bits; ssh-ed25519 is the better choice",
        })?;
    let mut identity = Identity::empty();
    identity.add(key, recipient);
    Ok(identity)
}

fn from_lines(text: &str) -> Result<Identity, CryptoError> {
    let mut identity = Identity::empty();
    let mut skipped = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("AGE-PLUGIN-") {
            skipped = skipped.or(Some("only keys of age plugins, which run programs"));
        } else if line.starts_with("AGE-SECRET-KEY-PQ-") {
            skipped = skipped.or(Some("only post-quantum keys, which are not supported yet"));
        } else if Recipient::parse(line).is_ok() {
            return Err(invalid("it holds a public key, not a secret one"));
        } else {
            let key: age::x25519::Identity =
                line.parse().map_err(|_| CryptoError::InvalidIdentityLine { line: number + 1 })?;
            let recipient = Recipient::from(key.to_public());
            identity.add(key, recipient);
        }
    }
    match skipped {
        _ if !identity.keys.is_empty() => Ok(identity),
        Some(found) => Err(CryptoError::UnusableIdentity {
            found,
            advice: "use an `age-keygen` identity, or an ssh-ed25519 or ssh-rsa key",
        }),
        None => Err(invalid("it holds no key")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Identity, MAX_IDENTITY};
    use crate::crypto::error::CryptoError;
    use crate::crypto::passphrase::seal_with_passphrase;
    use crate::crypto::seal::seal;
    use crate::crypto::test_keys::{
        AGE_PUBLIC, AGE_SECRET, ED25519, ED25519_PROTECTED, ED25519_PUBLIC, PASSPHRASE, RSA,
        RSA_PEM, RSA_PROTECTED, RSA_PUBLIC,
    };
    use crate::crypto::{armor, ssh_wire};
    use crate::kind::Kind;
    use crate::secret::SecretBytes;

    const PLUGIN: &str = "AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQ";

    fn never() -> Option<SecretBytes> {
        panic!("asked for a passphrase")
    }

    fn passphrase() -> Option<SecretBytes> {
        Some(SecretBytes::from(PASSPHRASE.to_owned()))
    }

    fn public(file: &str) -> Vec<String> {
        let identity = Identity::parse(file.as_bytes(), &never).unwrap();
        identity.recipients().iter().map(ToString::to_string).collect()
    }

    fn error(file: &[u8]) -> CryptoError {
        let error = Identity::parse(file, &never).unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials, "{error:?}");
        error
    }

    #[test]
    fn a_generated_identity_is_the_file_that_age_keygen_writes() {
        let (identity, file) = Identity::generate("2026-11-23T10:00:00Z");
        let text = file.expose_str().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# created: 2026-11-23T10:00:00Z");
        assert_eq!(lines[1], format!("# public key: {}", identity.recipients()[0]));
        assert!(lines[2].starts_with("AGE-SECRET-KEY-1") && lines.len() == 3);
        assert!(text.ends_with('\n'));
        assert_eq!(public(text), [identity.recipients()[0].to_string()]);
    }

    #[test]
    fn a_seed_makes_one_identity() {
        let one = Identity::from_seed(&[7; 32]).unwrap();
        let same = Identity::from_seed(&[7; 32]).unwrap();
        let other = Identity::from_seed(&[8; 32]).unwrap();
        assert_eq!(one.recipients(), same.recipients());
        assert_ne!(one.recipients(), other.recipients());
        let file = seal(b"value", one.recipients()).unwrap();
        assert_eq!(crate::crypto::unseal(&file, &same).unwrap().expose(), b"value");
    }

    #[test]
    fn text_may_have_comments_blank_lines_any_line_ending_and_several_keys() {
        let (other, file) = Identity::generate("now");
        let other_text = file.expose_str().unwrap();
        assert_eq!(public(AGE_SECRET), [AGE_PUBLIC]);
        let both = format!("\n# mine\n\n  {AGE_SECRET} \n{other_text}\n{AGE_SECRET}");
        let expected = [AGE_PUBLIC.to_owned(), other.recipients()[0].to_string()];
        assert_eq!(public(&both), expected);
        assert_eq!(public(&both.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn ssh_keys_give_their_public_keys() {
        for (key, expected) in [(ED25519, ED25519_PUBLIC), (RSA, RSA_PUBLIC), (RSA_PEM, RSA_PUBLIC)]
        {
            assert_eq!(public(key), [expected]);
        }
        for (key, expected) in [(ED25519_PROTECTED, ED25519_PUBLIC), (RSA_PROTECTED, RSA_PUBLIC)] {
            let identity = Identity::parse(key.as_bytes(), &passphrase).unwrap();
            assert_eq!(identity.recipients()[0].to_string(), expected);
        }
    }

    #[test]
    fn a_protected_identity_opens_binary_or_armored_and_asks_once() {
        let pass = passphrase().unwrap();
        let armored = seal_with_passphrase(AGE_SECRET.as_bytes(), &pass).unwrap();
        for file in [&armor::dearmor(&armored).unwrap(), &armored] {
            let asked = std::cell::Cell::new(0);
            let ask = || {
                asked.set(asked.get() + 1);
                passphrase()
            };
            let identity = Identity::parse(file, &ask).unwrap();
            assert_eq!(identity.recipients()[0].to_string(), AGE_PUBLIC);
            assert_eq!(asked.get(), 1);
        }
    }

    #[test]
    fn without_the_right_passphrase_nothing_opens() {
        let sealed = seal_with_passphrase(AGE_SECRET.as_bytes(), &passphrase().unwrap()).unwrap();
        for file in [&sealed[..], ED25519_PROTECTED.as_bytes(), RSA_PROTECTED.as_bytes()] {
            let none = Identity::parse(file, &|| None).unwrap_err();
            assert_eq!(none, CryptoError::PassphraseNeeded);
            for wrong in ["", "wrong"] {
                let ask = || Some(SecretBytes::from(wrong.to_owned()));
                assert_eq!(Identity::parse(file, &ask).unwrap_err(), CryptoError::WrongPassphrase);
            }
            let ask = || Some(SecretBytes::new(vec![0xff]));
            assert_eq!(Identity::parse(file, &ask).unwrap_err(), CryptoError::WrongPassphrase);
        }
    }

    #[test]
    fn a_passphrase_must_be_something() {
        for bad in [&b""[..], b"\xff"] {
            let error = seal_with_passphrase(b"x", &SecretBytes::new(bad.to_vec())).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
        }
    }

    #[test]
    fn an_identity_that_asks_for_too_much_work_is_refused() {
        let pass = passphrase().unwrap();
        let armored = seal_with_passphrase(AGE_SECRET.as_bytes(), &pass).unwrap();
        let file = armor::dearmor(&armored).unwrap();
        let text = String::from_utf8_lossy(&file[..80]).into_owned();
        let at = text.find(" 17\n").unwrap();
        let hostile = [&file[..at], b" 40\n", &file[at + 4..]].concat();
        assert_eq!(Identity::parse(&hostile, &passphrase).unwrap_err(), CryptoError::TooMuchWork);
    }

    #[test]
    fn keys_of_plugins_are_skipped_where_another_is_usable() {
        assert_eq!(public(&format!("{PLUGIN}\n{AGE_SECRET}\n")), [AGE_PUBLIC]);
        assert_eq!(public(&format!("{AGE_SECRET}\nAGE-SECRET-KEY-PQ-1QQQQ\n")), [AGE_PUBLIC]);
        for alone in [PLUGIN, "AGE-SECRET-KEY-PQ-1QQQQ"] {
            assert!(matches!(error(alone.as_bytes()), CryptoError::UnusableIdentity { .. }));
        }
    }

    #[test]
    fn what_is_no_identity_is_refused_before_any_question() {
        let (identity, _) = Identity::generate("now");
        let to_a_key = seal(AGE_SECRET.as_bytes(), identity.recipients()).unwrap();
        assert!(error(&to_a_key).to_string().contains("no passphrase opens"));
        assert!(error(AGE_PUBLIC.as_bytes()).to_string().contains("public key"));
        assert!(error(ED25519_PUBLIC.as_bytes()).to_string().contains("public key"));
        assert!(error(b"# only a comment\n").to_string().contains("no key"));
        let broken = format!("# comment\n\n{AGE_SECRET}x\n");
        assert_eq!(error(broken.as_bytes()), CryptoError::InvalidIdentityLine { line: 3 });
        let large = vec![b'#'; MAX_IDENTITY + 1];
        for file in [&b""[..], b"\xff\xfe", b"age-encryption.org/v1\n", &large] {
            assert!(matches!(error(file), CryptoError::InvalidIdentity { .. }));
        }
    }

    #[test]
    fn small_rsa_keys_are_refused() {
        // 8 bits: valid as far as the numbers go (p = 11, q = 17, n = 187, e = 3, d = 107).
        let public = ssh_wire::tests::strings(&[b"ssh-rsa", &[3], &[0, 187]]);
        let numbers: [&[u8]; 8] =
            [b"ssh-rsa", &[0, 187], &[3], &[107], &[2], &[11], &[17], b"comment"];
        let private = [&[0; 8][..], &ssh_wire::tests::strings(&numbers)].concat();
        let head = ssh_wire::tests::strings(&[b"none", b"none", b""]);
        let keys = ssh_wire::tests::strings(&[&public, &private]);
        let bytes = [b"openssh-key-v1\0", &head[..], &[0, 0, 0, 1], &keys].concat();
        let text = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            data_encoding::BASE64.encode(&bytes)
        );
        let error = error(text.as_bytes());
        assert!(error.hint().unwrap().contains("2048"), "{error:?}");
    }

    #[test]
    fn nothing_shows_a_key() {
        let identity = Identity::parse(AGE_SECRET.as_bytes(), &never).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity([redacted])");
        let secret = &AGE_SECRET[16..30];
        for file in
            [format!("{AGE_SECRET}x"), format!("x{AGE_SECRET}"), AGE_SECRET[..60].to_owned()]
        {
            let error = error(file.as_bytes());
            assert!(!format!("{error} {error:?} {:?}", error.hint()).contains(secret));
        }
    }

    #[test]
    fn identities_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Identity>();
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            start in prop::sample::select(vec![
                "", "age-encryption.org/v1\n-> scrypt ", "-----BEGIN AGE ENCRYPTED FILE-----\n",
                "-----BEGIN OPENSSH PRIVATE KEY-----\n", "AGE-SECRET-KEY-1",
            ]),
            tail in any::<Vec<u8>>(),
        ) {
            let _ = Identity::parse(&[start.as_bytes(), &tail].concat(), &|| None);
        }
    }
}
