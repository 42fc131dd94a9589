//! Segments: where lines go, what proves that nothing lies between, what is found.

use proptest::prelude::*;

use super::{KEY, SIGNING, Sample, at, event, key, member, pin_of, verify_as};
use crate::audit::fault::Fault;
use crate::audit::limits::SEGMENT;
use crate::audit::line::Line;
use crate::audit::{
    Actor, AuditError, ChainFiles, Event, Expect, Filter, Head, Op, Outcome, Segment, Verdict,
    chains_in, newest,
};
use crate::crypto::digest::Digest;
use crate::fs::segment_file;
use crate::name::MemberName;

/// A chain of four segments or so: lines with a long detail.
fn long() -> Sample {
    let sample = Sample::of(1);
    for n in 1..=40 {
        sample.chain.note(&wide(6000), at(n)).unwrap();
    }
    sample
}

fn wide(length: usize) -> Event {
    Event { detail: Some("x".repeat(length)), ..event() }
}

fn verdict(segments: &[Segment]) -> Verdict {
    verify_as("alice-c1", segments, Some(&KEY), None).verdict
}

fn damage(segments: &[Segment]) -> (u64, Fault) {
    match verdict(segments) {
        Verdict::Damaged { line, fault } => (line, fault),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_segment_is_closed_before_it_grows_too_large() {
    let sample = long();
    let segments = sample.files.read().unwrap();
    assert!(segments.len() >= 4, "{}", segments.len());
    assert!(segments.iter().all(|segment| segment.bytes.len() as u64 <= SEGMENT));
    assert_eq!(verdict(&segments), Verdict::Verified);
    let before: Vec<Vec<u8>> = segments.iter().map(|segment| segment.bytes.clone()).collect();
    for n in 0..30 {
        sample.chain.note(&wide(6000), at(100 + n)).unwrap();
    }
    let after = sample.files.read().unwrap();
    let closed = segments.len() - 1;
    assert!(after.iter().zip(&before).take(closed).all(|(now, then)| now.bytes == *then));
    assert_eq!(verdict(&after), Verdict::Verified);
}

#[test]
fn the_first_line_of_a_segment_names_chain_and_segment_before() {
    let segments = long().files.read().unwrap();
    let first = String::from_utf8(segments[1].bytes.clone()).unwrap();
    let first = first.lines().next().unwrap();
    assert!(first.starts_with(&format!("{{\"seq\":{},", segments[1].first)), "{first}");
    assert!(first.contains(",\"chain\":\"alice-c1\",\"after\":1,\"prev\":\"sha256:"), "{first}");
}

#[test]
fn a_line_too_long_for_any_segment_has_one_of_its_own() {
    let sample = Sample::of(2);
    sample.chain.note(&wide(100_000), at(2)).unwrap();
    sample.chain.note(&event(), at(3)).unwrap();
    let segments = sample.files.read().unwrap();
    let firsts: Vec<u64> = segments.iter().map(|segment| segment.first).collect();
    assert_eq!(firsts, [1, 3, 4]);
    assert_eq!(verdict(&segments), Verdict::Verified);
}

#[test]
fn a_missing_segment_is_named_by_its_first_line() {
    let segments = long().files.read().unwrap();
    for gone in 0..segments.len() - 1 {
        let mut rest = segments.clone();
        let first = rest.remove(gone).first;
        assert_eq!(damage(&rest), (first, Fault::SegmentMissing));
    }
    // The last one is found by whoever saw a line of it.
    let (last, rest) = segments.split_last().unwrap();
    let lines: Vec<Vec<u8>> = super::lines(&super::joined(&all_lines(&segments)));
    let report = verify_as("alice-c1", rest, Some(&KEY), Some(pin_of(&lines)));
    assert!(matches!(report.verdict, Verdict::Damaged { line, .. } if line == last.first));
}

fn all_lines(segments: &[Segment]) -> Vec<Vec<u8>> {
    segments.iter().flat_map(|segment| super::lines(&segment.bytes)).collect()
}

#[test]
fn a_cut_segment_is_named() {
    let segments = long().files.read().unwrap();
    for at in 0..segments.len() - 1 {
        let lines = super::lines(&segments[at].bytes);
        for kept in 1..lines.len() {
            let mut cut = segments.clone();
            cut[at].bytes = super::joined(&lines[..kept]);
            let first = cut[at].first;
            assert_eq!(damage(&cut), (first + kept as u64, Fault::SegmentCut { first }));
            cut[at].bytes.extend_from_slice(b"{\"seq\":");
            assert_eq!(damage(&cut), (first + kept as u64, Fault::SegmentCut { first }));
        }
    }
}

#[test]
fn a_segment_that_names_another_chain_is_found_though_its_writer_signed_it() {
    let mut segments = long().files.read().unwrap();
    let mut lines = super::lines(&segments[1].bytes);
    let mut line = Line::parse(&lines[0]).unwrap();
    let found = super::chain_name("alice-c2");
    line.chain = Some(found.clone());
    lines[0] = line.authenticate(&KEY).unwrap();
    segments[1].bytes = super::joined(&lines);
    assert_eq!(damage(&segments), (segments[1].first, Fault::WrongChain { found }));
}

#[test]
fn an_edit_at_the_end_of_a_segment_shows_in_the_next_one_without_the_key_too() {
    let segments = long().files.read().unwrap();
    for at in 0..segments.len() - 1 {
        let mut lines = super::lines(&segments[at].bytes);
        let last = lines.last_mut().unwrap();
        let text = String::from_utf8(last.clone()).unwrap();
        *last = text.replace("\"outcome\":\"granted\"", "\"outcome\":\"denied\"").into();
        assert_ne!(*last, text.as_bytes());
        let mut edited = segments.clone();
        edited[at].bytes = super::joined(&lines);
        let report = verify_as("alice-c1", &edited, None, None);
        let next = segments[at + 1].first;
        assert_eq!(report.verdict, super::damaged(next, Fault::Prev));
        assert_eq!(report.head.unwrap().seq, next - 1);
    }
}

#[test]
fn files_are_verified_as_what_is_read_from_them() {
    let sample = long();
    (0..30).for_each(|n| sample.chain.note(&wide(6000), at(100 + n)).map(drop).unwrap());
    let segments = sample.files.read().unwrap();
    assert!(segments.len() > 4, "threads are at work");
    let own = || verify_as("alice-c1", &segments, Some(&KEY), None);
    let of_files = || {
        let signer = |_: &MemberName| Some(vec![SIGNING.verify_key()]);
        let (chain, key) = (sample.files.chain(), Some(&*KEY));
        let (commitment, pinned) = (None, None);
        let vault = super::VAULT;
        let expect = Expect { chain, vault, key, commitment, signer: &signer, pinned };
        sample.files.verify(&expect).unwrap()
    };
    assert_eq!(format!("{:?}", of_files()), format!("{:?}", own()));
    assert_eq!(own().verdict, Verdict::Verified);
    std::fs::remove_file(&sample.path).unwrap();
    assert_eq!(of_files().verdict, super::damaged(1, Fault::SegmentMissing));
}

#[test]
fn lines_that_made_sessions_are_told_as_far_as_they_are_sound() {
    let sample = Sample::of(1);
    let made = |detail: &str, outcome| Event {
        op: Op::SESSION_CREATE,
        detail: Some(detail.to_owned()),
        outcome,
        ..event()
    };
    for (n, detail) in ["plain", "a\"b"].into_iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        sample.chain.note(&made(detail, Outcome::Granted), at(n)).unwrap();
        sample.chain.note(&made("denied", Outcome::Denied), at(n)).unwrap();
        sample.chain.note(&wide(66_000), at(n)).unwrap();
    }
    let mut segments = sample.files.read().unwrap();
    let report = verify_as("alice-c1", &segments, Some(&KEY), None);
    assert_eq!(report.created().collect::<Vec<_>>(), ["plain", "a\"b"]);
    assert_eq!(report.verdict, Verdict::Verified);
    segments.remove(1);
    let report = verify_as("alice-c1", &segments, Some(&KEY), None);
    assert_eq!(report.created().collect::<Vec<_>>(), ["plain"]);
}

#[test]
fn a_doubled_segment_is_named() {
    let segments = long().files.read().unwrap();
    let mut doubled = segments.clone();
    let copy = Segment { first: segments[1].first + 1, bytes: segments[1].bytes.clone() };
    doubled.insert(2, copy.clone());
    let next = segments[2].first;
    assert_eq!(damage(&doubled), (next, Fault::SegmentRepeated { first: copy.first }));
    let last = segments.last().unwrap();
    let after = last.first + super::lines(&last.bytes).len() as u64;
    let at_the_end = Segment { first: after, bytes: segments[1].bytes.clone() };
    let doubled = [segments.clone(), vec![at_the_end]].concat();
    let found = segments[1].first;
    assert_eq!(damage(&doubled), (after, Fault::SegmentMisplaced { first: after, found }));
}

#[test]
fn swapped_segments_are_named() {
    let mut segments = long().files.read().unwrap();
    let bytes = segments[1].bytes.clone();
    segments[1].bytes = std::mem::replace(&mut segments[2].bytes, bytes);
    let (first, found) = (segments[1].first, segments[2].first);
    assert_eq!(damage(&segments), (first, Fault::SegmentMisplaced { first, found }));
}

#[test]
fn segments_that_were_joined_or_parted_are_no_segments_of_the_writer() {
    let segments = long().files.read().unwrap();
    let mut joined = segments.clone();
    let second = joined.remove(1);
    joined[0].bytes.extend(second.bytes);
    assert_eq!(damage(&joined), (second.first, Fault::SegmentBegin));
    let mut parted = segments.clone();
    let lines = super::lines(&parted[0].bytes);
    parted[0].bytes = super::joined(&lines[..3]);
    parted.insert(1, Segment { first: 4, bytes: super::joined(&lines[3..]) });
    assert_eq!(damage(&parted), (4, Fault::SegmentBegin));
}

#[test]
fn a_segment_of_another_chain_is_found() {
    let mut segments = long().files.read().unwrap();
    let other = Sample::with(1, "alice-c2", key(7));
    (1..=40).for_each(|n| other.chain.note(&wide(6000), at(n)).unwrap());
    segments[1] = other.files.read().unwrap()[1].clone();
    assert_eq!(damage(&segments).0, segments[1].first);
}

#[test]
fn a_segment_that_a_crash_left_empty_is_begun_again() {
    for left in ["", "{\"seq\":3,\"ti"] {
        let sample = Sample::of(2);
        std::fs::write(sample.files.folder().join("00000003.jsonl"), left).unwrap();
        let head = sample.files.head().unwrap().unwrap();
        assert_eq!(head.seq, 2);
        assert_eq!(verdict(&sample.files.read().unwrap()), Verdict::Verified);
        sample.chain.note(&event(), at(2)).unwrap();
        sample.chain.note(&event(), at(3)).unwrap();
        let segments = sample.files.read().unwrap();
        assert_eq!(super::lines(&segments[1].bytes).len(), 2);
        assert_eq!(verdict(&segments), Verdict::Verified);
    }
}

#[test]
fn an_empty_segment_that_no_crash_left_is_refused() {
    let sample = Sample::of(2);
    std::fs::write(sample.files.folder().join("00000009.jsonl"), "").unwrap();
    let error = sample.chain.append(&event(), at(2)).unwrap_err();
    assert!(matches!(error, AuditError::Altered { .. }), "{error}");
    assert_eq!(damage(&sample.files.read().unwrap()), (3, Fault::SegmentMissing));
}

#[test]
fn links_and_pipes_are_no_segments() {
    let sample = long();
    let file = sample.files.folder().join(segment_file(sample.files.read().unwrap()[1].first));
    let elsewhere = file.with_file_name("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let error = sample.files.read().unwrap_err();
    assert!(matches!(error, AuditError::NotRegular { .. }), "{error}");
    std::fs::remove_file(&file).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).unwrap();
    let error = sample.files.read().unwrap_err();
    assert!(matches!(error, AuditError::NotRegular { .. }), "{error}");
    let folder = sample.files.folder();
    let moved = folder.with_file_name("moved");
    std::fs::rename(folder, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, folder).unwrap();
    let error = sample.chain.append(&event(), at(99)).unwrap_err();
    assert!(matches!(error, AuditError::NotRegular { .. }), "{error}");
}

#[test]
fn the_newest_lines_are_read_without_the_older_segments() {
    let sample = long();
    let folder = sample.files.folder();
    let firsts = sample.files.firsts().unwrap();
    // What need not be opened is not: a segment that cannot be read is not noticed.
    let hidden = folder.join(segment_file(firsts[0]));
    std::fs::remove_file(&hidden).unwrap();
    std::fs::create_dir(&hidden).unwrap();
    let sequence = |filter: &Filter<'_>, limit| {
        let lines = newest(|take| sample.files.read_back(take), filter, limit)?;
        Ok::<_, AuditError>(lines.iter().map(|line| line.seq).collect::<Vec<_>>())
    };
    let last = sequence(&Filter::default(), Some(3)).unwrap();
    assert!(last.ends_with(&[39, 40, 41]), "{last:?}");
    let since = Filter { since: Some(at(firsts[2] as i64)), ..Filter::default() };
    assert_eq!(sequence(&since, None).unwrap(), (firsts[2] + 1..=41).collect::<Vec<_>>());
    assert!(sequence(&Filter::default(), None).is_err());
    std::fs::remove_dir(&hidden).unwrap();
    for first in [21].iter().chain(&firsts[2..]) {
        let until = Filter { until: Some(at(*first as i64 - 1)), ..Filter::default() };
        assert!(sequence(&until, Some(2)).unwrap().ends_with(&[first - 1, *first]), "{first}");
    }
}

#[test]
fn only_numbers_of_eight_digits_or_more_are_segments() {
    let sample = Sample::of(2);
    for stray in ["1.jsonl", "+0000009.jsonl", "00000000.jsonl", "00000009.jsonl.orig", "x"] {
        std::fs::write(sample.files.folder().join(stray), "garbage\n").unwrap();
    }
    assert_eq!(sample.files.firsts().unwrap(), [1]);
    sample.chain.note(&event(), at(2)).unwrap();
    assert_eq!(segment_file(123_456_789), "123456789.jsonl");
}

#[test]
fn what_stands_after_a_gap_names_no_heads() {
    let sample = long();
    let heads = [(super::chain_name("bob-c1"), Head { seq: 1, hash: Digest::of(b"") })];
    let commit = Event { heads: heads.into(), ..event() };
    sample.chain.note(&commit, at(99)).unwrap();
    let mut segments = sample.files.read().unwrap();
    assert_eq!(verify_as("alice-c1", &segments, Some(&KEY), None).heads.len(), 1);
    segments.remove(1);
    assert!(verify_as("alice-c1", &segments, Some(&KEY), None).heads.is_empty());
    assert!(matches!(commit.actor, Actor::Member { name, .. } if name == member("alice")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn an_edit_of_any_byte_of_any_segment_is_found_at_once(place: prop::sample::Index, bit in 0..8_u8) {
        let segments = SEGMENTS.with(Clone::clone);
        let total: usize = segments.iter().map(|segment| segment.bytes.len()).sum();
        let mut at = place.index(total);
        let mut edited = segments.clone();
        let mut first = 0;
        for segment in &mut edited {
            if at < segment.bytes.len() {
                let before = segment.bytes[..at].iter().filter(|b| **b == b'\n').count();
                first = segment.first + before as u64;
                segment.bytes[at] ^= 1 << bit;
                break;
            }
            at -= segment.bytes.len();
        }
        let pin = pin_of(&all_lines(&segments));
        match verify_as("alice-c1", &edited,Some(&KEY), Some(pin)).verdict {
            Verdict::Damaged { line, .. } => prop_assert_eq!(line, first),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

thread_local! {
    static SEGMENTS: Vec<Segment> = long().files.read().unwrap();
}

#[test]
fn a_chain_without_files_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let files = ChainFiles::new(dir.path(), &super::chain_name("alice-c1"));
    assert_eq!(files.head().unwrap(), None);
    assert!(files.read().unwrap().is_empty() && !files.is_open().unwrap());
    assert!(chains_in(&dir.path().join("none")).unwrap().is_empty());
    // What cannot be listed is not taken for one that has no chains.
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(chains_in(&file).unwrap_err(), AuditError::Io { .. }));
    std::fs::create_dir(files.folder()).unwrap();
    std::fs::write(files.folder().join("00000001.jsonl"), "garbage\n").unwrap();
    assert!(matches!(files.head().unwrap_err(), AuditError::Unreadable { .. }));
}
