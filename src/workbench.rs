//! What `benches/parts.rs` measures: one entry for each part whose cost decides how long commands
//! take. Built with the feature `workbench` alone, and promised to nobody.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench stops where something is wrong")]

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::access::ScopePolicy;
use crate::audit::{
    Actor, Chain, ChainFiles, ChainName, Event, Expect, Op, Opener, Opening, Outcome, Verdict,
};
use crate::crypto::keys::{ChainKey, Mac, Purpose};
use crate::crypto::known::Known;
use crate::crypto::sign::{Signature, SigningKey, Statement};
use crate::crypto::{
    FileKey, Identity, Recipient, decrypt, decrypt_with_key, encrypt, file_key, scan,
};
use crate::inject::{Filter as _, Masker};
use crate::name::{MemberName, SecretName};
use crate::secret::SecretBytes;
use crate::store::Policy;

const VAULT: &str = "00112233445566778899aabbccddeeff";

/// A value encrypted to some readers, of whom the last one opens it.
pub struct Value {
    plain: Vec<u8>,
    readers: Vec<Recipient>,
    last: Identity,
    file: Vec<u8>,
    key: FileKey,
}

impl Value {
    pub fn new(readers: usize) -> Self {
        let mut all: Vec<Identity> =
            (0..readers).map(|_| Identity::generate("2026-11-28T00:00:00Z").0).collect();
        let readers: Vec<Recipient> =
            all.iter().flat_map(|one| one.recipients().to_vec()).collect();
        let plain = b"postgres://user:a-password-of-some-length@db.internal:5432/app".to_vec();
        let file = encrypt(&plain, &readers).unwrap();
        let last = all.pop().unwrap();
        let key = file_key(&file, &last).unwrap();
        Self { plain, readers, last, file, key }
    }

    pub fn encrypt(&self) -> usize {
        encrypt(&self.plain, &self.readers).unwrap().len()
    }

    pub fn open(&self) -> usize {
        decrypt(&self.file, &self.last).unwrap().len()
    }

    pub fn open_with_its_key(&self) -> usize {
        decrypt_with_key(&self.file, &self.key).unwrap().len()
    }

    pub fn scan(&self) -> bool {
        scan(&self.file).is_ok()
    }
}

/// What nobody can do without who reads many secrets: reading their files and their records,
/// and running each file's cipher, on every core.
pub struct Floor {
    folder: PathBuf,
    files: Vec<(PathBuf, PathBuf)>,
    value: Value,
}

impl Floor {
    pub fn new(count: usize) -> Self {
        let folder = std::env::temp_dir().join(format!("authy-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let value = Value::new(1);
        let record = [b'x'; 460];
        let write = |n: usize| {
            let paths = (folder.join(format!("s{n:05}.age")), folder.join(format!("s{n:05}.toml")));
            std::fs::write(&paths.0, &value.file).unwrap();
            std::fs::write(&paths.1, record).unwrap();
            paths
        };
        let files = (0..count).map(write).collect();
        Self { folder, files, value }
    }

    pub fn read_and_open(&self) -> usize {
        let read = |path: &Path| std::fs::read(path).unwrap();
        let open = |(value, record): &(PathBuf, PathBuf)| {
            let opened = decrypt_with_key(&read(value), &self.value.key).unwrap();
            opened.len() + read(record).len()
        };
        self.files.par_iter().map(open).sum()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A record's signature.
pub struct Signed {
    key: SigningKey,
    signature: Signature,
    known: Known,
}

const RECORD: Statement<'_> = Statement {
    vault: VAULT,
    path: "secrets/db-url.toml",
    body: &[b'x'; 320],
    by: "alice",
    at: "2026-11-28T00:00:00Z",
};

impl Signed {
    #[allow(clippy::new_without_default, reason = "it draws a key")]
    pub fn new() -> Self {
        let key = SigningKey::generate();
        let signature = key.sign(&RECORD);
        let (identity, _) = Identity::generate("2026-11-28T00:00:00Z");
        let mac = Mac::new(&identity.derive(VAULT, Purpose::Known).unwrap());
        let known = Known::new(mac, b"");
        assert!(known.verifies(&key.verify_key(), &RECORD, &signature));
        Self { key, signature, known }
    }

    pub fn verify(&self) -> bool {
        self.key.verify_key().verifies(&RECORD, &self.signature)
    }

    pub fn remember(&self) -> bool {
        self.known.verifies(&self.key.verify_key(), &RECORD, &self.signature)
    }
}

/// An audit chain in a temporary folder.
pub struct Trail {
    folder: PathBuf,
    chain: Chain,
    key: ChainKey,
    signing: SigningKey,
    files: ChainFiles,
}

impl Trail {
    pub fn new(lines: usize) -> Self {
        let folder =
            std::env::temp_dir().join(format!("authy-bench-{}-{lines}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (name, alice) = (chain_name(), MemberName::parse("alice").unwrap());
        let files = ChainFiles::new(&folder, &name).noted_in(&folder.join("notes"));
        let (key, signing) = (ChainKey::generate(), SigningKey::generate());
        let by = Opener::Member { name: &alice, signing: Some(&signing) };
        let opening = Opening { chain: &name, vault: VAULT, by };
        let now = time::OffsetDateTime::now_utc();
        let chain = Chain::open_first(files.clone(), &opening, key.clone(), now).unwrap();
        let trail = Self { folder, chain, key, signing, files };
        (1..lines).for_each(|_| trail.append());
        trail
    }

    /// Appends a line and flushes it.
    pub fn append(&self) {
        let event = Event {
            op: Op::RUN,
            secrets: vec![SecretName::parse("db-url").unwrap()],
            scope: None,
            actor: Actor::member(&MemberName::parse("alice").unwrap()),
            outcome: Outcome::Granted,
            reason: None,
            detail: Some("server".to_owned()),
            heads: std::collections::BTreeMap::new(),
        };
        self.chain.note(&event, time::OffsetDateTime::now_utc()).unwrap();
    }

    /// Verifies all lines.
    pub fn verify(&self) -> u64 {
        let signer = |_: &MemberName| Some(vec![self.signing.verify_key()]);
        let chain = &chain_name();
        let key = Some(&self.key);
        let expect =
            Expect { chain, vault: VAULT, key, commitment: None, signer: &signer, pinned: None };
        let report = self.files.verify(&expect).unwrap();
        assert_eq!(report.verdict, Verdict::Verified);
        report.lines
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn chain_name() -> ChainName {
    ChainName::parse("alice-00112233").unwrap()
}

/// A policy, and names that it decides about.
pub struct Decision {
    policy: ScopePolicy,
    names: Vec<SecretName>,
}

impl Decision {
    pub fn new(patterns: usize) -> Self {
        let mut policy: Policy = toml::from_str("").unwrap();
        policy.allow = (0..patterns).map(|n| format!("team-{n}/*")).collect();
        policy.deny = vec!["*/root-*".to_owned()];
        let names = (0..1000).map(|n| SecretName::parse(&format!("team-{}/key-{n}", n % 40)));
        let names = names.collect::<Result<_, _>>().unwrap();
        Self { policy: ScopePolicy::compile(policy).unwrap(), names }
    }

    pub fn decide(&self) -> usize {
        self.names.iter().filter(|name| self.policy.rule(name).allows()).count()
    }
}

/// A masker of so many values, and a mebibyte of text without any.
pub struct Mask {
    masker: Masker,
    text: Vec<u8>,
}

impl Mask {
    pub fn new(values: usize) -> Self {
        let value = |n: usize| {
            let text = format!("sk-live-{n:08}-{}", n * 7919);
            (SecretName::parse(&format!("s{n}")).unwrap(), SecretBytes::from(text))
        };
        let masker = Masker::new(&(0..values).map(value).collect::<Vec<_>>());
        let line = b"2026-11-28T00:00:00Z GET /api/v1/things 200 12ms user=somebody\n";
        Self { masker, text: line.iter().copied().cycle().take(1 << 20).collect() }
    }

    pub fn stream(&self) -> usize {
        let (mut stream, mut out) = (self.masker.stream(|_| {}), Vec::with_capacity(2 << 20));
        self.text.chunks(1 << 16).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        out.len()
    }
}
