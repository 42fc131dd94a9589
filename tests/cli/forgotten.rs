//! What waits for a commit is told from the files: no reset, stash or lost note makes it forgotten,
//! and no message claims what its commit does not hold.

use std::fs;

use crate::harness::Sandbox;
use crate::team::Team;

/// The newest commit's message.
fn message(team: &Team, who: &str) -> String {
    team.git(who, ["log", "-1", "--format=%B"])
}

/// Asserts that the rotation of `db-url` is named, committed by `sync`, and reaches bob.
fn is_found_and_sent(team: &Team) {
    let found = team.of("alice", &["check", "--strict"]).ends().code_is(1);
    found.stdout_has("secrets/db-url.toml: no commit has it").stdout_has("authy sync");
    let synced = team.of("alice", &["sync"]).ok();
    synced.stderr_has("committing what no commit had: db-url");
    team.of("alice", &["check", "--strict"]).ok();
    team.of("bob", &["sync"]).ok();
    for who in ["alice", "bob"] {
        team.holds(who, "db-url", "new");
        team.of(who, &["check", "--strict"]).ok();
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    }
}

#[test]
fn a_rotation_whose_commit_was_taken_back_is_committed_by_sync() {
    for words in [["reset", "-q", "--soft", "HEAD~1"], ["reset", "-q", "--mixed", "HEAD~1"]] {
        let team = Team::with_bob();
        team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
        team.git("alice", words);
        is_found_and_sent(&team);
    }
}

#[test]
fn a_rotation_that_waited_in_a_lost_note_is_committed_by_sync() {
    let team = Team::with_bob();
    let lock = team.file("alice", ".git/index.lock");
    fs::write(&lock, "").unwrap();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    fs::remove_file(&lock).unwrap();
    fs::remove_file(team.file("alice", ".local/pending")).unwrap();
    is_found_and_sent(&team);
}

#[test]
fn a_removal_and_a_new_policy_are_found_too() {
    let team = Team::with_bob();
    team.of("alice", &["remove", "db-key"]).ok();
    team.of("alice", &["policy", "create", "ci", "--allow", "ci-*"]).ok();
    team.git("alice", ["reset", "-q", "HEAD~2"]);
    team.of("alice", &["check"]).ok().stdout_has("secrets/db-key.toml: no commit has it");
    let synced = team.of("alice", &["sync"]).ok();
    synced.stderr_has("db-key").stderr_has("policies/ci.toml");
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["get", "db-key"]).fails(3);
    team.of("bob", &["policy", "show", "ci"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn an_old_value_that_was_put_back_by_hand_is_not_committed() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.git(
        "alice",
        ["checkout", "-q", "HEAD~1", "--", "secrets/db-url.age", "secrets/db-url.toml"],
    );
    team.of("alice", &["sync"]).ok().stderr_lacks("committing what no commit had");
    team.git("alice", ["checkout", "-q", "HEAD", "--", "secrets"]);
    team.holds("alice", "db-url", "new");
    // Nor one that bob took away.
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["remove", "db-key"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.git(
        "alice",
        ["checkout", "-q", "HEAD~2", "--", "secrets/db-key.age", "secrets/db-key.toml"],
    );
    team.of("alice", &["sync"]).ok().stderr_lacks("committing what no commit had");
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["get", "db-key"]).fails(3);
}

#[test]
fn what_somebody_committed_by_hand_is_claimed_by_no_later_message() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let lock = t.file(".git/index.lock");
    fs::write(&lock, "").unwrap();
    t.authy(["rotate", "a"]).stdin("2").ok();
    fs::remove_file(&lock).unwrap();
    t.git(["add", "-A"]);
    t.git(["commit", "-q", "-m", "By hand"]);
    t.store([("b", "1")]);
    let message = t.git(["log", "-1", "--format=%B"]);
    assert!(!message.contains("Rotate a"), "{message}");
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_vault_that_its_user_commits_is_left_to_them() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["config", "set", "commit", "manual"]).ok();
    t.authy(["rotate", "a"]).stdin("2").ok();
    t.authy(["check"]).ok().stdout_lacks("no commit has it");
}

#[test]
fn a_commit_says_what_was_left() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.git("alice", ["reset", "-q", "HEAD~1"]);
    team.of("alice", &["sync"]).ok();
    assert!(message(&team, "alice").starts_with("Commit db-url, left uncommitted"));
}
