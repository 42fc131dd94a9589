//! The last segment of a long chain: found by a note of it, which is believed for nothing.

use std::path::{Path, PathBuf};

use super::{KEY, Sample, at, event, key, verify_as};
use crate::audit::fault::Fault;
use crate::audit::file::Access;
use crate::audit::limits::{MAX_LINE, SEGMENT};
use crate::audit::{AuditError, Chain, ChainFiles, Event, Verdict};
use crate::fs::segment_file;

/// A chain with so many segments that the last one is noted, each with a line or two.
struct Long {
    sample: Sample,
    files: ChainFiles,
    chain: Chain,
    note: PathBuf,
}

fn long() -> Long {
    let sample = Sample::of(1);
    let notes = sample.files.folder().with_file_name("notes");
    let files = sample.files.clone().noted_in(&notes);
    let chain = Chain::attach(files.clone(), files.chain().clone(), key(7));
    let note = notes.join(files.chain().as_str());
    let long = Long { sample, files, chain, note };
    (1..20).for_each(|n| long.append_wide(n));
    long
}

impl Long {
    /// A line that wants a segment of its own, and one that stands behind it.
    fn append_wide(&self, n: i64) {
        let wide = Event { detail: Some("x".repeat(65_000)), ..event() };
        self.chain.note(&wide, at(2 * n)).unwrap();
        self.chain.note(&event(), at(2 * n + 1)).unwrap();
    }

    fn append(&self) {
        self.chain.note(&event(), at(1000)).unwrap();
    }

    fn noted(&self) -> Option<u64> {
        Some(std::fs::read_to_string(&self.note).ok()?.trim_end().parse().unwrap())
    }

    fn last(&self) -> u64 {
        *self.files.firsts().unwrap().last().unwrap()
    }

    fn lines(&self) -> u64 {
        self.files.head().unwrap().unwrap().seq
    }

    fn verdict(&self) -> Verdict {
        let segments = self.files.read().unwrap();
        verify_as("alice-c1", &segments, Some(&KEY), None).verdict
    }

    fn segment(&self, first: u64) -> PathBuf {
        self.files.folder().join(segment_file(first))
    }
}

#[test]
fn a_long_chain_has_its_last_segment_noted_and_a_short_one_has_not() {
    let long = long();
    // Of the one before, where the last append began the next.
    assert!(long.noted().is_some_and(|noted| noted <= long.last()));
    long.append();
    assert_eq!(long.noted(), Some(long.last()));
    assert_eq!(long.verdict(), Verdict::Verified);

    let short = Sample::of(3);
    let notes = short.files.folder().with_file_name("notes");
    let chain =
        Chain::attach(short.files.clone().noted_in(&notes), short.files.chain().clone(), key(7));
    chain.note(&event(), at(9)).unwrap();
    assert!(!notes.exists());
}

#[test]
fn a_line_goes_where_it_belongs_whatever_the_note_says() {
    let long = long();
    let segments = long.files.firsts().unwrap();
    let middle = segments[segments.len() / 2];
    let near = segments[segments.len() - 3];
    for note in ["", "x", "0", "1", "2", "99999999", "18446744073709551615", "-1"] {
        check(&long, note);
    }
    for first in [middle, near, segments[0], long.last()] {
        check(&long, &format!("{first}\n"));
    }
    std::fs::remove_file(&long.note).unwrap();
    std::fs::create_dir(&long.note).unwrap();
    long.append();
    assert_eq!(long.verdict(), Verdict::Verified);
}

fn check(long: &Long, note: &str) {
    std::fs::write(&long.note, note).unwrap();
    let before = long.lines();
    long.append();
    assert_eq!(long.lines(), before + 1, "{note:?}");
    assert_eq!(long.verdict(), Verdict::Verified, "{note:?}");
    assert_eq!(long.noted(), Some(long.last()), "{note:?}");
}

#[test]
fn what_a_crash_left_of_a_new_segment_is_begun_again() {
    let long = long();
    long.append();
    for torn in ["", "{\"seq\":"] {
        std::fs::write(long.segment(long.lines() + 1), torn).unwrap();
        long.append_wide(600);
        assert_eq!(long.verdict(), Verdict::Verified);
    }
}

#[test]
fn the_folder_is_not_listed_where_the_note_is_right() {
    let long = long();
    long.append();
    // A list would find this, and take it for the end.
    std::fs::write(long.segment(9_999_999), "no line\n").unwrap();
    long.append();
    assert!(matches!(long.verdict(), Verdict::Damaged { .. }), "whoever verifies finds it");
    std::fs::remove_file(long.segment(9_999_999)).unwrap();
    assert_eq!(long.verdict(), Verdict::Verified);
}

#[test]
fn no_link_and_no_pipe_is_taken_for_the_next_segment() {
    let long = long();
    long.append();
    let (next, target) = (long.segment(long.lines() + 1), long.files.folder().join("target"));
    std::fs::write(&target, "").unwrap();
    let tries: [fn(&Path, &Path); 2] = [
        |target, next| std::os::unix::fs::symlink(target, next).unwrap(),
        |_, next| rustix::fs::mkfifoat(rustix::fs::CWD, next, rustix::fs::Mode::RUSR).unwrap(),
    ];
    for make in tries {
        make(&target, &next);
        assert!(long.chain.note(&event(), at(2000)).is_err());
        std::fs::remove_file(&next).unwrap();
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"");
    assert!(long.sample.path.exists());
    long.append();
    assert_eq!(long.verdict(), Verdict::Verified);
}

#[test]
fn no_more_is_read_of_a_segment_than_can_be_written() {
    let sample = Sample::of(1);
    let most = usize::try_from(SEGMENT).unwrap() + MAX_LINE + 1;
    let is_too_long = |length: usize| {
        let text: Vec<u8> = b"x\n".iter().copied().cycle().take(length).collect();
        std::fs::write(&sample.path, text).unwrap();
        let long = |error| matches!(error, AuditError::Unreadable { fault: Fault::TooLong, .. });
        let whole = sample.files.read().is_err_and(long);
        assert_eq!(sample.files.head().is_err_and(long), whole, "{length}");
        whole
    };
    assert!(!is_too_long(most));
    assert!(is_too_long(most + 1));
    assert!(is_too_long(2 * most));
}

#[test]
fn a_chain_is_open_as_long_as_a_line_of_it_is_there() {
    let long = long();
    assert!(long.files.is_open().unwrap());
    // The first one is gone: that is for verification to say.
    std::fs::remove_file(long.segment(1)).unwrap();
    assert!(long.files.is_open().unwrap());
    for first in long.files.firsts().unwrap() {
        std::fs::write(long.segment(first), "{\"seq\":").unwrap();
    }
    assert!(!long.files.is_open().unwrap());
    std::fs::write(long.segment(1), "{\"seq\":1}\n").unwrap();
    assert!(long.files.is_open().unwrap());
}

#[test]
fn the_file_of_a_line_is_the_last_segment_that_begins_at_or_before_it() {
    let sample = Sample::of(1);
    let files = &sample.files;
    let file = |number| files.holding(&[1, 5, 9], number);
    for (number, first) in [(1, 1), (4, 1), (5, 5), (8, 5), (9, 9), (100, 9)] {
        assert_eq!(file(number), files.folder().join(segment_file(first)), "{number}");
    }
    assert_eq!(file(0), files.folder());
}

#[test]
fn readers_do_not_wait_for_each_other() {
    let sample = Sample::of(2);
    let one = sample.files.find(Access::Read).unwrap().unwrap();
    let two = sample.files.find(Access::Read).unwrap().unwrap();
    assert_eq!(one.firsts().unwrap(), two.firsts().unwrap());
}

#[test]
fn nothing_is_appended_to_a_chain_that_is_gone_and_nothing_made_for_it() {
    let sample = Sample::of(2);
    std::fs::remove_dir_all(sample.files.folder()).unwrap();
    sample.chain.note(&event(), at(9)).unwrap_err();
    assert!(!sample.files.folder().exists());
}
