//! The hybrid recipient: its texts, its stanza, files of both kinds, and the vectors of C2SP.

use age::Identity as _;
use age::Recipient as _;
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use hpke::Serializable as _;
use proptest::prelude::*;

use super::{BODY, Identity, LABEL, ML_KEM_KEY, RECIPIENT, Recipient, TAG, data};
use crate::crypto::armor;
use crate::crypto::encrypt::{decrypt, encrypt};
use crate::crypto::error::{CryptoError, Damage};
use crate::crypto::header::scan;
use crate::crypto::identity::Identity as AnyIdentity;
use crate::crypto::recipient::Recipient as AnyRecipient;
use crate::crypto::test_keys::{AGE_PUBLIC, AGE_SECRET, ED25519_PUBLIC};

fn file_key() -> FileKey {
    FileKey::new(Box::new([7; 16]))
}

#[test]
fn a_key_is_text_as_the_specification_has_it() {
    let key = Identity::generate();
    let text = key.to_text();
    assert!(text.starts_with("AGE-SECRET-KEY-PQ-1") && text.len() == 77, "{}", text.len());
    let recipient = key.to_recipient().to_string();
    assert!(recipient.starts_with("age1pq1") && recipient.len() == 1959, "{}", recipient.len());
    let read = Identity::parse(&text).unwrap();
    assert_eq!(read.to_recipient().to_string(), recipient);
    assert_eq!(Recipient::parse(&recipient).unwrap().to_string(), recipient);
    for wrong in [&recipient[..1958], AGE_PUBLIC, AGE_SECRET, &text, "age1pq1"] {
        assert!(Recipient::parse(wrong).is_none(), "{wrong}");
    }
    for wrong in [&recipient, AGE_SECRET, &text[..76], ""] {
        assert!(Identity::parse(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_public_key_with_numbers_beyond_the_modulus_or_a_weak_point_is_refused() {
    let recipient = Identity::generate().to_recipient();
    let bytes = recipient.0.to_bytes();
    let text = |bytes: &[u8]| age_core::primitives::bech32_encode(RECIPIENT, bytes);
    assert!(Recipient::parse(&text(&bytes)).is_some());
    let mut large = bytes;
    // The first number of 12 bits: 4095, beyond 3328.
    large[0] = 0xff;
    large[1] |= 0x0f;
    assert!(Recipient::parse(&text(&large)).is_none());
    let mut weak = bytes;
    weak[ML_KEM_KEY..].fill(0);
    assert!(Recipient::parse(&text(&weak)).is_none());
    assert!(Recipient::parse(&text(&bytes[1..])).is_none());
}

#[test]
fn a_stanza_opens_for_its_key_alone() {
    let key = Identity::generate();
    let (stanzas, labels) = key.to_recipient().wrap_file_key(&file_key()).unwrap();
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), [LABEL]);
    let [stanza] = stanzas.as_slice() else { panic!("{stanzas:?}") };
    assert_eq!((stanza.tag.as_str(), stanza.args.len(), stanza.body.len()), (TAG, 1, BODY));
    assert_eq!(stanza.args[0].len(), 1494);
    let opened = key.unwrap_stanza(stanza).unwrap().unwrap();
    assert_eq!(opened.expose_secret(), file_key().expose_secret());
    assert!(Identity::generate().unwrap_stanza(stanza).is_none());
    let copy =
        |of: &Stanza| Stanza { tag: of.tag.clone(), args: of.args.clone(), body: of.body.clone() };
    let mut other = copy(stanza);
    other.tag = "X25519".to_owned();
    assert!(key.unwrap_stanza(&other).is_none());
    let malformed = |change: &dyn Fn(&mut Stanza)| {
        let mut changed = copy(stanza);
        change(&mut changed);
        assert!(matches!(key.unwrap_stanza(&changed), Some(Err(age::DecryptError::InvalidHeader))));
    };
    malformed(&|stanza| stanza.args.push("more".to_owned()));
    malformed(&|stanza| stanza.args.clear());
    malformed(&|stanza| stanza.args[0].push('='));
    malformed(&|stanza| stanza.args[0].truncate(1492));
    malformed(&|stanza| stanza.body.push(0));
    malformed(&|stanza| stanza.body.truncate(31));
    // The point that is sent gives everybody the same secret.
    malformed(&|stanza| {
        let mut share = data_encoding::BASE64_NOPAD.decode(stanza.args[0].as_bytes()).unwrap();
        share[1088..].fill(0);
        stanza.args[0] = data_encoding::BASE64_NOPAD.encode(&share);
    });
}

#[test]
fn files_are_for_it_alone_or_for_both_kinds() {
    let (hybrid, _) = AnyIdentity::generate_post_quantum("now");
    let (classic, _) = AnyIdentity::generate("now");
    let ssh = AnyRecipient::parse(ED25519_PUBLIC).unwrap();
    let own = encrypt(b"value", hybrid.recipients()).unwrap();
    assert_eq!(decrypt(&own, &hybrid).unwrap().expose(), b"value");
    assert_eq!(decrypt(&own, &classic).unwrap_err(), CryptoError::NotAReader);
    let header = scan(&own).unwrap();
    assert_eq!((header.stanzas, header.hybrid), (1, 1));
    let both = [hybrid.recipients(), classic.recipients(), &[ssh]].concat();
    let mixed = encrypt(b"value", &both).unwrap();
    for reader in [&hybrid, &classic] {
        assert_eq!(decrypt(&mixed, reader).unwrap().expose(), b"value");
    }
    let header = scan(&mixed).unwrap();
    assert_eq!((header.stanzas, header.hybrid, header.ssh_tags.len()), (3, 1, 1));
}

#[test]
fn so_many_readers_fit_into_a_header() {
    let (one, _) = AnyIdentity::generate_post_quantum("now");
    let to = |count| vec![one.recipients()[0].clone(); count];
    assert!(encrypt(b"value", &to(40)).is_ok());
    assert_eq!(encrypt(b"value", &to(45)).err(), Some(CryptoError::TooManyRecipients));
}

/// The test vectors of C2SP (CCTV, `age/testdata`), which `.ci/vectors` fetches: every one of
/// them, hybrid or not, ends here as it says.
#[test]
#[ignore = "of .ci/vectors, which fetches them"]
fn the_vectors_of_c2sp_end_as_they_say() {
    let folder = std::env::var_os("AUTHY_VECTORS").unwrap();
    let (mut hybrid, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = std::fs::read(entry.path()).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let all = |key: &str| -> Vec<String> {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(k, _)| *k == key).map(|(_, value)| value.to_owned()).collect()
        };
        // A passphrase opens no file of a vault.
        let identities = all("identity");
        if identities.is_empty() {
            continue;
        }
        let keys = AnyIdentity::parse(identities.join("\n").as_bytes(), &|| None).unwrap();
        let mut file = bytes[end + 2..].to_vec();
        if all("compressed") == ["zlib"] {
            let mut plain = Vec::new();
            let mut reader = flate2::read::ZlibDecoder::new(&*file);
            std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
            file = plain;
        }
        let ended = if all("armored") == ["yes"] {
            armor::dearmor(&file).map_err(CryptoError::from).and_then(|file| decrypt(&file, &keys))
        } else {
            decrypt(&file, &keys)
        };
        let expected = all("expect").join("");
        let digest = crate::crypto::digest::Digest::of;
        let is_right = match (&*expected, &ended) {
            ("success", Ok(value)) => {
                digest(value.expose()).to_string() == format!("sha256:{}", all("payload")[0])
            }
            ("no match", Err(error)) => *error == CryptoError::NotAReader,
            // Of more than a value may have.
            ("success", Err(CryptoError::Damaged(Damage::TooLarge))) => {
                name.starts_with("stream_25")
            }
            ("success", _) | (_, Ok(_)) => false,
            (_, Err(error)) => matches!(error, CryptoError::Damaged(_)),
        };
        hybrid += usize::from(name.starts_with("hybrid") || name.starts_with("armor_hybrid"));
        if !is_right {
            wrong.push(format!("{name}: {expected}, and {:?}", ended.map(|_| "a value")));
        }
    }
    assert_eq!(hybrid, 19);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_it_panic(text in "(age1pq1|AGE-SECRET-KEY-PQ-1)?[a-zA-Z0-9]{0,90}") {
        let _ = (Recipient::parse(&text), Identity::parse(&text), data(&text, RECIPIENT));
    }
}
