//! Published files: cut anywhere, told alike, complete, and what the writer wrote.

use std::path::Path;

use proptest::prelude::*;

use super::{KEY, SIGNING, Sample, VAULT, chain_name, damaged, joined, member, pin_of, signing};
use crate::audit::fault::Fault;
use crate::audit::{ChainReport, Cut, Expect, Filter, Published, Verdict, newest};
use crate::crypto::keys::ChainKey;
use crate::fs::{published_file, segment_file};
use crate::name::MemberName;

/// A folder `audit` with files of the sample chain.
struct Tree {
    dir: tempfile::TempDir,
    lines: Vec<Vec<u8>>,
}

impl Tree {
    fn of(sample: &Sample, cuts: &[(usize, usize)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().unwrap(), lines: sample.lines() };
        for (first, last) in cuts {
            tree.put(&published_file(*first as u64), &joined(&tree.lines[first - 1..*last]));
        }
        tree
    }

    fn put(&self, file: &str, bytes: &[u8]) {
        let path = self.dir.path().join("alice-c1").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn found(&self) -> Published {
        Published::find(self.dir.path(), &chain_name("alice-c1")).unwrap()
    }

    fn report(&self, key: Option<&ChainKey>) -> ChainReport {
        let signer = |name: &MemberName| {
            (*name == member("alice")).then(|| vec![signing(9).verify_key(), SIGNING.verify_key()])
        };
        let chain = &chain_name("alice-c1");
        let expect =
            Expect { chain, vault: VAULT, key, commitment: None, signer: &signer, pinned: None };
        self.found().verify(&expect).unwrap()
    }

    fn verdict(&self) -> Verdict {
        self.report(Some(&KEY)).verdict
    }

    fn numbers(&self, limit: Option<usize>) -> Vec<u64> {
        let found = self.found();
        let lines = newest(|take| found.read_back(take), &Filter::default(), limit).unwrap();
        lines.iter().map(|line| line.seq).collect()
    }
}

#[test]
fn files_in_folders_of_a_hundred_and_segments_of_before_are_one_chain() {
    let sample = Sample::of(205);
    let tree = Tree::of(&sample, &[(3, 99), (100, 100), (101, 200), (201, 205)]);
    tree.put(&segment_file(1), &joined(&tree.lines[..2]));
    let report = tree.report(Some(&KEY));
    assert_eq!((report.verdict, report.lines), (Verdict::Verified, 205));
    let head = Published::head(tree.dir.path(), &chain_name("alice-c1")).unwrap();
    assert_eq!(head, Some(pin_of(&tree.lines)));
    assert_eq!(tree.numbers(None), (1..=205).collect::<Vec<_>>());
    // Other names are no files of the chain.
    for name in ["000000/00000206.jsonl", "000002/206.jsonl", "2/00000206.jsonl", "notes.jsonl"] {
        tree.put(name, b"nonsense");
    }
    assert_eq!(tree.verdict(), Verdict::Verified);
    // Nor does a folder behind the last one hide the end.
    tree.put("999999/notes", b"nonsense");
    let head = Published::head(tree.dir.path(), &chain_name("alice-c1")).unwrap();
    assert_eq!(head, Some(pin_of(&tree.lines)));
    assert_eq!(Published::head(Path::new("/no/such"), &chain_name("alice-c1")).unwrap(), None);
}

#[test]
fn a_line_that_is_told_twice_is_told_alike() {
    let tree = Tree::of(&Sample::of(9), &[(1, 5), (4, 7), (6, 9)]);
    tree.put(&segment_file(1), &joined(&tree.lines[..3]));
    assert_eq!(tree.verdict(), Verdict::Verified);
    assert_eq!(tree.numbers(None), (1..=9).collect::<Vec<_>>());
    assert_eq!(tree.numbers(Some(1)).last(), Some(&9));
    let mut other = tree.lines[3..7].to_vec();
    other[1].extend_from_slice(b" ");
    tree.put(&published_file(4), &joined(&other));
    assert_eq!(tree.verdict(), damaged(5, Fault::ToldTwice { first: 4 }));
}

#[test]
fn a_file_that_is_not_there_is_named_by_the_next_one() {
    let tree = Tree::of(&Sample::of(9), &[(1, 3), (6, 9)]);
    assert_eq!(tree.verdict(), damaged(4, Fault::FileMissing { next: 6 }));
    let tree = Tree::of(&Sample::of(9), &[(4, 9)]);
    assert_eq!(tree.verdict(), damaged(1, Fault::FileMissing { next: 4 }));
}

#[test]
fn what_is_published_is_compared_with_what_was_written() {
    let sample = Sample::of(9);
    let cuts = [Cut { first: 1, last: 3 }, Cut { first: 4, last: 5 }, Cut { first: 6, last: 9 }];
    let compared = |tree: &Tree| {
        let mut report = super::report("alice-c1", &sample.bytes(), Some(&KEY), None);
        let file = tree.found().compare(&mut report, &cuts).unwrap();
        (report.verdict, file.map(|file| file.file_name().unwrap().to_owned()))
    };
    let tree = Tree::of(&sample, &[(1, 3), (6, 9)]);
    assert_eq!(compared(&tree), (Verdict::Verified, None), "what a branch lacks is no damage");
    tree.put(&published_file(6), &joined(&Sample::of(9).lines()[4..8]));
    let file = format!("audit/alice-c1/{}", published_file(6));
    let fault = Fault::PublishedOtherwise { file: file.clone() };
    assert_eq!(compared(&tree), (damaged(6, fault), Some("00000006.jsonl".into())));
    let tree = Tree::of(&sample, &[(1, 3), (4, 5), (6, 8)]);
    let fault = Fault::PublishedOtherwise { file: file.clone() };
    assert_eq!(compared(&tree).0, damaged(9, fault), "a file that was cut");
    let tree = Tree::of(&Sample::of(12), &[(1, 3), (6, 12)]);
    let fault = Fault::PublishedBeyond { file };
    assert_eq!(compared(&tree).0, damaged(10, fault));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn wherever_commits_cut_a_chain_it_verifies_and_an_edit_is_found(
        mut cuts in prop::collection::btree_set(2_usize..=20, 0..8),
        edited in 0_usize..20,
    ) {
        cuts.insert(1);
        let firsts: Vec<usize> = cuts.into_iter().collect();
        let ends = firsts.iter().skip(1).map(|next| next - 1).chain([20]);
        let files: Vec<(usize, usize)> = firsts.iter().copied().zip(ends).collect();
        let mut tree = Tree::of(&Sample::of(20), &files);
        prop_assert_eq!(tree.verdict(), Verdict::Verified);
        prop_assert_eq!(tree.numbers(None), (1..=20).collect::<Vec<_>>());
        let line = String::from_utf8(tree.lines[edited].clone()).unwrap();
        tree.lines[edited] = line.replacen("granted", "denied", 1).into_bytes();
        for (first, last) in &files {
            tree.put(&published_file(*first as u64), &joined(&tree.lines[first - 1..*last]));
        }
        let found = matches!(tree.verdict(), Verdict::Damaged { line, .. } if line == edited as u64 + 1);
        prop_assert!(found, "{:?}", tree.verdict());
    }
}
