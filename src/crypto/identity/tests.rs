//! Identities in every form in which people keep them.

use crate::kind::Failure as _;
use proptest::prelude::*;

use super::{Identity, MAX_IDENTITY};
use crate::crypto::encrypt::encrypt;
use crate::crypto::error::CryptoError;
use crate::crypto::keys::Purpose;
use crate::crypto::passphrase::encrypt_with_passphrase;
use crate::crypto::test_keys::{
    AGE_PUBLIC, AGE_SECRET, ED25519, ED25519_PROTECTED, ED25519_PUBLIC, PASSPHRASE, RSA, RSA_PEM,
    RSA_PROTECTED, RSA_PUBLIC,
};
use crate::crypto::{armor, ssh_wire};
use crate::kind::Kind;
use crate::secret::SecretBytes;

/// A key of the plugin in tests/common, and its public half.
const PLUGIN: &str = "AGE-PLUGIN-REHEARSE-1WS0D39UFZHFPJXC5G3NUGD9N8QNPWDGP";
const PLUGIN_PUBLIC: &str = "age1rehearse1ws0d39ufzhfpjxc5g3nugd9n8q5cfyxj";

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

fn public_or_none(file: &str) -> Vec<String> {
    let identity = Identity::parse(file.as_bytes(), &never);
    identity
        .map(|one| one.recipients().iter().map(ToString::to_string).collect())
        .unwrap_or_default()
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
    let file = encrypt(b"value", one.recipients()).unwrap();
    assert_eq!(crate::crypto::decrypt(&file, &same).unwrap().expose(), b"value");
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
    for (key, expected) in [(ED25519, ED25519_PUBLIC), (RSA, RSA_PUBLIC), (RSA_PEM, RSA_PUBLIC)] {
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
    let armored = encrypt_with_passphrase(AGE_SECRET.as_bytes(), &pass).unwrap();
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
    let sealed = encrypt_with_passphrase(AGE_SECRET.as_bytes(), &passphrase().unwrap()).unwrap();
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
        let error = encrypt_with_passphrase(b"x", &SecretBytes::new(bad.to_vec())).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
    }
}

#[test]
fn an_identity_that_asks_for_too_much_work_is_refused() {
    let pass = passphrase().unwrap();
    let armored = encrypt_with_passphrase(AGE_SECRET.as_bytes(), &pass).unwrap();
    let file = armor::dearmor(&armored).unwrap();
    let text = String::from_utf8_lossy(&file[..80]).into_owned();
    let at = text.find(" 17\n").unwrap();
    let hostile = [&file[..at], b" 40\n", &file[at + 4..]].concat();
    assert_eq!(Identity::parse(&hostile, &passphrase).unwrap_err(), CryptoError::TooMuchWork);
}

#[test]
fn keys_of_plugins_are_skipped_where_another_is_usable() {
    assert_eq!(public(&format!("{PLUGIN}\n{AGE_SECRET}\n")), [AGE_PUBLIC]);
    let bare = error(format!("# mine\n{PLUGIN}").as_bytes());
    assert!(matches!(bare, CryptoError::PluginWithoutRecipient { line: 2, .. }), "{bare:?}");
    let cut = error(&PLUGIN.as_bytes()[..50]);
    assert_eq!(cut, CryptoError::InvalidIdentityLine { line: 1 });
}

#[test]
fn a_key_of_a_plugin_says_in_a_comment_what_it_is_the_secret_half_of() {
    for comment in ["# public key: ", "#    Recipient: ", "#", "# recipient:\t"] {
        let file = format!("# Serial: 1\n{comment}{PLUGIN_PUBLIC}\n{PLUGIN}\n");
        assert_eq!(public(&file), [PLUGIN_PUBLIC], "{comment}");
        assert_eq!(public(&format!("{file}{AGE_SECRET}")), [PLUGIN_PUBLIC, AGE_PUBLIC]);
    }
    // Of another plugin, or above another key.
    for comment in [format!("# {AGE_PUBLIC}\n"), format!("# {PLUGIN_PUBLIC}\n{AGE_SECRET}\n")] {
        assert!(!public_or_none(&format!("{comment}{PLUGIN}\n")).contains(&PLUGIN_PUBLIC.into()));
    }
    // Where nobody starts plugins none is started.
    let identity =
        Identity::parse(format!("#{PLUGIN_PUBLIC}\n{PLUGIN}").as_bytes(), &never).unwrap();
    let sealed =
        encrypt(b"value", &[crate::crypto::Recipient::parse(AGE_PUBLIC).unwrap()]).unwrap();
    let error = crate::crypto::decrypt(&sealed, &identity).unwrap_err();
    assert!(matches!(error, CryptoError::Plugin(_)), "{error:?}");
    assert!(!format!("{error} {identity:?}").contains("AGE-PLUGIN"));
}

#[test]
fn a_hybrid_key_stands_beside_others() {
    let (hybrid, file) = Identity::generate_post_quantum("now");
    let both = format!("{AGE_SECRET}\n{}", file.expose_str().unwrap());
    assert_eq!(public(&both), [AGE_PUBLIC.to_owned(), hybrid.recipients()[0].to_string()]);
    let cut = format!("{AGE_SECRET}\nAGE-SECRET-KEY-PQ-1QQQQ\n");
    assert_eq!(error(cut.as_bytes()), CryptoError::InvalidIdentityLine { line: 2 });
    let seed = Identity::from_hybrid_seed(zeroize::Zeroizing::new([7; 32]));
    let same = Identity::from_hybrid_seed(zeroize::Zeroizing::new([7; 32]));
    assert_eq!(seed.recipients(), same.recipients());
}

#[test]
fn what_is_no_identity_is_refused_before_any_question() {
    let (identity, _) = Identity::generate("now");
    let to_a_key = encrypt(AGE_SECRET.as_bytes(), identity.recipients()).unwrap();
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
    let numbers: [&[u8]; 8] = [b"ssh-rsa", &[0, 187], &[3], &[107], &[2], &[11], &[17], b"comment"];
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
    for file in [format!("{AGE_SECRET}x"), format!("x{AGE_SECRET}"), AGE_SECRET[..60].to_owned()] {
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

#[test]
fn an_identity_derives_keys_where_it_is_a_secret_as_it_was_read() {
    let derived = |file: &str, vault: &str| {
        let identity = Identity::parse(file.as_bytes(), &passphrase).unwrap();
        identity.derive(vault, Purpose::Known)
    };
    for file in [AGE_SECRET, ED25519, RSA, RSA_PEM] {
        let key = derived(file, "v").unwrap();
        assert_eq!(derived(file, "v").unwrap(), key);
        assert_ne!(derived(file, "w").unwrap(), key);
    }
    assert_ne!(derived(AGE_SECRET, "v"), derived(ED25519, "v"));
    let commented = format!("# a comment\n{AGE_SECRET}\n");
    assert_eq!(derived(&commented, "v"), derived(AGE_SECRET, "v"));
    // A passphrase can be guessed, and the file that it protects be read by others.
    for file in [ED25519_PROTECTED, RSA_PROTECTED] {
        assert_eq!(derived(file, "v"), None);
    }
}
