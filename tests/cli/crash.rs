//! Killed at a system call of a change that begins a segment of the trail; what killed changes
//! leave behind. The matrix of all commands is in [`crate::matrix`].
//!
//! strace kills the process at the n-th call of one kind. A few points of each kind are
//! tried; `AUTHY_FULL=1` tries all of them. Without strace they are left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::harness::{AUTHY, Sandbox, strace_works};
use crate::vault::{files_below, text};

/// The calls at which a change can be cut in two.
pub(crate) const CALLS: [&str; 9] = [
    "openat",
    "rename",
    "renameat",
    "renameat2",
    "fsync",
    "fdatasync",
    "unlink",
    "unlinkat",
    "write",
];
const POINTS: usize = 4;

/// One change that is interrupted, and what may be there afterwards.
struct Change {
    words: &'static [&'static str],
    stdin: &'static str,
    /// For each name: the values it may have, `None` for "not there".
    may: &'static [(&'static str, &'static [Option<&'static str>])],
}

const ROTATE: Change = Change {
    words: &["rotate", "target"],
    stdin: "new",
    may: &[("target", &[Some("old"), Some("new")])],
};
fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("target", "old"), ("other", "other")]);
    t.holds("target", "old");
    t.verifies();
    t.sh("mkdir ../pristine && cp -a ../home ../state ../pristine/").ok();
    t
}

fn reset(t: &Sandbox) {
    t.sh("rm -rf ../home ../state && cp -a ../pristine/home ../pristine/state ..").ok();
}

fn traced<'t>(t: &'t Sandbox, change: &Change, how: &str) -> crate::harness::Call<'t> {
    let log = t.path("strace.log");
    let words = ["-f", "-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY];
    t.program("strace", words.iter().chain(change.words)).stdin(change.stdin)
}

/// Counts the calls of each kind in the thread that makes most of them.
fn count(t: &Sandbox, change: &Change) -> BTreeMap<String, usize> {
    reset(t);
    traced(t, change, &format!("trace={}", CALLS.join(","))).ok();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in text(&t.path("strace.log")).lines() {
        let mut words = line.split_whitespace();
        let thread = words.next().unwrap_or_default().to_owned();
        let call = words.next().and_then(|word| word.split_once('('));
        if let Some((name, _)) = call.filter(|(name, _)| CALLS.contains(name)) {
            *counts.entry((name.to_owned(), thread)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((name, _), n) in counts {
        let entry = most.entry(name).or_insert(0);
        *entry = n.max(*entry);
    }
    most
}

/// Chooses which of `total` calls to interrupt: all, or a few with the first and the last.
pub(crate) fn points(total: usize) -> Vec<usize> {
    if std::env::var_os("AUTHY_FULL").is_some() || total <= POINTS {
        return (1..=total).collect();
    }
    (0..POINTS).map(|i| 1 + i * (total - 1) / (POINTS - 1)).collect()
}

/// Asserts that the vault is as it was or as it should become, and works.
fn is_sound(t: &Sandbox, change: &Change, done: bool, at: &str) {
    let mut found = Vec::new();
    for (name, values) in change.may {
        let get = t.authy(["get", name]).ends();
        assert!(get.code == 0 || get.code == 3, "after {at}: {get}");
        let value = (get.code == 0).then(|| get.text());
        assert!(values.contains(&value.as_deref()), "after {at}: {name} is {value:?}");
        assert!(!done || value.as_deref() == *values.last().unwrap(), "after {at}: lost");
        found.push((*name, value.is_some()));
    }
    t.holds("other", "other");
    let list = t.authy(["list"]).ok().lines();
    let mut expected: Vec<&str> = found.iter().filter(|pair| pair.1).map(|pair| pair.0).collect();
    expected.push("other");
    expected.sort_unstable();
    assert_eq!(list, expected, "after {at}");
    t.verifies();
    t.store([("after", "works")]);
    t.holds("other", "other");
    t.authy(["remove", "after"]).ok();
    let status = t.git(["status", "--porcelain"]);
    assert_eq!(status, "", "after {at}: the next change did not commit this");
}

fn survives_kill_in(t: &Sandbox, change: &Change) {
    for (call, total) in count(t, change) {
        for n in points(total) {
            reset(t);
            let done = traced(t, change, &format!("inject={call}:signal=KILL:when={n}")).ends();
            is_sound(t, change, done.code == 0, &format!("kill at {call} {n} of {total}"));
        }
    }
    t.git(["fsck", "--strict"]);
}

#[test]
fn a_change_that_begins_a_segment_of_the_trail_survives_kill_9() {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let t = stocked();
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "jsonl");
    let segments =
        || files_below(&t.file(".local/audit")).iter().filter(|path| is_segment(path)).count();
    // So full that the next line does not fit.
    let fill = "while [ $(stat -c %s ~/.authy/.local/audit/*/00000001.jsonl) -le 65160 ]; do \
        authy get target >/dev/null || exit; done";
    t.sh(fill).ok();
    assert_eq!(segments(), 1);
    t.sh("rm -rf ../pristine && mkdir ../pristine && cp -a ../home ../state ../pristine/").ok();
    traced(&t, &ROTATE, "trace=write").ok();
    assert_eq!(segments(), 2, "the change begins a segment");
    survives_kill_in(&t, &ROTATE);
}

#[test]
fn temporary_files_of_a_killed_change_do_not_pile_up() {
    let t = Sandbox::empty();
    if !strace_works(&t) {
        return;
    }
    let t = stocked();
    let total = count(&t, &ROTATE).get("fsync").copied().unwrap_or(0);
    for n in points(total) {
        traced(&t, &ROTATE, &format!("inject=fsync:signal=KILL:when={n}")).ends();
    }
    t.store([("after", "works")]);
    let left: Vec<_> = fs::read_dir(t.file("secrets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".age") && !name.ends_with(".toml"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    t.is_clean();
}
