//! Three clones, three people, a remote: random work in all of them, synced in random order.
//!
//! `AUTHY_SOAK=300` works longer, `AUTHY_SOAK_SEED=N` repeats a run; both are printed when it
//! fails.

use std::collections::{BTreeMap, BTreeSet};

use crate::skipped::needs;
use crate::team::Team;

pub(crate) const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// xorshift64*: a test that fails is to be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % limit
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// alice, and bob and carol in @backend; everybody is in sync.
pub(crate) fn three_people() -> Team {
    let team = Team::with_bob();
    team.clone_for("carol");
    team.of("carol", &["join", "--name", "carol", "--group", "backend"]).ok();
    team.of("carol", &["sync"]).ok();
    for (who, words) in [
        ("alice", &["sync"][..]),
        ("alice", &["approve", "carol", "--yes"]),
        ("alice", &["sync"]),
        ("carol", &["sync"]),
        ("bob", &["sync"]),
    ] {
        team.of(who, words).ok();
    }
    team
}

/// A number that a variable gives.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

struct Soak {
    team: Team,
    dice: Dice,
    /// Every value that a command said it wrote.
    written: BTreeSet<String>,
    count: usize,
}

impl Soak {
    fn new(seed: u64) -> Self {
        Self { team: three_people(), dice: Dice::new(seed), written: BTreeSet::new(), count: 0 }
    }

    fn names(&self, who: &str) -> Vec<String> {
        let listed = self.team.of(who, &["list"]).ok().lines();
        listed.into_iter().filter(|name| name.starts_with("db-")).collect()
    }

    fn write(&mut self, who: &str, words: &[&str]) {
        self.count += 1;
        let value = format!("value-{}-of-{who}", self.count);
        let done = self.team.of(who, words).stdin(&value).ends();
        match done.code {
            0 => _ = self.written.insert(value),
            // Somebody else stored it before, or the policy denies it now.
            4 | 7 => {}
            _ => panic!("{done}"),
        }
    }

    /// A name that nobody had before; or one of those that several people come upon, and that
    /// are not given up: a secret that looks like one which was removed here is refused.
    fn new_name(&mut self) -> String {
        self.count += 1;
        match self.dice.below(4) {
            0 => format!("db-both-{}", self.count / 8),
            _ => format!("db-{}", self.count),
        }
    }

    /// Runs what the rules may forbid by now, or what may change nothing.
    fn may(&self, who: &str, words: &[&str]) {
        let done = self.team.of(who, words).ends();
        assert!([0, 2, 4, 7].contains(&done.code), "{done}");
    }

    fn step(&mut self) {
        let who = *self.dice.pick(&PEOPLE);
        let names = self.names(who);
        let some = (!names.is_empty()).then(|| self.dice.pick(&names).clone());
        match (self.dice.below(20), some) {
            (0..=3, _) | (_, None) => {
                let name = self.new_name();
                self.write(who, &["store", &name]);
            }
            (4..=8, Some(name)) => self.write(who, &["rotate", &name]),
            (9 | 10, Some(name)) if name.starts_with("db-both") => {}
            (9, Some(name)) => self.may(who, &["remove", &name]),
            (10, Some(name)) => {
                self.count += 1;
                let new = format!("db-{}", self.count);
                self.may(who, &["rename", &name, &new]);
            }
            (11, Some(name)) => self.may(who, &["get", &name]),
            (12, Some(_)) => _ = self.team.of("alice", &["rekey"]).ok(),
            (13, Some(_)) => {
                let deny = ["--deny", "--remove-deny"];
                let deny = *self.dice.pick(&deny);
                self.may("alice", &["policy", "update", "backend", deny, "db-*7"]);
            }
            (_, Some(_)) => self.sync(who),
        }
    }

    fn sync(&mut self, who: &str) {
        for _ in 0..5 {
            let done = self.team.of(who, &["sync"]).ends();
            match done.code {
                0 => return,
                7 => {}
                _ => {
                    let graph = ["log", "--graph", "--oneline", "--all", "-n", "60"];
                    println!("{who}\n{}", self.team.git(who, graph));
                    let changed = ["diff", "--stat", "origin/main...HEAD"];
                    println!("{}", self.team.git(who, changed));
                    let changed = ["diff", "--stat", "HEAD...origin/main"];
                    panic!("{}\n{done}", self.team.git(who, changed))
                }
            }
            let conflicts = self.team.of(who, &["conflict", "list", "--json"]).ok().json();
            for conflict in conflicts.as_array().unwrap() {
                let name = conflict["name"].as_str().unwrap();
                let side = *self.dice.pick(&["ours", "theirs"]);
                let done = self.team.of(who, &["conflict", "take", side, name]).ends();
                if done.code != 0 {
                    // A name that the policy denies meanwhile is the admin's to decide.
                    let other = if side == "ours" { "theirs" } else { "ours" };
                    let done = self.team.of(who, &["conflict", "take", other, name]).ends();
                    assert!([0, 4].contains(&done.code), "{done}");
                }
            }
        }
    }

    /// Every value that any commit of alice's branch has, opened by the age program.
    fn remembered(&self) -> BTreeSet<String> {
        let key = self.team.t.home().join(".authy/keys/master.key");
        let objects = self.team.git("alice", ["rev-list", "--objects", "HEAD"]);
        let blobs = objects.lines().filter_map(|line| line.split_once(' '));
        let blobs =
            blobs.filter(|(_, path)| path.starts_with("secrets/") && path.ends_with(".age"));
        let open = |(id, _): (&str, &str)| {
            let script = "git -C \"$1\" cat-file blob \"$2\" | age -d -i \"$3\"";
            let vault = self.team.vault("alice");
            let words = ["-c", script, "sh", vault.to_str().unwrap(), id, key.to_str().unwrap()];
            self.team.t.program("sh", words).ok().text()
        };
        blobs.map(open).collect()
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            PEOPLE.iter().for_each(|who| self.sync(who));
        }
        self.team.of("alice", &["rekey"]).ok();
        for who in ["alice", "bob", "carol", "alice"] {
            self.sync(who);
        }
        PEOPLE.iter().for_each(|who| self.sync(who));
    }
}

#[test]
fn three_clones_lose_nothing() {
    if !needs(["age"]) {
        return;
    }
    let steps = number("AUTHY_SOAK").unwrap_or(60);
    let seed = number("AUTHY_SOAK_SEED").unwrap_or(11);
    println!("AUTHY_SOAK={steps} AUTHY_SOAK_SEED={seed}");
    let mut soak = Soak::new(seed);
    (0..steps).for_each(|_| soak.step());
    soak.settle();
    let lost: Vec<_> = soak.written.difference(&soak.remembered()).cloned().collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let team = &soak.team;
    let head = |who| team.git(who, ["rev-parse", "HEAD"]);
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for who in PEOPLE {
        assert_eq!(head(who), head("alice"));
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
        team.of(who, &["check"]).ok();
        for name in soak.names(who) {
            let done = team.of(who, &["get", &name]).ends();
            match done.code {
                0 => _ = values.entry(name).or_default().insert(done.text()),
                _ => assert!(name.ends_with('7') && done.code == 4, "{done}"),
            }
        }
    }
    let differing: Vec<_> = values.iter().filter(|(_, values)| values.len() != 1).collect();
    assert!(differing.is_empty(), "{differing:?}");
}
