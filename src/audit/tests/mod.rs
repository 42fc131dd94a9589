//! What the tests of chains share: one sample chain and the eyes that verify it.

mod append;
mod cross;
mod found;
mod opening;
mod published;
mod segments;
mod tamper;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use time::{Duration, OffsetDateTime, macros::datetime};

use super::{
    Actor, Chain, ChainFiles, ChainName, ChainReport, Event, Expect, Head, Op, Opener, Opening,
    Outcome, Segment, Verdict, verify,
};
use crate::audit::fault::Fault;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::crypto::sign::SigningKey;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::secret::SecretBytes;

pub(super) const VAULT: &str = "0123456789abcdef";
pub(super) const SESSION: &str = "00112233aabbccdd";

pub(super) static KEY: LazyLock<ChainKey> = LazyLock::new(|| key(7));
pub(super) static SIGNING: LazyLock<SigningKey> = LazyLock::new(|| signing(1));

pub(super) fn key(byte: u8) -> ChainKey {
    ChainKey::from_secret(&SecretBytes::new(vec![byte; 32])).unwrap()
}

pub(super) fn signing(byte: u8) -> SigningKey {
    SigningKey::from_seed(&SecretBytes::new(vec![byte; 32])).unwrap()
}

/// The moment `seconds` after the tests begin.
pub(super) fn at(seconds: i64) -> OffsetDateTime {
    datetime!(2026-11-23 10:00 UTC) + Duration::seconds(seconds)
}

pub(super) fn chain_name(text: &str) -> ChainName {
    ChainName::parse(text).unwrap()
}

pub(super) fn member(text: &str) -> MemberName {
    MemberName::parse(text).unwrap()
}

pub(super) fn event() -> Event {
    Event {
        op: Op::RUN,
        secrets: vec![SecretName::parse("db-url").unwrap()],
        scope: ScopeName::parse("backend").ok(),
        actor: Actor::member(&member("alice")),
        outcome: Outcome::Granted,
        reason: None,
        detail: Some("server".to_owned()),
        heads: BTreeMap::new(),
    }
}

/// A chain of alice's in a folder of its own.
pub(super) struct Sample {
    _dir: tempfile::TempDir,
    pub(super) files: ChainFiles,
    /// The first segment.
    pub(super) path: PathBuf,
    pub(super) chain: Chain,
}

impl Sample {
    /// Opens a chain and appends to it until it has `lines` lines, a second apart.
    pub(super) fn of(lines: usize) -> Self {
        Self::with(lines, "alice-c1", key(7))
    }

    pub(super) fn with(lines: usize, name: &str, key: ChainKey) -> Self {
        let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
        Self::opened(lines, &Opening { chain: &chain_name(name), vault: VAULT, by }, key)
    }

    pub(super) fn opened(lines: usize, opening: &Opening<'_>, key: ChainKey) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = ChainFiles::new(dir.path(), opening.chain);
        let path = files.folder().join("00000001.jsonl");
        let chain = Chain::open_first(files.clone(), opening, key, at(0)).unwrap();
        let actor = match opening.by {
            Opener::Member { name, .. } => Actor::member(name),
            Opener::Session { id, .. } => Actor::token(id, "ci"),
        };
        for n in 1..lines {
            let event = Event { actor: actor.clone(), ..event() };
            chain.note(&event, at(i64::try_from(n).unwrap())).unwrap();
        }
        Self { _dir: dir, files, path, chain }
    }

    /// All segments, one after the other.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.files.read().unwrap().into_iter().flat_map(|segment| segment.bytes).collect()
    }

    pub(super) fn lines(&self) -> Vec<Vec<u8>> {
        lines(&self.bytes())
    }
}

pub(super) fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(|line| line.trim_ascii_end().to_vec()).collect()
}

pub(super) fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

/// What the last of `lines` would be pinned as.
pub(super) fn pin_of(lines: &[Vec<u8>]) -> Head {
    Head { seq: lines.len() as u64, hash: Digest::of(lines.last().unwrap()) }
}

/// Verifies as somebody who knows alice and may hold the key and a pin.
pub(super) fn verdict(bytes: &[u8], key: Option<&ChainKey>, pinned: Option<Head>) -> Verdict {
    report("alice-c1", bytes, key, pinned).verdict
}

pub(super) fn report(
    chain: &str,
    bytes: &[u8],
    key: Option<&ChainKey>,
    pinned: Option<Head>,
) -> ChainReport {
    verify_as(chain, &one(bytes), key, pinned)
}

/// The whole of a chain in one segment.
pub(super) fn one(bytes: &[u8]) -> [Segment; 1] {
    [Segment { first: 1, bytes: bytes.to_vec() }]
}

/// As [`report`], for segments.
pub(super) fn verify_as(
    chain: &str,
    segments: &[Segment],
    key: Option<&ChainKey>,
    pinned: Option<Head>,
) -> ChainReport {
    let signer = |name: &MemberName| {
        (name.as_str() == "alice").then(|| vec![signing(9).verify_key(), SIGNING.verify_key()])
    };
    let chain = &chain_name(chain);
    let expect = Expect { chain, vault: VAULT, key, commitment: None, signer: &signer, pinned };
    verify(segments, &expect).unwrap()
}

pub(super) fn damaged(line: u64, fault: Fault) -> Verdict {
    Verdict::Damaged { line, fault }
}
