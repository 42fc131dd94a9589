//! A token in the hands of a program that knows docs/FORMAT.md and the age library, and
//! nothing of authy's code: what it can open, and what nobody opens without it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::iter::once;
use std::path::Path;
use std::str::FromStr as _;

use age::x25519;
use age_core::format::{FileKey, Stanza};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::harness::Sandbox;
use crate::vault::text;

/// HKDF-SHA256 (RFC 5869) for 32 bytes: one block.
fn hkdf(input: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        <[u8; 32]>::from(mac.finalize().into_bytes())
    };
    mac(&mac(salt, &[input]), &[info, &[1]])
}

fn vault_id(t: &Sandbox) -> String {
    let settings: toml::Table = text(&t.file("authy.toml")).parse().unwrap();
    settings["vault"].as_str().unwrap().to_owned()
}

/// What a token derives in the vault of the sandbox: the session's id, and its identity.
fn derive(t: &Sandbox, token: &str) -> (String, x25519::Identity) {
    let body = token.strip_prefix("authy_v1.").unwrap();
    let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
    let vault = vault_id(t);
    let of = |info: &str| hkdf(&bytes, vault.as_bytes(), info.as_bytes());
    let id = data_encoding::HEXLOWER.encode(&of("authy/v1/id")[..8]);
    let hrp = bech32::Hrp::parse("age-secret-key-").unwrap();
    let key = bech32::encode_upper::<bech32::Bech32>(hrp, &of("authy/v1/identity")).unwrap();
    (id, x25519::Identity::from_str(&key).unwrap())
}

/// Opens an age file; `None` where `identity` is not among its recipients.
fn open(file: &Path, identity: &dyn age::Identity) -> Option<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let mut plain = Vec::new();
    let opened = age::Decryptor::new(&bytes[..]).unwrap().decrypt(once(identity)).ok()?;
    opened.take(1 << 20).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// A file key, as an identity that opens whatever was sealed with it.
struct Known([u8; 16]);

impl age::Identity for Known {
    fn unwrap_stanza(&self, _: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        Some(Ok(FileKey::new(Box::new(self.0))))
    }
}

/// The lines of an opened `keys.age`: each name with its file key.
fn keys(opened: &[u8]) -> BTreeMap<String, Known> {
    let lines = std::str::from_utf8(opened).unwrap().lines();
    lines
        .map(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            let key = BASE64.decode(fields[3].as_bytes()).unwrap();
            (fields[0].to_owned(), Known(key.try_into().unwrap()))
        })
        .collect()
}

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("db-key", "two"), ("prod-key", "three"), ("db-prod", "four")]);
    t.authy(["policy", "create", "dev", "--allow", "db-*", "--deny", "*-prod"]).ok();
    t
}

fn create(t: &Sandbox, flags: &[&str]) -> String {
    let words = ["session", "create", "--scope", "dev"];
    t.authy(words.iter().chain(flags)).ok().text().trim().to_owned()
}

#[test]
fn the_derived_identity_opens_the_grant_and_finds_the_scopes_file_keys_alone() {
    let t = stocked();
    for (flags, folder) in [(&[][..], "sessions"), (&["--shared"], "sessions/shared")] {
        let token = create(&t, flags);
        let (id, identity) = derive(&t, &token);
        let grant = t.file(folder).join(&id);
        let recipient = identity.to_public().to_string();
        assert!(text(&grant.join("grant.toml")).contains(&recipient));
        let keys = keys(&open(&grant.join("keys.age"), &identity).unwrap());
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["db-key", "db-url"]);
        for (name, value) in [("db-url", "one"), ("db-key", "two")] {
            let sealed = t.file(&format!("secrets/{name}.age"));
            assert_eq!(open(&sealed, &keys[name]).unwrap(), value.as_bytes());
        }
        // Neither those keys nor the identity open anything else.
        for name in ["prod-key", "db-prod"] {
            let sealed = t.file(&format!("secrets/{name}.age"));
            assert!(open(&sealed, &identity).is_none());
            assert!(keys.values().all(|key| open(&sealed, key).is_none()), "{name}");
        }
        assert!(open(&grant.join("chain.key.age"), &identity).is_none());
    }
}

#[test]
fn vault_and_grant_without_the_token_open_nothing() {
    let t = stocked();
    let (token, other) = (create(&t, &[]), create(&t, &["--shared"]));
    let (id, _) = derive(&t, &token);
    let stranger = x25519::Identity::generate();
    let (_, another) = derive(&t, &other);
    for file in ["keys.age", "chain.key.age"] {
        let sealed = t.file("sessions").join(&id).join(file);
        assert!(open(&sealed, &stranger).is_none());
        assert!(open(&sealed, &another).is_none(), "another session's token");
    }
    // Nor does a token of the same bytes in a vault of another id.
    let elsewhere = stocked();
    let (_, same) = derive(&elsewhere, &token);
    assert!(open(&t.file("sessions").join(&id).join("keys.age"), &same).is_none());
}

#[test]
fn a_rotated_value_is_not_opened_by_the_key_of_the_old_one() {
    let t = stocked();
    let (id, identity) = derive(&t, &create(&t, &[]));
    let sealed = t.file("sessions").join(&id).join("keys.age");
    let old = keys(&open(&sealed, &identity).unwrap());
    t.authy(["rotate", "db-url", "--raw"]).stdin("new").ok();
    let file = t.file("secrets/db-url.age");
    assert!(open(&file, &old["db-url"]).is_none());
    let new = keys(&open(&sealed, &identity).unwrap());
    assert_eq!(open(&file, &new["db-url"]).unwrap(), b"new");
    // Once revoked there is nothing left to open.
    t.authy(["session", "revoke", &id]).ok();
    assert!(!sealed.exists());
}
