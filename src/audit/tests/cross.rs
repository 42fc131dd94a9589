//! Chains held against each other.

use std::collections::BTreeMap;

use super::{
    KEY, SESSION, Sample, VAULT, at, chain_name, damaged, event, joined, key, pin_of, report,
};
use crate::audit::fault::Fault;
use crate::audit::verify::Gap;
use crate::audit::{
    ChainReport, Event, Head, LinePlace, Op, Opener, Opening, Verdict, cross_check,
};
use crate::crypto::digest::Digest;
use crate::name::SecretName;

/// Two chains of alice's: the second saw the first when it had four lines.
struct Pair {
    seen: Sample,
    witness: Sample,
}

impl Pair {
    fn new(seen: Sample) -> Self {
        let witness = Sample::with(2, "alice-c2", key(8));
        let heads =
            BTreeMap::from([(seen.chain.name().clone(), seen.files.head().unwrap().unwrap())]);
        let secrets: Vec<SecretName> = vec![];
        let commit = Event { op: Op::COMMIT, heads, secrets, detail: None, ..event() };
        witness.chain.note(&commit, at(5)).unwrap();
        Self { seen, witness }
    }

    /// Verifies both, the first with these bytes or as gone.
    fn verify(&self, seen: Option<&[u8]>) -> Vec<ChainReport> {
        let name = self.seen.chain.name().as_str();
        let mut reports = vec![report("alice-c2", &self.witness.bytes(), Some(&key(8)), None)];
        reports.extend(seen.map(|bytes| report(name, bytes, Some(&KEY), None)));
        cross_check(&mut reports, &|_, _| LinePlace::WasHere);
        assert_eq!(reports[0].verdict, Verdict::Verified);
        reports
    }

    fn verdict(&self, seen: Option<&[u8]>) -> Verdict {
        self.verify(seen)[1].verdict.clone()
    }
}

#[test]
fn chains_that_agree_are_not_accused() {
    let pair = Pair::new(Sample::of(4));
    assert_eq!(pair.verdict(Some(&pair.seen.bytes())), Verdict::Verified);
    pair.seen.chain.note(&event(), at(9)).unwrap();
    assert_eq!(pair.verdict(Some(&pair.seen.bytes())), Verdict::Verified);
}

#[test]
fn a_cut_tail_is_seen_from_another_chain() {
    let pair = Pair::new(Sample::of(4));
    let lines = pair.seen.lines();
    for length in 0..4 {
        let fault = Fault::CutSeen { by: chain_name("alice-c2"), line: 3, seen: 4 };
        let found = pair.verdict(Some(&joined(&lines[..length])));
        assert_eq!(found, damaged(length as u64 + 1, fault));
    }
}

#[test]
fn a_chain_that_is_gone_is_seen_from_another() {
    let pair = Pair::new(Sample::of(4));
    let reports = pair.verify(None);
    assert_eq!(reports[1].chain, chain_name("alice-c1"));
    let fault = Fault::CutSeen { by: chain_name("alice-c2"), line: 3, seen: 4 };
    assert_eq!(reports[1].verdict, damaged(1, fault));
}

#[test]
fn a_tail_rewritten_by_its_own_writer_is_seen_from_another_chain() {
    let pair = Pair::new(Sample::of(4));
    std::fs::write(&pair.seen.path, joined(&pair.seen.lines()[..3])).unwrap();
    pair.seen.chain.note(&event(), at(100)).unwrap();
    pair.seen.chain.note(&event(), at(101)).unwrap();
    let fault = Fault::DiffersSeen { by: chain_name("alice-c2"), line: 3 };
    let reports = pair.verify(Some(&pair.seen.bytes()));
    assert_eq!(reports[1].verdict, damaged(4, fault));
    assert_eq!(reports[1].head, Some(pin_of(&pair.seen.lines()[..3])));
}

#[test]
fn damage_found_earlier_in_the_chain_itself_stays() {
    let pair = Pair::new(Sample::of(4));
    let mut lines = pair.seen.lines();
    lines.remove(1);
    let found = pair.verdict(Some(&joined(&lines)));
    assert_eq!(found, damaged(2, Fault::Sequence { found: 3 }));
}

#[test]
fn a_verified_witness_vouches_for_a_session_whose_grant_is_gone() {
    let chain = chain_name("s-00112233aabbccdd-c1");
    let by = Opener::Session { id: SESSION, label: "ci" };
    let session = Sample::opened(3, &Opening { chain: &chain, vault: VAULT, by }, key(7));
    let alone = report(chain.as_str(), &session.bytes(), Some(&KEY), None);
    assert_eq!(alone.verdict, Verdict::Unchecked(Gap::NotVouched));
    let pair = Pair::new(session);
    assert_eq!(pair.verdict(Some(&pair.seen.bytes())), Verdict::Verified);
}

#[test]
fn who_was_not_seen_or_has_no_key_is_not_vouched_for() {
    let chain = chain_name("s-00112233aabbccdd-c1");
    let by = Opener::Session { id: SESSION, label: "ci" };
    let session = Sample::opened(3, &Opening { chain: &chain, vault: VAULT, by }, key(7));
    let pair = Pair::new(Sample::of(4));
    let mut reports = vec![
        report("alice-c2", &pair.witness.bytes(), Some(&key(8)), None),
        report("alice-c1", &pair.seen.bytes(), None, None),
        report(chain.as_str(), &session.bytes(), Some(&KEY), None),
    ];
    cross_check(&mut reports, &|_, _| LinePlace::WasHere);
    assert_eq!(reports[0].verdict, Verdict::Verified);
    assert_eq!(reports[1].verdict, Verdict::Unchecked(Gap::NoKey));
    assert_eq!(reports[2].verdict, Verdict::Unchecked(Gap::NotVouched));
}

#[test]
fn what_a_damaged_line_claims_is_not_believed() {
    let pair = Pair::new(Sample::of(4));
    let mut witness = pair.witness.lines();
    let text = String::from_utf8(witness[2].clone()).unwrap();
    witness[2] = text.replace("\"4:sha256:", "\"5:sha256:").into_bytes();
    let mut reports = vec![
        report("alice-c2", &joined(&witness), Some(&key(8)), None),
        report("alice-c1", &pair.seen.bytes(), Some(&KEY), None),
    ];
    cross_check(&mut reports, &|_, _| LinePlace::WasHere);
    assert_eq!(reports[0].verdict, damaged(3, Fault::Mac));
    assert_eq!(reports[1].verdict, Verdict::Verified);
}

#[test]
fn what_stands_after_a_line_that_differs_from_the_pin_is_not_believed() {
    let pair = Pair::new(Sample::of(4));
    let bytes = pair.witness.bytes();
    let pinned = Head { seq: 2, hash: Digest::of(b"another line") };
    let found = report("alice-c2", &bytes, Some(&key(8)), Some(pinned));
    assert_eq!(found.verdict, damaged(2, Fault::Pin));
    assert!(found.heads.is_empty());
}
