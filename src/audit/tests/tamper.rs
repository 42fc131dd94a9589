//! Every kind of tampering is found, at its place; nothing else is.

use proptest::prelude::*;

use super::{KEY, Sample, at, damaged, event, joined, key, lines, member, pin_of, report, verdict};
use crate::audit::fault::Fault;
use crate::audit::line::Line;
use crate::audit::verify::Gap;
use crate::audit::{Actor, Event, Head, Op, Verdict, missing};
use crate::crypto::digest::Digest;

const LINES: usize = 6;

fn place(verdict: &Verdict) -> Option<u64> {
    match verdict {
        Verdict::Damaged { line, .. } => Some(*line),
        _ => None,
    }
}

/// Tampers with a sample chain and verifies it with the key and without a pin.
fn after(tamper: impl FnOnce(&mut Vec<Vec<u8>>)) -> Verdict {
    let mut lines = Sample::of(LINES).lines();
    tamper(&mut lines);
    verdict(&joined(&lines), Some(&KEY), None)
}

#[test]
fn an_untouched_chain_is_never_accused() {
    let sample = Sample::of(LINES);
    let lines = sample.lines();
    for pinned in 1..=LINES {
        let pin = Some(pin_of(&lines[..pinned]));
        assert_eq!(verdict(&sample.bytes(), Some(&KEY), pin), Verdict::Verified);
        assert_eq!(verdict(&sample.bytes(), None, pin), Verdict::Unchecked(Gap::NoKey));
    }
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), None), Verdict::Verified);
    assert_eq!(verdict(b"", Some(&KEY), None), Verdict::Unchecked(Gap::Empty));
}

#[test]
fn a_clock_that_was_set_back_is_no_damage() {
    let sample = Sample::of(3);
    sample.chain.note(&event(), at(-1000)).unwrap();
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), None), Verdict::Verified);
}

#[test]
fn a_torn_tail_is_reported_but_no_damage() {
    let whole = Sample::of(3).bytes();
    let torn = [whole.clone(), b"{\"seq\":4".to_vec()].concat();
    for (bytes, is_torn) in [(torn, true), (whole, false)] {
        let report = report("alice-c1", &bytes, Some(&KEY), None);
        assert_eq!((report.torn_tail, report.lines), (is_torn, 3));
        assert_eq!(report.verdict, Verdict::Verified);
    }
}

#[test]
fn an_edit_of_any_byte_of_any_line_is_found_in_its_line() {
    let all = Sample::of(3).lines();
    let pin = pin_of(&all);
    for (n, line) in all.iter().enumerate() {
        for at in 0..line.len() {
            let mut edited = all.clone();
            edited[n][at] ^= 1;
            let verdict = verdict(&joined(&edited), Some(&KEY), Some(pin));
            assert_eq!(place(&verdict), Some(n as u64 + 1), "byte {at}: {verdict:?}");
        }
    }
}

#[test]
fn an_edit_is_found_without_the_key_too_unless_it_is_in_the_last_line() {
    let all = Sample::of(4).lines();
    for n in 0..4 {
        let mut edited = all.clone();
        let text = String::from_utf8(edited[n].clone()).unwrap();
        edited[n] = text.replace("10:00:0", "11:00:0").into_bytes();
        let verdict = verdict(&joined(&edited), None, None);
        match n {
            // Its signature covers the opening.
            0 => assert_eq!(place(&verdict), Some(1)),
            3 => assert_eq!(verdict, Verdict::Unchecked(Gap::NoKey)),
            _ => assert_eq!(verdict, damaged(n as u64 + 2, Fault::Prev)),
        }
    }
}

#[test]
fn a_removed_line_is_found() {
    for n in 0..LINES - 1 {
        let found = Fault::Sequence { found: n as u64 + 2 };
        assert_eq!(after(|lines| drop(lines.remove(n))), damaged(n as u64 + 1, found));
    }
}

#[test]
fn swapped_repeated_and_inserted_lines_are_found() {
    assert_eq!(after(|lines| lines.swap(2, 3)), damaged(3, Fault::Sequence { found: 4 }));
    let repeat = |lines: &mut Vec<Vec<u8>>| lines.insert(3, lines[2].clone());
    assert_eq!(after(repeat), damaged(4, Fault::Sequence { found: 3 }));
    assert_eq!(after(|lines| lines.insert(3, vec![])), damaged(4, Fault::NotALine));
    let foreign = Sample::with(LINES, "alice-c1", key(8)).lines();
    assert_eq!(after(|lines| lines[3].clone_from(&foreign[3])), damaged(4, Fault::Mac));
    assert_eq!(after(|lines| lines.push(foreign[0].clone())), {
        damaged(LINES as u64 + 1, Fault::Sequence { found: 1 })
    });
}

#[test]
fn a_line_of_another_chain_of_the_same_key_is_found() {
    let other = Sample::of(LINES);
    other.chain.note(&Event { detail: None, ..event() }, at(0)).unwrap();
    other.chain.note(&event(), at(0)).unwrap();
    let line = other.lines()[LINES + 1].clone();
    let sample = Sample::of(LINES + 1);
    let bytes = [sample.bytes(), joined(&[line])].concat();
    assert_eq!(verdict(&bytes, Some(&KEY), None), damaged(LINES as u64 + 2, Fault::Prev));
}

#[test]
fn a_line_that_its_writer_numbered_or_signed_wrongly_is_found() {
    let good = Sample::of(3).lines();
    type Edit = fn(&mut Line);
    let edits: [(Edit, Fault); 3] = [
        (|line| line.seq = 4, Fault::Sequence { found: 4 }),
        (|line| line.seq = 2, Fault::Sequence { found: 2 }),
        (|line| line.actor = Actor::member(&member("bob")), Fault::Actor),
    ];
    for (edit, fault) in edits {
        let mut line = Line::parse(&good[2]).unwrap();
        edit(&mut line);
        // With the chain's key, and after the line before.
        let lines = [&good[..2], &[line.authenticate(&KEY).unwrap()]].concat();
        for key in [Some(&*KEY), None] {
            assert_eq!(verdict(&joined(&lines), key, None), damaged(3, fault.clone()));
        }
    }
}

#[test]
fn a_tail_cut_below_the_pin_is_found_and_one_above_is_not() {
    let all = Sample::of(LINES).lines();
    let pinned = pin_of(&all[..4]);
    for length in 0..=LINES {
        for key in [Some(&*KEY), None] {
            let found = verdict(&joined(&all[..length]), key, Some(pinned));
            let expected = match (length, key) {
                (0..4, _) => damaged(length as u64 + 1, Fault::Cut { pinned }),
                (_, Some(_)) => Verdict::Verified,
                (_, None) => Verdict::Unchecked(Gap::NoKey),
            };
            assert_eq!(found, expected, "{length}");
        }
    }
    let mut bytes = joined(&all[..4]);
    bytes.pop();
    assert_eq!(verdict(&bytes, Some(&KEY), Some(pinned)), damaged(4, Fault::Cut { pinned }));
}

#[test]
fn a_tail_rewritten_by_its_own_writer_differs_from_the_pin() {
    let sample = Sample::of(LINES);
    let all = sample.lines();
    std::fs::write(&sample.path, joined(&all[..2])).unwrap();
    for n in 0..5 {
        sample.chain.note(&Event { detail: None, ..event() }, at(n)).unwrap();
    }
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), None), Verdict::Verified);
    let pinned = Some(pin_of(&all[..4]));
    assert_eq!(verdict(&sample.bytes(), Some(&KEY), pinned), damaged(4, Fault::Pin));
}

#[test]
fn a_chain_replaced_by_one_of_another_key_is_found() {
    let bytes = Sample::with(LINES, "alice-c1", key(8)).bytes();
    assert_eq!(verdict(&bytes, Some(&KEY), None), damaged(1, Fault::Key));
    let pinned = Some(pin_of(&Sample::of(LINES).lines()));
    let found = verdict(&bytes, None, pinned);
    assert_eq!(found, damaged(LINES as u64, Fault::Pin));
}

#[test]
fn a_pinned_chain_that_is_gone_is_damaged() {
    let pinned = pin_of(&Sample::of(2).lines());
    let report = missing(&super::chain_name("alice-c1"), pinned);
    assert_eq!(report.verdict, damaged(1, Fault::Missing { pinned }));
}

#[test]
fn damage_is_found_at_its_place_in_a_chain_of_many_batches() {
    let sample = Sample::of(2);
    let mut all = sample.lines();
    // Written in memory: two thousand syncs would take too long.
    for n in 3..2000 {
        let last = all.last().unwrap();
        let mut line = crate::audit::line::Line::parse(last).unwrap();
        line.seq = n;
        line.prev = Digest::of(last);
        all.push(line.authenticate(&KEY).unwrap());
    }
    assert_eq!(verdict(&joined(&all), Some(&KEY), None), Verdict::Verified);
    all[1600] = b"garbage".to_vec();
    all[700].pop();
    assert_eq!(verdict(&joined(&all), Some(&KEY), None), damaged(701, Fault::NotALine));
}

#[test]
fn a_damage_takes_its_line_and_all_behind_it_and_the_first_one_counts() {
    let sample = Sample::of(2);
    let heads = [(super::chain_name("bob-c2"), Head { seq: 1, hash: Digest::of(b"x") })];
    let (op, detail) = (Op::SESSION_CREATE, Some("made".to_owned()));
    sample.chain.note(&Event { heads: heads.into(), ..event() }, at(3)).unwrap();
    sample.chain.note(&Event { op, detail, ..event() }, at(4)).unwrap();
    sample.chain.note(&event(), at(5)).unwrap();
    let bytes = sample.bytes();
    for line in 1..=6 {
        let mut report = report("alice-c1", &bytes, Some(&KEY), None);
        for (later, fault) in [(line, Fault::Mac), (line, Fault::Actor), (line + 1, Fault::Actor)] {
            report.damage(later, fault);
            assert_eq!(report.verdict, damaged(line, Fault::Mac));
        }
        assert_eq!(report.heads.len(), usize::from(line > 3), "{line}");
        assert_eq!(report.created().count(), usize::from(line > 4), "{line}");
        assert_eq!(report.head.map_or(0, |head| head.seq), line - 1);
    }
    let mut whole = report("alice-c1", &bytes, Some(&KEY), None);
    whole.has_no_key("k".to_owned());
    assert_eq!(whole.verdict, damaged(1, Fault::KeyFile { file: "k".to_owned() }));
    let mut empty = report("alice-c1", b"", Some(&KEY), None);
    empty.has_no_key("k".to_owned());
    assert_eq!(empty.verdict, Verdict::Unchecked(Gap::Empty));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_byte_is_always_found(
        count in 1_usize..8,
        place in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut bytes = Sample::of(count).bytes();
        let pinned = Some(pin_of(&lines(&bytes)));
        let at = place.index(bytes.len());
        let line = bytes[..at].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        bytes[at] ^= flip;
        let found = verdict(&bytes, Some(&KEY), pinned);
        prop_assert_eq!(super::tamper::place(&found), Some(line));
    }

    #[test]
    fn hostile_bytes_are_judged_without_a_panic(bytes in any::<Vec<u8>>()) {
        let sound = joined(&Sample::of(2).lines());
        let _ = verdict(&bytes, Some(&KEY), None);
        let _ = verdict(&[sound, bytes].concat(), Some(&KEY), None);
    }
}
