//! The trail in two places: a clone's own chain whole in `.local/audit`, and in the repository what
//! commits published of it. Nothing that git does loses a line, forks a chain, or gives a conflict.

use std::fs;
use std::path::PathBuf;

use crate::forge::Button;
use crate::harness::Sandbox;
use crate::team::Team;
use crate::vault::{chain_of, files_below, text};

fn in_order(team: &Team, who: &str) {
    team.of(who, &["sync"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    team.of(who, &["check", "--strict"]).ok();
    assert_eq!(team.git(who, ["status", "--porcelain"]), "");
}

/// Somebody's own lines, as they wrote them.
fn own(team: &Team, who: &str) -> String {
    let lines = files_below(&team.file(who, ".local/audit"));
    let is_segment = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "jsonl");
    lines.iter().filter(is_segment).map(|path| text(path)).collect()
}

/// What main has of somebody's lines there.
fn published(team: &Team, who: &str) -> String {
    let files = team.hub(&["ls-tree", "-r", "--name-only", "main", "audit"]);
    let is_his = |file: &&str| file.contains(&format!("/{who}-")) && file.ends_with(".jsonl");
    let files = files.lines().filter(is_his);
    files.map(|file| team.hub(&["show", &format!("main:{file}")]) + "\n").collect()
}

#[test]
fn reading_leaves_the_work_tree_as_it_is() {
    let t = Sandbox::new();
    t.store([("db-url", "one")]);
    t.policy("backend", ["db-*"]);
    t.authy(["get", "db-url"]).ok();
    t.authy(["run", "--scope", "backend", "--", "true"]).ok();
    t.authy(["list", "--scope", "backend"]).ok();
    let token = t.authy(["session", "create", "--scope", "backend"]).ok().text();
    t.authy(["get", "db-url"]).env("AUTHY_TOKEN", token.trim()).ok();
    t.is_clean();
    t.authy(["get", "no-such"]).fails(3);
    t.is_clean();
    // What was read is published with the next change.
    t.store([("db-key", "two")]);
    t.is_clean();
    let files = t.git(["ls-files", "audit"]);
    assert!(files.contains("audit/s-"), "{files}");
    t.verifies();
}

#[test]
fn one_person_with_two_requests_has_no_conflict_and_loses_no_line() {
    for button in [Button::Merge, Button::Squash, Button::Rebase] {
        let team = Team::with_bob();
        in_order(&team, "bob");
        for (branch, name) in [("pr-a", "db-url"), ("pr-b", "db-key")] {
            team.git("bob", ["switch", "-q", "main"]);
            team.git("bob", ["switch", "-q", "-c", branch]);
            team.of("bob", &["list"]).ok();
            team.of("bob", &["rotate", name]).stdin(branch).ok();
            team.of("bob", &["get", name]).ok();
            team.git("bob", ["push", "-q", "origin", branch]);
        }
        team.press(button, "pr-a");
        team.press(button, "pr-b");
        team.git("bob", ["switch", "-q", "main"]);
        for who in ["bob", "alice", "bob"] {
            in_order(&team, who);
        }
        for who in ["alice", "bob"] {
            team.holds(who, "db-url", "pr-a");
            team.holds(who, "db-key", "pr-b");
        }
        in_order(&team, "bob");
        assert_eq!(published(&team, "bob"), own(&team, "bob"), "{button:?}");
    }
}

#[test]
fn a_squash_of_the_own_main_and_a_read_do_not_stop_sync() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("new").ok();
    team.git("bob", ["push", "-q", "origin", "HEAD:refs/heads/pr"]);
    team.press(Button::Squash, "pr");
    team.of("bob", &["get", "db-url"]).ok();
    for who in ["bob", "alice"] {
        in_order(&team, who);
        team.holds(who, "db-url", "new");
    }
}

#[test]
fn whatever_git_does_to_the_work_tree_no_line_is_lost() {
    let team = Team::with_bob();
    let lines = || own(&team, "alice").lines().count();
    let start = team.git("alice", ["rev-parse", "HEAD"]);
    for words in [
        ["stash", "-q", "-u"],
        ["checkout", "-q", "HEAD~1"],
        ["switch", "-q", "main"],
        ["clean", "-q", "-fd"],
        ["reset", "-q", "HEAD~1"],
        ["reset", "-q", "--hard"],
        ["reset", "-q", &start],
        ["reset", "-q", "--hard"],
    ] {
        team.of("alice", &["list"]).ok();
        team.of("alice", &["get", "no-such"]).fails(3);
        let before = lines();
        team.t.program("git", words).dir(team.vault("alice")).ends();
        assert_eq!(lines(), before, "{words:?}");
        team.of("alice", &["audit", "verify"]).ends();
    }
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    in_order(&team, "alice");
    in_order(&team, "bob");
    assert_eq!(published(&team, "alice"), own(&team, "alice"));
}

#[test]
fn a_commit_that_waits_leaves_nothing_in_the_way_of_git() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("new").ok();
    team.git("bob", ["switch", "-q", "-c", "side"]);
    let lock = team.file("bob", ".git/index.lock");
    fs::write(&lock, "").unwrap();
    team.of("bob", &["rotate", "db-key"]).stdin("late").ok().stderr_has("not committed");
    fs::remove_file(&lock).unwrap();
    let status = team.git("bob", ["status", "--porcelain"]);
    assert!(!status.contains("audit/"), "{status}");
    team.of("bob", &["check", "--repair"]).ok();
    in_order_alone(&team, "bob");
    team.git("bob", ["switch", "-q", "main"]);
    in_order_alone(&team, "bob");
}

fn in_order_alone(team: &Team, who: &str) {
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    assert_eq!(team.git(who, ["status", "--porcelain"]), "");
}

#[test]
fn what_is_published_is_held_against_what_was_written() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    for who in ["alice", "bob"] {
        in_order(&team, who);
    }
    let inside = team.git("alice", ["ls-files", "audit/alice-*.jsonl"]);
    let file = |who: &str| team.file(who, inside.lines().nth(2).unwrap());
    let good = text(&file("alice"));
    for who in ["alice", "bob"] {
        fs::write(file(who), good.replacen("granted", "denied", 1)).unwrap();
        let found = team.of(who, &["--json", "audit", "verify"]).fails(5).says("damaged");
        // Whoever lacks the key sees that the next line does not follow.
        let number = if who == "alice" { 2 } else { 3 };
        found.says(inside.lines().nth(number).unwrap());
        fs::write(file(who), &good).unwrap();
        team.of(who, &["audit", "verify"]).ok();
    }
    // A line under a number that nobody wrote yet.
    let extra = file("alice").with_file_name("00000099.jsonl");
    fs::write(&extra, &good).unwrap();
    team.of("alice", &["--json", "audit", "verify"]).fails(5).says("00000099.jsonl");
    fs::remove_file(&extra).unwrap();
    // Who wrote them has them anyway; for the others they are missing.
    let first = |who: &str| team.file(who, inside.lines().next().unwrap());
    for who in ["alice", "bob"] {
        fs::remove_file(first(who)).unwrap();
    }
    team.of("alice", &["audit", "verify"]).ok();
    team.of("bob", &["audit", "verify"]).fails(5).says("is in the last commit and missing here");
    team.of("alice", &["audit", "show"]).ok().stdout_has("init");
}

#[test]
fn a_clone_that_lost_its_own_lines_begins_a_new_chain_and_says_so() {
    let t = Sandbox::new();
    t.store([("db-url", "one")]);
    t.authy(["get", "db-url"]).ok();
    t.verifies();
    let old = chain_of(&t.only_file(".local/audit", ".jsonl")).to_owned();
    fs::remove_dir_all(t.file(".local/audit")).unwrap();
    t.authy(["get", "db-url"]).ok().stderr_has(&old).stderr_has("new chain");
    t.authy(["get", "db-url"]).ok().stderr_lacks("new chain");
    let new = chain_of(&t.only_file(".local/audit", ".jsonl")).to_owned();
    assert_ne!(new, old);
    // The read was never published, and was verified here.
    t.authy(["audit", "verify"]).fails(5).says(&old).says("it is gone");
    t.store([("db-key", "two")]);
    t.is_clean();
}

/// Makes the vault one of the layout before: the chain in segments in the work tree.
fn as_before(t: &Sandbox) -> String {
    let chain = chain_of(&t.only_file(".local/audit", ".jsonl")).to_owned();
    let script = format!(
        "cd ~/.authy && git rm -rqf audit/{chain} && mkdir -p audit/{chain} && \
         mv .local/audit/{chain}/*.jsonl audit/{chain}/ && rm -r .local/audit .local/committed && \
         head -n 3 audit/{chain}/00000001.jsonl >part && cp audit/{chain}/00000001.jsonl whole && \
         mv part audit/{chain}/00000001.jsonl && git add audit && git commit -qm before && \
         mv whole audit/{chain}/00000001.jsonl"
    );
    t.sh(&script).ok();
    chain
}

#[test]
fn a_chain_that_was_written_in_the_work_tree_goes_on_where_it_ended() {
    let t = Sandbox::new();
    t.store([("db-url", "one")]);
    t.authy(["get", "db-url"]).ok();
    t.authy(["get", "db-url"]).ok();
    let lines = text(&t.only_file(".local/audit", ".jsonl")).lines().count();
    let chain = as_before(&t);
    t.authy(["get", "db-url"]).ok();
    assert_eq!(chain_of(&t.only_file(".local/audit", ".jsonl")), chain);
    assert_eq!(text(&t.only_file(".local/audit", ".jsonl")).lines().count(), lines + 1);
    t.verifies();
    t.store([("db-key", "two")]);
    t.is_clean();
    t.verifies();
    // Nobody writes into the segment any more, and a branch that has less of it gets the rest.
    let segment = format!("audit/{chain}/00000001.jsonl");
    assert_eq!(text(&t.file(&segment)).lines().count(), lines);
    let before = t.git(["log", "--format=%H", "--grep=before"]);
    t.git(["switch", "-q", "-c", "old", &before]);
    t.store([("db-other", "three")]);
    t.is_clean();
    assert_eq!(text(&t.file(&segment)).lines().count(), lines);
    t.git(["merge", "-q", "--no-edit", "main"]);
    t.verifies();
    let clone = t.path("clone");
    t.program("git", ["clone", "-q", t.vault().to_str().unwrap(), clone.to_str().unwrap()]).ok();
    let seen = t.authy(["--vault", clone.to_str().unwrap(), "audit", "verify"]);
    seen.env("XDG_STATE_HOME", t.path("other-state")).ok().stdout_has(&chain);
}
