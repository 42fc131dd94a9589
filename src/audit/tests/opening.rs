//! Line 1: whose chain it is, and who vouches for its key.

use super::{
    KEY, SESSION, SIGNING, Sample, VAULT, at, chain_name, damaged, event, key, member, one,
    signing, verify_as,
};
use crate::audit::fault::Fault;
use crate::audit::line::Line;
use crate::audit::verify::Gap;
use crate::audit::{Event, Expect, Opener, Opening, Segment, Verdict, verify};
use crate::crypto::digest::Digest;
use crate::crypto::sign::VerifyKey;
use crate::name::MemberName;

fn alice<'a>() -> impl Fn(&MemberName) -> Option<Vec<VerifyKey>> + 'a {
    |name| (name.as_str() == "alice").then(|| vec![SIGNING.verify_key()])
}

fn check(segments: &[Segment], expect: &Expect<'_>) -> Verdict {
    verify(segments, expect).unwrap().verdict
}

fn session_chain() -> Sample {
    let by = Opener::Session { id: SESSION, label: "ci" };
    let chain = chain_name("s-00112233aabbccdd-c1");
    Sample::opened(3, &Opening { chain: &chain, vault: VAULT, by }, key(7))
}

fn of_session(bytes: &[u8], commitment: Option<Digest>) -> Verdict {
    let chain = &chain_name("s-00112233aabbccdd-c1");
    let (key, signer, pinned) = (Some(&*KEY), &alice(), None);
    check(&one(bytes), &Expect { chain, vault: VAULT, key, commitment, signer, pinned })
}

#[test]
fn an_opening_in_another_place_is_refused() {
    let bytes = Sample::of(3).bytes();
    let (alice_chain, other_chain) = (chain_name("alice-c1"), chain_name("alice-c2"));
    let verdict = |chain, vault| {
        let (key, commitment, signer, pinned) = (Some(&*KEY), None, &alice(), None);
        check(&one(&bytes), &Expect { chain, vault, key, commitment, signer, pinned })
    };
    assert_eq!(verdict(&alice_chain, VAULT), Verdict::Verified);
    assert_eq!(verdict(&alice_chain, "another"), damaged(1, Fault::WrongVault));
    let found = Fault::WrongChain { found: alice_chain.clone() };
    assert_eq!(verdict(&other_chain, VAULT), damaged(1, found));
}

#[test]
fn an_opening_by_nobody_or_with_a_strange_signature_is_refused() {
    let bytes = Sample::of(3).bytes();
    let chain = &chain_name("alice-c1");
    for key in [Some(&*KEY), None] {
        let verdict = |signer: &dyn Fn(&MemberName) -> Option<Vec<VerifyKey>>| {
            let (commitment, pinned) = (None, None);
            check(&one(&bytes), &Expect { chain, vault: VAULT, key, commitment, signer, pinned })
        };
        let by = member("alice");
        let unknown = Fault::UnknownSigner { by: by.clone() };
        assert_eq!(verdict(&|_| None), damaged(1, unknown));
        let strange = damaged(1, Fault::Signature { by });
        assert_eq!(verdict(&|_| Some(vec![signing(5).verify_key()])), strange);
        assert_eq!(verdict(&|_| Some(vec![])), strange);
    }
}

#[test]
fn a_members_chain_opened_by_another_member_is_refused() {
    let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
    let own = chain_name("alice-c1");
    let sample = Sample::opened(1, &Opening { chain: &own, vault: VAULT, by }, key(7));
    // Alice signs honestly, but for a chain that bears bob's name.
    let mut line = Line::parse(&sample.lines()[0]).unwrap();
    let bobs = chain_name("bob-c1");
    line.chain = Some(bobs.clone());
    let bytes = super::joined(&[line.authenticate(&KEY).unwrap()]);
    let (key, commitment, signer, pinned) = (Some(&*KEY), None, &alice(), None);
    let expect = Expect { chain: &bobs, vault: VAULT, key, commitment, signer, pinned };
    assert_eq!(check(&one(&bytes), &expect), damaged(1, Fault::WrongOwner));
}

#[test]
fn an_opening_that_follows_something_is_refused() {
    let sample = Sample::of(1);
    let mut line = Line::parse(&sample.lines()[0]).unwrap();
    line.prev = Digest::of(b"something");
    let bytes = super::joined(&[line.authenticate(&KEY).unwrap()]);
    assert_eq!(super::verdict(&bytes, Some(&KEY), None), damaged(1, Fault::Prev));
}

#[test]
fn a_session_chain_is_vouched_for_by_its_grant() {
    let bytes = session_chain().bytes();
    assert_eq!(of_session(&bytes, Some(KEY.commitment())), Verdict::Verified);
    assert_eq!(of_session(&bytes, None), Verdict::Unchecked(Gap::NotVouched));
    assert_eq!(of_session(&bytes, Some(key(8).commitment())), damaged(1, Fault::Key));
}

#[test]
fn an_unsigned_member_chain_is_not_believed_on_its_own() {
    let by = Opener::Member { name: &member("alice"), signing: None };
    let chain = chain_name("alice-c1");
    let sample = Sample::opened(2, &Opening { chain: &chain, vault: VAULT, by }, key(7));
    let found = super::verdict(&sample.bytes(), Some(&KEY), None);
    assert_eq!(found, Verdict::Unchecked(Gap::NotVouched));
    let pinned = Some(super::pin_of(&sample.lines()));
    assert_eq!(super::verdict(&sample.bytes(), Some(&KEY), pinned), Verdict::Verified);
}

#[test]
fn a_line_in_another_name_is_refused_even_with_the_right_key() {
    let sample = Sample::of(3);
    let mut lines = sample.lines();
    let mut line = Line::parse(&lines[2]).unwrap();
    line.actor = crate::audit::Actor::member(&member("bob"));
    lines[2] = line.authenticate(&KEY).unwrap();
    let found = super::verdict(&super::joined(&lines), Some(&KEY), None);
    assert_eq!(found, damaged(3, Fault::Actor));
}

#[test]
fn nobody_opened_a_chain_whose_line_1_is_not_in_its_place() {
    let mut segments = one(&Sample::of(2).bytes());
    segments[0].first = 2;
    let report = verify_as("alice-c1", &segments, Some(&KEY), None);
    assert_eq!(report.verdict, damaged(1, Fault::SegmentMissing));
    assert!(report.opened_by.is_none());
}

#[test]
fn the_first_line_of_a_segment_says_what_is_wrong_with_itself_first() {
    let sample = Sample::of(2);
    let wide = Event { detail: Some("x".repeat(66_000)), ..event() };
    sample.chain.note(&wide, at(2)).unwrap();
    let (segments, other) = (sample.files.read().unwrap(), key(8));
    for is_signed in [true, false] {
        let mut segments = segments.clone();
        let mut lines = super::lines(&segments[1].bytes);
        let mut line = Line::parse(&lines[0]).unwrap();
        line.prev = Digest::of(b"another line");
        lines[0] = line.authenticate(if is_signed { &KEY } else { &other }).unwrap();
        segments[1].bytes = super::joined(&lines);
        let fault = if is_signed { Fault::Prev } else { Fault::Mac };
        let report = verify_as("alice-c1", &segments, Some(&KEY), None);
        assert_eq!(report.verdict, damaged(3, fault));
    }
}
