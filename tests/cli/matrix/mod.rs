//! The crash matrix: every command that changes something, killed before each system call that
//! changes a file, and refused each of them with the errors that a disk gives.
//!
//! Afterwards `check` is clean, everything has its old or its new state, chains verify, the
//! next change works, and nothing secret lies about. A few points of each are tried;
//! `AUTHY_FULL=1` tries all. Without strace they are left out.

mod full;
mod order;
mod points;
mod power;
mod world;

use std::collections::BTreeSet;

use self::order::mistakes;
use self::points::{Fault, TRACE, errors, kills};
use self::world::{CANARY, Facts, World};
use crate::harness::{AUTHY, Sandbox, strace_works};
use crate::outcome::Done;
use crate::score::{Score, full, settle, some};
use crate::vault::text;

/// One command, and how its work can be cut.
#[derive(Clone, Copy)]
struct Case {
    who: &'static str,
    words: &'static [&'static str],
    /// Runs before: what this command alone needs. Such a case comes last.
    before: &'static [&'static [&'static str]],
    /// Whether it is one transaction: all of it, or nothing.
    whole: bool,
}

const fn case(words: &'static [&'static str]) -> Case {
    Case { who: "alice", words, before: &[], whole: true }
}

const fn parts(words: &'static [&'static str]) -> Case {
    Case { whole: false, ..case(words) }
}

/// An import of so many that they are flushed at once and become one pack.
const BULK: Case = case(&["import", "bulk.env"]);

/// Every run of the command gives the same value, so that it is known.
const VALUE: &str = "canary-7c21-new";

struct Trial<'w> {
    world: &'w World,
    case: Case,
    old: Facts,
    new: Facts,
}

impl<'w> Trial<'w> {
    fn new(world: &'w World, case: Case) -> Self {
        world.reset();
        for words in case.before {
            world.call("alice", words, None).stdin(VALUE).ends();
        }
        if !case.before.is_empty() {
            world.keep();
        }
        let old = world.facts();
        world.reset();
        world.call(case.who, case.words, None).stdin(VALUE).ok();
        let new = world.facts();
        Self { world, case, old, new }
    }

    fn trace(&self) -> String {
        self.world.reset();
        self.world.call(self.case.who, self.case.words, Some(TRACE)).stdin(VALUE).ok();
        text(&self.world.team.t.path("strace.log"))
    }

    fn at(&self, fault: &Fault) {
        self.world.reset();
        let op = self.case.words[0];
        let reads = ["get", "env", "export", "run", "resolve"].contains(&op);
        let before = if reads { self.world.recorded(op) } else { 0 };
        let done = self.world.call(self.case.who, self.case.words, Some(&fault.0));
        self.judge(&done.stdin(VALUE).ends(), before);
    }

    /// Whether the world is sound after the command ended like this; `before`: how often it
    /// had been recorded.
    fn judge(&self, done: &Done, before: usize) {
        let op = self.case.words[0];
        assert!(done.code != 101, "it panicked\n{done}");
        assert!(done.code < 128 || done.code == 137, "it crashed\n{done}");
        if done.text().contains(CANARY) {
            let recorded = self.world.recorded(op);
            assert!(recorded > before, "a value left before its audit line\n{done}");
        }
        assert!(!done.messages().contains(CANARY), "a message has a value");
        self.is_old_or_new(done);
        self.world.is_sound();
    }

    fn is_old_or_new(&self, done: &Done) {
        let now = self.world.facts();
        if done.code == 0 {
            assert!(now == self.new, "it said done\n{}\n{done}", differences(&now, &self.new));
        } else if self.case.whole {
            let is_one = now == self.old || now == self.new;
            assert!(is_one, "half done\n{}\n{done}", differences(&now, &self.new));
        } else {
            for name in now.keys().chain(self.old.keys()).collect::<BTreeSet<_>>() {
                let known = [self.old.get(name), self.new.get(name)];
                assert!(known.contains(&now.get(name)), "{name} is {:?}\n{done}", now.get(name));
            }
        }
    }
}

fn differences(now: &Facts, new: &Facts) -> String {
    let names: BTreeSet<_> = now.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter(|name| now.get(*name) != new.get(*name));
    differing
        .map(|name| format!("{name}: {:?}, not {:?}\n", now.get(name), new.get(name)))
        .collect()
}

/// `few` of the faults, spread over the work, or all with `AUTHY_FULL`; with
/// `AUTHY_FAULT=openat:error=EMFILE` those that have these words, to see them again.
fn chosen(mut faults: Vec<Fault>, few: usize) -> Vec<Fault> {
    if let Ok(words) = std::env::var("AUTHY_FAULT") {
        faults.retain(|fault| fault.0.contains(&words));
        return faults;
    }
    let part = faults.len() / (few + 1);
    if full() || part == 0 {
        return faults;
    }
    (1..=few).map(|at| faults[at * part].clone()).collect()
}

/// Tries the points of these commands.
fn tried(title: &str, cases: &[Case]) {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let [mut killed, mut refused, mut ordered] = [0; 3].map(|_| Score::new(title));
    let world = World::new();
    let t = &world.team.t;
    for case in cases {
        let trial = Trial::new(&world, *case);
        let trace = trial.trace();
        let places = [t.vault(), t.path("state")].map(|path| path.display().to_string());
        ordered.point(&format!("{:?}", case.words), || {
            assert_eq!(mistakes(&trace, [&places[0], &places[1]]), [""; 0]);
        });
        for fault in chosen(kills(&trace), 2) {
            killed.point(&format!("{:?} {}", case.words, fault.0), || trial.at(&fault));
        }
        for fault in chosen(errors(&trace), 1) {
            refused.point(&format!("{:?} {}", case.words, fault.0), || trial.at(&fault));
        }
    }
    settle(&[
        killed.named(&format!("{title}: killed at a system call")),
        refused.named(&format!("{title}: a system call fails")),
        ordered.named(&format!("{title}: order of flushes and renames")),
    ]);
}

#[test]
fn storing() {
    tried(
        "store, import",
        &[
            case(&["store", "fresh"]),
            case(&["store", "target", "--force"]),
            case(&["import", "new.env"]),
        ],
    );
}

#[test]
fn storing_many() {
    tried("import of many", &[BULK]);
}

#[test]
fn changing() {
    tried(
        "rotate, edit, annotate, restore",
        &[
            case(&["rotate", "target"]),
            case(&["edit", "target"]),
            case(&["annotate", "target", "--tag", "db", "--description", "d"]),
            case(&["restore", "target", "--version", "1"]),
        ],
    );
}

#[test]
fn moving() {
    tried("rename, remove", &[case(&["rename", "target", "moved"]), case(&["remove", "target"])]);
}

#[test]
fn policies() {
    tried(
        "policy, config",
        &[
            case(&["policy", "create", "new", "--allow", "db-*"]),
            case(&["policy", "update", "backend", "--deny", "db-key"]),
            case(&["policy", "remove", "spare"]),
            case(&["config", "set", "agents", "allow"]),
        ],
    );
}

#[test]
fn sessions() {
    tried(
        "session",
        &[
            case(&["session", "create", "--scope", "backend"]),
            case(&["session", "create", "--scope", "backend", "--shared"]),
            case(&["session", "refresh"]),
            case(&["session", "revoke", "{local}"]),
            parts(&["session", "revoke", "{shared}"]),
            parts(&["session", "revoke-all"]),
        ],
    );
}

#[test]
fn members() {
    // Another key to sign with, and with it another set of admins.
    const FEWER: Case = Case {
        before: &[&["member", "update", "alice", "--recipient", "{dave}"]],
        ..parts(&["member", "update", "alice", "--remove-recipient", "{dave}"])
    };
    tried(
        "member, approve, join",
        &[
            case(&["member", "add", "dave", "--recipient", "{dave}", "--group", "backend"]),
            parts(&["member", "remove", "bob"]),
            parts(&["approve", "carol", "--yes"]),
            parts(&["member", "update", "alice", "--recipient", "{dave}", "--group", "ops"]),
            FEWER,
        ],
    );
}

#[test]
fn encrypting_anew() {
    tried("rekey", &[parts(&["rekey"])]);
}

#[test]
fn exchanging() {
    const CONFLICT: Case = Case {
        before: &[&["rotate", "db-key"], &["sync"]],
        ..parts(&["conflict", "take", "ours", "db-key"])
    };
    // Git's own programs are at work here, and which of their calls is met changes with each
    // run.
    tried("sync, conflict", &[parts(&["sync"]), CONFLICT]);
}

#[test]
fn reading() {
    tried(
        "get, export, run, resolve",
        &[
            case(&["get", "target"]),
            case(&["export", "--scope", "all"]),
            case(&["run", "--scope", "all", "--", "printenv", "target"]),
            case(&["resolve", "template", "-o", "out"]),
        ],
    );
}

#[test]
fn trusting() {
    const DENY: Case = Case { before: &[&["allow", "--yes"]], ..case(&["deny"]) };
    tried("allow, deny", &[case(&["allow", "--yes"]), DENY]);
}

#[test]
fn founding() {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let t = Sandbox::in_memory();
    let log = t.path("strace.log");
    let init = |how: &str| {
        t.sh("rm -rf ../home ../state && mkdir ../home").ok();
        let words = ["-f", "-y", "-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY];
        t.program("strace", words.into_iter().chain(["init", "--member", "alice"])).ends()
    };
    init(TRACE).code_is(0);
    let trace = text(&log);
    let mut score = Score::new("init: killed, or a system call fails");
    for fault in some(&kills(&trace), 3).into_iter().chain(some(&errors(&trace), 3)) {
        score.point(&fault.0, || {
            let done = init(&fault.0);
            // The second attempt finishes the work, or finds it done.
            let again = t.authy(["init", "--member", "alice"]).ends();
            assert!([0, 7].contains(&again.code), "{done}\n{again}");
            assert!(done.code != 0 || again.code == 7, "{done}\n{again}");
            t.store([("a", "1")]);
            t.holds("a", "1");
            t.authy(["check"]).ok();
            t.verifies();
            assert_eq!(t.git(["status", "--porcelain", "--", "secrets", "members", "admins"]), "");
        });
    }
    score.settle();
}
