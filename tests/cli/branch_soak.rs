//! Three people who work by requests: branches, the forge's three buttons and its revert, reads in
//! between, resets, stashes, detached commits. Nothing acknowledged is lost, no chain forks, and nobody
//! is accused who did nothing.
//!
//! `AUTHY_BRANCH_SOAK=300` works longer, `AUTHY_BRANCH_SOAK_SEED=N` repeats a run.

use std::collections::BTreeMap;
use std::fs;

use crate::forge::Button;
use crate::soak::{Dice, PEOPLE, number, three_people};
use crate::team::Team;

const NAMES: [&str; 4] = ["db-url", "db-key", "db-one", "db-two"];

struct Work {
    team: Team,
    dice: Dice,
    count: usize,
    /// Requests that wait, with the value that each gives.
    requests: Vec<Request>,
    /// What main has by now, as far as commands and the forge said so.
    main: BTreeMap<String, String>,
}

struct Request {
    who: &'static str,
    branch: String,
    name: String,
    value: String,
}

impl Work {
    fn new(seed: u64) -> Self {
        let team = three_people();
        let mut main = BTreeMap::new();
        for name in ["db-one", "db-two"] {
            team.of("alice", &["store", name]).stdin("begin").ok();
            main.insert(name.to_owned(), "begin".to_owned());
        }
        main.insert("db-url".to_owned(), "one".to_owned());
        main.insert("db-key".to_owned(), "two".to_owned());
        let work = Self { team, dice: Dice::new(seed), count: 0, requests: Vec::new(), main };
        PEOPLE.iter().chain(&PEOPLE).for_each(|who| work.sync(who));
        work
    }

    fn value(&mut self) -> String {
        self.count += 1;
        format!("value-{}", self.count)
    }

    fn sync(&self, who: &str) {
        self.team.of(who, &["sync"]).ok();
    }

    /// Each command says the truth about what is here: nothing is damaged that nobody damaged.
    fn is_accused_of_nothing(&self, who: &str) {
        self.team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
        self.team.of(who, &["check"]).ok();
    }

    fn step(&mut self) {
        let who = *self.dice.pick(&PEOPLE);
        let name = *self.dice.pick(&NAMES);
        match self.dice.below(14) {
            0..=2 => self.ask(who, name),
            3..=5 => self.press(),
            6 => self.change(who, name),
            7 => self.uncommit(who, name),
            8 => self.stash(who, name),
            9 => self.look_back(who),
            10 => _ = self.team.of(who, &["get", name]).ends(),
            11 => self.revert(who, name),
            12 => self.undo(who, name),
            _ => {
                self.sync(who);
                self.is_accused_of_nothing(who);
            }
        }
    }

    /// Asks for a change of a secret that no other request changes.
    fn ask(&mut self, who: &'static str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let (value, team) = (self.value(), &self.team);
        let branch = format!("request-{}", self.count);
        self.sync(who);
        team.git(who, ["switch", "-q", "-c", &branch]);
        team.of(who, &["get", name]).ok();
        team.of(who, &["rotate", name]).stdin(&value).ok();
        team.of(who, &["get", name]).ok().stdout_is(&value);
        team.git(who, ["push", "-q", "origin", &branch]);
        self.is_accused_of_nothing(who);
        team.git(who, ["switch", "-q", "main"]);
        team.of(who, &["get", name]).ok().stdout_is(&self.main[name]);
        self.is_accused_of_nothing(who);
        self.requests.push(Request { who, branch, name: name.to_owned(), value });
    }

    /// Takes a request, and has whoever asked come to rest.
    fn press(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let request = self.requests.remove(self.dice.below(self.requests.len()));
        let button = *self.dice.pick(&[Button::Merge, Button::Squash, Button::Rebase]);
        self.team.press(button, &request.branch);
        if self.dice.below(2) == 0 {
            self.team.git(request.who, ["branch", "-q", "-D", &request.branch]);
            self.team.hub(&["branch", "-q", "-D", &request.branch]);
            self.team.git(request.who, ["fetch", "-q", "--prune"]);
        }
        self.main.insert(request.name.clone(), request.value);
        let who = *self.dice.pick(&PEOPLE);
        self.sync(who);
        self.team.of(who, &["get", &request.name]).ok().stdout_is(&self.main[&request.name]);
        self.is_accused_of_nothing(who);
    }

    /// Changes main itself, past no request.
    fn change(&mut self, who: &str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let value = self.value();
        self.sync(who);
        self.team.of(who, &["rotate", name]).stdin(&value).ok();
        self.sync(who);
        self.main.insert(name.to_owned(), value);
        self.is_accused_of_nothing(who);
    }

    /// As `change`, and the commit is undone, but not what is in the files.
    fn uncommit(&mut self, who: &str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let value = self.value();
        self.sync(who);
        self.team.of(who, &["rotate", name]).stdin(&value).ok();
        let how = *self.dice.pick(&["--soft", "--mixed"]);
        self.team.git(who, ["reset", "-q", how, "HEAD~1"]);
        self.team.of(who, &["get", name]).ok().stdout_is(&value);
        self.sync(who);
        self.main.insert(name.to_owned(), value);
        self.is_accused_of_nothing(who);
    }

    /// As `change`, not committed at first, and away for a while.
    fn stash(&mut self, who: &str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let (value, team) = (self.value(), &self.team);
        self.sync(who);
        let lock = team.file(who, ".git/index.lock");
        fs::write(&lock, "").unwrap();
        team.of(who, &["rotate", name]).stdin(&value).ok().stderr_has("not committed");
        fs::remove_file(&lock).unwrap();
        team.git(who, ["stash", "-q", "-u"]);
        let other = NAMES.iter().find(|other| **other != name).unwrap();
        team.of(who, &["get", other]).ok();
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
        team.git(who, ["stash", "pop", "-q"]);
        team.of(who, &["get", name]).ok().stdout_is(&value);
        self.sync(who);
        self.main.insert(name.to_owned(), value);
        self.is_accused_of_nothing(who);
    }

    /// As `change`, and the forge's button takes the commit back; a restore makes one of the two count.
    fn revert(&mut self, who: &str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let value = self.value();
        let before = self.main[name].clone();
        self.sync(who);
        self.team.of(who, &["rotate", name]).stdin(&value).ok();
        self.sync(who);
        let record = format!("secrets/{name}.toml");
        let commit = self.team.git(who, ["log", "-1", "--format=%H", "--", &record]);
        self.team.revert(&commit);
        self.sync(who);
        let refused = self.team.of(who, &["get", name]).fails(5);
        let hint = String::from_utf8_lossy(&refused.stderr).into_owned();
        // The newer version first, then the older one.
        let versions: Vec<&str> = hint
            .split("--version ")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap())
            .collect();
        let nth = self.dice.below(2);
        self.team.of(who, &["restore", name, "--version", versions[nth]]).ok();
        let now = if nth == 0 { value } else { before };
        self.team.of(who, &["get", name]).ok().stdout_is(&now);
        self.sync(who);
        self.main.insert(name.to_owned(), now);
        self.is_accused_of_nothing(who);
    }

    /// As `change`, and taken back before or after it was sent.
    fn undo(&mut self, who: &str, name: &str) {
        if self.requests.iter().any(|request| request.name == name) {
            return;
        }
        let value = self.value();
        self.sync(who);
        self.team.of(who, &["rotate", name]).stdin(&value).ok();
        if self.dice.below(2) == 0 {
            self.sync(who);
        }
        self.team.of(who, &["undo"]).ok();
        self.team.of(who, &["get", name]).ok().stdout_is(&self.main[name]);
        self.sync(who);
        self.is_accused_of_nothing(who);
    }

    /// Looks at an older commit.
    fn look_back(&mut self, who: &str) {
        let back = format!("HEAD~{}", 1 + self.dice.below(2));
        self.team.git(who, ["checkout", "-q", &back]);
        self.team.of(who, &["get", "db-url"]).ok();
        self.is_accused_of_nothing(who);
        self.team.git(who, ["switch", "-q", "main"]);
        self.is_accused_of_nothing(who);
    }
}

#[test]
fn three_people_with_requests_lose_nothing_and_are_accused_of_nothing() {
    let steps = number("AUTHY_BRANCH_SOAK").unwrap_or(20);
    let seed = number("AUTHY_BRANCH_SOAK_SEED").unwrap_or(7);
    println!("AUTHY_BRANCH_SOAK={steps} AUTHY_BRANCH_SOAK_SEED={seed}");
    let mut work = Work::new(seed);
    (0..steps).for_each(|_| work.step());
    while !work.requests.is_empty() {
        work.press();
    }
    for _ in 0..2 {
        PEOPLE.iter().for_each(|who| work.sync(who));
    }
    let team = &work.team;
    let head = |who| team.git(who, ["rev-parse", "HEAD"]);
    for who in PEOPLE {
        work.sync(who);
        work.is_accused_of_nothing(who);
        assert_eq!(team.git(who, ["status", "--porcelain"]), "");
        for (name, value) in &work.main {
            team.of(who, &["get", name]).ok().stdout_is(value);
        }
    }
    PEOPLE.iter().for_each(|who| work.sync(who));
    for who in PEOPLE {
        work.sync(who);
        assert_eq!(head(who), head("carol"));
        // Nothing of what somebody wrote is missing, or told twice.
        let lines = format!("cat {}/.local/audit/*/*.jsonl", team.vault(who).display());
        let own = team.t.sh(&lines).ok().text();
        let files = team.git(who, ["ls-files", &format!("audit/{who}-*.jsonl")]);
        let published: String =
            files.lines().map(|file| fs::read_to_string(team.file(who, file)).unwrap()).collect();
        assert!(own.starts_with(&published), "{who}");
    }
}
