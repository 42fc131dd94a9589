//! Writers, readers, an auditor and `sync` at once, and writers killed at any moment: what was
//! acknowledged is there, and what was not is there or not, never half.
//!
//! `AUTHY_FULL=1` works longer. Which moment a kill meets is chance; the ledger knows for every
//! name which values it may have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Sandbox, finish, signal};
use crate::score::{Score, full};

const WRITERS: usize = 4;

/// What one name may be: the value last acknowledged, or one whose writer was killed since.
#[derive(Default, Clone)]
struct Entry {
    told: Option<String>,
    maybe: BTreeSet<Option<String>>,
}

impl Entry {
    fn allows(&self, value: Option<&str>) -> bool {
        self.told.as_deref() == value || self.maybe.contains(&value.map(str::to_owned))
    }
}

struct Ledger {
    entries: BTreeMap<String, Entry>,
    /// How often each operation was acknowledged.
    told: BTreeMap<&'static str, usize>,
    killed: usize,
}

/// Does one thing to `name`; gives the exit code, `None` where it was killed on the way.
fn act(t: &Sandbox, words: &[&str], value: &str, kill_after: Option<Duration>) -> Option<i32> {
    let mut child = t.authy(words).spawn();
    let _ = child.stdin.take().unwrap().write_all(value.as_bytes());
    if let Some(moment) = kill_after {
        thread::sleep(moment);
        // It may have ended; then the signal goes to a process that is only waited for.
        signal(child.id(), Signal::KILL);
    }
    let code = finish(child);
    (code != 137).then_some(code)
}

fn write(t: &Sandbox, ledger: &Mutex<Ledger>, writer: usize, rounds: usize) {
    // The same choices in each run; which moment a kill meets is the machine's.
    let mut chance = writer as u64 * 0x9e37_79b9 + 1;
    let mut below = |limit: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % limit
    };
    for round in 0..rounds {
        let name = format!("w{writer}-{}", below(6));
        let entry = ledger.lock().unwrap().entries.get(&name).cloned().unwrap_or_default();
        let is_there = entry.told.is_some();
        let value = format!("value {round} of {writer}");
        let (op, words, next): (_, &[&str], _) = match (is_there, below(6)) {
            (false, _) => ("store", &["store", &name, "--force", "--raw"], Some(value.clone())),
            (true, 0) => ("remove", &["remove", &name], None),
            (true, _) => ("rotate", &["rotate", &name, "--raw"], Some(value.clone())),
        };
        let kill = (below(3) == 0).then(|| Duration::from_micros(below(60_000)));
        let done = act(t, words, &value, kill);
        let mut ledger = ledger.lock().unwrap();
        let entry = ledger.entries.entry(name.clone()).or_default();
        match done {
            Some(0) => {
                *entry = Entry { told: next, maybe: BTreeSet::new() };
                *ledger.told.entry(op).or_default() += 1;
            }
            // One that was killed before had its way after all.
            Some(3) if entry.maybe.contains(&None) => entry.told = None,
            // On a machine that is busy with other things the others kept the lock too long.
            Some(7) => {}
            Some(code) => panic!("{words:?} exits {code}"),
            None => {
                entry.maybe.insert(next);
                ledger.killed += 1;
            }
        }
    }
}

#[test]
fn what_was_acknowledged_survives_kills_and_company() {
    let t = Sandbox::new();
    t.store([("base", "steady")]);
    let origin = t.path("origin.git");
    t.program("git", ["init", "-q", "--bare", "-b", "main", origin.to_str().unwrap()]).ok();
    t.git(["remote", "add", "origin", origin.to_str().unwrap()]);
    t.git(["push", "-q", "-u", "origin", "main"]);
    let rounds = if full() { 150 } else { 10 };
    let ledger = Ledger { entries: BTreeMap::new(), told: BTreeMap::new(), killed: 0 };
    let (ledger, over) = (Mutex::new(ledger), AtomicBool::new(false));
    let begun = Instant::now();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                scope.spawn({
                    let (t, ledger) = (&t, &ledger);
                    move || write(t, ledger, n, rounds)
                })
            })
            .collect();
        let along = |words: &'static [&'static str], codes: &'static [i32]| {
            let (t, over) = (&t, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let done = t.authy(words).ends();
                    assert!(codes.contains(&done.code), "{done}");
                }
            });
        };
        along(&["get", "base"], &[0]);
        along(&["list", "--json"], &[0]);
        along(&["audit", "verify"], &[0]);
        along(&["sync"], &[0, 7]);
        let results: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        results.into_iter().for_each(|result| result.unwrap());
    });
    let ledger = ledger.into_inner().unwrap();
    println!("{} killed in {:?}: {:?}", ledger.killed, begun.elapsed(), ledger.told);
    all_is_there(&t, &ledger, &origin);
}

fn all_is_there(t: &Sandbox, ledger: &Ledger, origin: &Path) {
    let mut score = Score::new("soak: acknowledged and there, killed writers beside");
    score.point("check", || _ = t.authy(["check"]).ok());
    score.point("verify", || t.verifies());
    for (name, entry) in &ledger.entries {
        score.point(name, || {
            let get = t.authy(["get", name]).ends();
            assert!([0, 3].contains(&get.code), "{get}");
            let value = (get.code == 0).then(|| get.text());
            assert!(entry.allows(value.as_deref()), "{name} is {value:?}: {:?}", entry.told);
        });
    }
    let trail = t.trail();
    for (op, told) in &ledger.told {
        score.point(op, || {
            let lines = trail.iter().filter(|line| line["op"] == *op).count();
            assert!(lines >= *told, "{lines} lines of {told} {op}");
        });
    }
    score.point("sync", || {
        t.authy(["sync"]).ok();
        assert_eq!(t.head(), t.git_in(origin, ["rev-parse", "main"]));
        t.git(["fsck", "--strict"]);
        assert_eq!(t.git(["status", "--porcelain"]), "");
    });
    score.settle();
}
