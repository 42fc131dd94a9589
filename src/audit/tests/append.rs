//! Appending: what is on disk afterwards, what is promised, what is refused.

use crate::kind::Failure as _;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use super::{
    KEY, SIGNING, Sample, VAULT, at, chain_name, damaged, event, key, member, verdict, verify_as,
};
use crate::audit::fault::Fault;
use crate::audit::limits::SEGMENT;
use crate::audit::{
    Actor, AuditError, Chain, ChainFiles, Event, Head, Op, Opener, Opening, Outcome, Verdict,
};
use crate::crypto::digest::Digest;
use crate::kind::Kind;
use crate::name::SecretName;

fn append_raw(sample: &Sample, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().append(true).open(&sample.path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn what_is_appended_verifies() {
    let sample = Sample::of(20);
    let lines = sample.lines();
    let pin = super::pin_of(&lines);
    assert_eq!(lines.len(), 20);
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), Some(pin)), Verdict::Verified);
    assert_eq!(sample.files.head().unwrap(), Some(pin));
    let mode = std::fs::metadata(&sample.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_receipt_covers_what_was_granted_and_nothing_else() {
    let sample = Sample::of(1);
    let name = SecretName::parse("db-url").unwrap();
    let receipt = sample.chain.append(&event(), at(1)).unwrap();
    assert!(receipt.covers(&event().op, &name));
    assert!(!receipt.covers(&event().op, &SecretName::parse("db").unwrap()));
    assert!(!receipt.covers(&Op::EXPORT, &name));
    for outcome in [Outcome::Denied, Outcome::Failed] {
        let receipt = sample.chain.append(&Event { outcome, ..event() }, at(2)).unwrap();
        assert!(!receipt.covers(&event().op, &name));
    }
    assert_eq!(sample.lines().len(), 4);
}

#[test]
fn a_chain_is_opened_once() {
    let sample = Sample::of(1);
    let chain = chain_name("alice-c1");
    let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
    let opening = Opening { chain: &chain, vault: VAULT, by };
    let before = sample.bytes();
    let error = Chain::open_first(sample.files.clone(), &opening, key(7), at(9)).unwrap_err();
    assert!(matches!(error, AuditError::Exists { .. }), "{error}");
    assert_eq!(sample.bytes(), before);
}

#[test]
fn an_opening_that_a_crash_cut_short_is_begun_again() {
    for left in ["", "{\"seq\":1,\"ti"] {
        let dir = tempfile::tempdir().unwrap();
        let chain = chain_name("alice-c1");
        let files = ChainFiles::new(dir.path(), &chain);
        std::fs::create_dir(files.folder()).unwrap();
        let path = files.folder().join("00000001.jsonl");
        std::fs::write(&path, left).unwrap();
        assert!(!files.is_open().unwrap());
        let attached = Chain::attach(files.clone(), chain.clone(), key(7));
        let error = attached.append(&event(), at(0)).unwrap_err();
        assert!(matches!(error, AuditError::NotOpened { .. }), "{error}");
        let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
        let opening = Opening { chain: &chain, vault: VAULT, by };
        Chain::open_first(files.clone(), &opening, key(7), at(0)).unwrap();
        attached.note(&event(), at(1)).unwrap();
        assert_eq!(verdict(&std::fs::read(&path).unwrap(), Some(&KEY), None), Verdict::Verified);
    }
}

#[test]
fn a_torn_last_line_is_mended() {
    let sample = Sample::of(3);
    let whole = sample.bytes();
    let next = sample.lines()[2].clone();
    for torn in [1, next.len() / 2, next.len()] {
        std::fs::write(&sample.path, &whole).unwrap();
        append_raw(&sample, &next[..torn]);
        assert_eq!(sample.files.head().unwrap().unwrap().seq, 3);
        sample.chain.note(&event(), at(3)).unwrap();
        assert_eq!(sample.lines().len(), 4);
        assert_eq!(verdict(&sample.bytes(), Some(&KEY), None), Verdict::Verified);
    }
}

#[test]
fn nothing_is_appended_after_a_foreign_last_line() {
    let sample = Sample::of(3);
    let lines = sample.lines();
    let mut edited = lines.clone();
    let text = String::from_utf8(edited[2].clone()).unwrap().replace("granted", "denied");
    edited[2] = text.into_bytes();
    let of_another_key = Sample::with(3, "alice-c1", key(8)).bytes();
    let cases = [(super::joined(&edited), Fault::Mac), (of_another_key, Fault::Mac)];
    let garbage = [super::joined(&lines[..2]), b"garbage\n".to_vec()].concat();
    for (bytes, expected) in cases.into_iter().chain([(garbage, Fault::NotALine)]) {
        let torn = [bytes, b"torn".to_vec()].concat();
        std::fs::write(&sample.path, &torn).unwrap();
        match sample.chain.append(&event(), at(3)).unwrap_err() {
            error @ AuditError::Altered { line: 3, .. } => {
                assert_eq!(error.kind(), Kind::Damaged);
                assert!(error.to_string().contains(&expected.to_string()), "{error}");
            }
            other => panic!("{other}"),
        }
        assert_eq!(sample.bytes(), torn, "nothing was changed");
    }
}

#[test]
fn appending_reads_only_the_tail() {
    let sample = Sample::of(3);
    let garbage = [b"garbage\n".to_vec(), sample.bytes()].concat();
    std::fs::write(&sample.path, garbage).unwrap();
    sample.chain.note(&event(), at(3)).unwrap();
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), None), damaged(1, Fault::NotALine));
}

#[test]
fn an_event_that_does_not_fit_is_refused_before_anything_is_written() {
    let sample = Sample::of(2);
    let before = sample.bytes();
    let bob = Actor::member(&member("bob"));
    let heads = BTreeMap::from([(chain_name("bob-c1"), Head { seq: 0, hash: Digest::of(b"") })]);
    let unfit = [
        (Event { actor: bob, ..event() }, Fault::Actor),
        (Event { op: Op::CHAIN_OPEN, ..event() }, Fault::Opening),
        (Event { detail: Some("x".repeat(16 << 20)), ..event() }, Fault::TooLong),
        (Event { heads, ..event() }, Fault::NotALine),
    ];
    for (event, expected) in unfit {
        match sample.chain.append(&event, at(2)).unwrap_err() {
            AuditError::Unfit { fault, .. } => assert_eq!(fault, expected),
            other => panic!("{other}"),
        }
        assert_eq!(sample.bytes(), before);
    }
}

#[test]
fn a_chain_is_opened_only_under_its_openers_name() {
    let dir = tempfile::tempdir().unwrap();
    let chain = chain_name("bob-c1");
    let files = ChainFiles::new(dir.path(), &chain);
    let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
    let opening = Opening { chain: &chain, vault: VAULT, by };
    let error = Chain::open_first(files.clone(), &opening, key(7), at(0)).unwrap_err();
    assert!(matches!(error, AuditError::Unfit { fault: Fault::WrongOwner, .. }), "{error}");
    assert!(!files.folder().exists());
}

#[test]
fn a_chain_that_is_gone_is_not_made_anew_by_appending() {
    let sample = Sample::of(2);
    std::fs::remove_file(&sample.path).unwrap();
    let error = sample.chain.append(&event(), at(2)).unwrap_err();
    assert!(matches!(error, AuditError::NotOpened { .. }), "{error}");
    assert!(!sample.path.exists());
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let sample = Sample::of(1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let chain = Chain::attach(sample.files.clone(), chain_name("alice-c1"), key(7));
                for _ in 0..50 {
                    chain.note(&event(), at(1)).unwrap();
                }
            });
        }
    });
    assert_eq!(sample.lines().len(), 401);
    let segments = sample.files.read().unwrap();
    assert!(segments.len() > 1);
    let report = verify_as("alice-c1", &segments, Some(&KEY), None);
    assert_eq!(report.verdict, Verdict::Verified);
}

#[test]
fn of_many_openers_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let chain = chain_name("alice-c1");
    let files = ChainFiles::new(dir.path(), &chain);
    let opened: Vec<bool> = std::thread::scope(|scope| {
        let open = || {
            let by = Opener::Member { name: &member("alice"), signing: Some(&SIGNING) };
            let opening = Opening { chain: &chain, vault: VAULT, by };
            Chain::open_first(files.clone(), &opening, key(7), at(0)).is_ok()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(opened.iter().filter(|won| **won).count(), 1);
    let bytes = std::fs::read(files.folder().join("00000001.jsonl")).unwrap();
    assert_eq!(verdict(&bytes, Some(&KEY), None), Verdict::Verified);
}

#[test]
fn a_segment_is_filled_to_its_last_byte_and_no_further() {
    let with = |length: usize| Event { detail: Some("x".repeat(length)), ..event() };
    let full = usize::try_from(SEGMENT).unwrap();
    let length = |sample: &Sample| std::fs::read(&sample.path).unwrap().len();
    let (probe, least) = (Sample::of(2), 1);
    let before = length(&probe);
    probe.chain.note(&with(least), at(9)).unwrap();
    let most = full - length(&probe) + least;
    for (detail, firsts) in [(most, vec![1]), (most + 1, vec![1, 3])] {
        let sample = Sample::of(2);
        sample.chain.note(&with(detail), at(9)).unwrap();
        assert_eq!(sample.files.firsts().unwrap(), firsts);
        assert_eq!(length(&sample), if firsts.len() == 1 { full } else { before });
    }
}

#[test]
fn nothing_is_appended_to_a_copy_of_a_chain_under_another_name() {
    let sample = Sample::of(1);
    let audit = sample.files.folder().parent().unwrap();
    let files = ChainFiles::new(audit, &chain_name("alice-c2"));
    std::fs::create_dir(files.folder()).unwrap();
    let copy = files.folder().join("00000001.jsonl");
    std::fs::copy(&sample.path, &copy).unwrap();
    let chain = Chain::attach(files.clone(), files.chain().clone(), key(7));
    let error = chain.append(&event(), at(2)).unwrap_err();
    let found = chain_name("alice-c1");
    let fault = Fault::WrongChain { found };
    assert!(matches!(&error, AuditError::Altered { fault: why, .. } if *why == fault), "{error:?}");
    assert_eq!(std::fs::read(&copy).unwrap(), sample.bytes());
}
