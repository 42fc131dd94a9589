//! What a sparse checkout hides, or somebody deleted, is missing and not removed: no change goes by
//! its absence, and each refusal names the line that brings it back.

use std::fs;
use std::path::PathBuf;

use crate::harness::Sandbox;
use crate::outcome::Done;
use crate::team::Team;
use crate::vault::text;

/// The line in a refusal that brings everything back.
fn way_back(done: &Done) -> String {
    let said = String::from_utf8(done.stderr.clone()).unwrap();
    let line = said.lines().find(|line| line.contains("bring it back: "));
    let line = line.unwrap_or_else(|| panic!("no way back in: {said}"));
    line.split("bring it back: ").nth(1).unwrap().to_owned()
}

fn refused(team: &Team, who: &str, words: &[&str], about: &str) -> String {
    let done = team.of(who, words).stdin("new").ends().code_is(5);
    way_back(&done.stderr_has(about).stderr_has("missing here"))
}

/// The readers that the record of `db-url` names.
fn readers(team: &Team, who: &str) -> String {
    let record = text(&team.file(who, "secrets/db-url.toml"));
    let (_, list) = record.split_once("readers = [").unwrap();
    list.split_once(']').unwrap().0.to_owned()
}

/// The file with somebody's own lines.
fn own(team: &Team, who: &str) -> PathBuf {
    let all = team.t.sh(&format!("ls {}/.local/audit/*/*.jsonl", team.vault(who).display()));
    PathBuf::from(all.ok().text().trim())
}

#[test]
fn in_a_sparse_checkout_nobody_loses_access_and_no_chain_is_begun_anew() {
    let team = Team::with_bob();
    let before = (readers(&team, "alice"), team.git("alice", ["rev-parse", "HEAD"]));
    assert!(before.0.contains("bob"));
    team.git("alice", ["sparse-checkout", "set", "secrets"]);
    for words in [
        ["rotate", "db-url"].as_slice(),
        &["store", "another"],
        &["rekey"],
        &["policy", "update", "backend", "--allow", "x"],
        &["sync"],
    ] {
        let way = refused(&team, "alice", words, "in the last commit");
        assert!(way.ends_with("sparse-checkout disable"), "{way}");
    }
    assert_eq!(team.git("alice", ["rev-parse", "HEAD"]), before.1);
    let way = refused(&team, "alice", &["check"], "in the last commit");
    team.t.sh(&way).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    assert_eq!(readers(&team, "alice"), before.0);
    team.send("alice", "bob");
    team.holds("bob", "db-url", "new");
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn a_member_that_was_deleted_keeps_access() {
    let team = Team::with_bob();
    let before = readers(&team, "alice");
    fs::remove_file(team.file("alice", "members/bob.toml")).unwrap();
    let way = refused(&team, "alice", &["rotate", "db-url"], "members/bob.toml");
    assert!(way.ends_with("checkout HEAD -- members/bob.toml"), "{way}");
    // Also where git was told so.
    team.git("alice", ["rm", "-q", "members/bob.toml"]);
    refused(&team, "alice", &["rotate", "db-url"], "members/bob.toml");
    // Reading goes on, and the finding says what to do first.
    team.of("alice", &["get", "db-url"]).ok();
    let found = team.of("alice", &["check"]).ends().code_is(5);
    found.stdout_has("members/bob.toml: it is in the last commit").stdout_lacks("authy rekey");
    team.t.sh(&way).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    assert_eq!(readers(&team, "alice"), before);
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn whoever_is_hidden_is_told_so_and_not_that_he_is_no_member() {
    let team = Team::with_bob();
    team.git("bob", ["sparse-checkout", "set", "--no-cone", "/*", "!/members"]);
    let way = refused(&team, "bob", &["get", "db-url"], "members/");
    assert!(way.ends_with("sparse-checkout disable"), "{way}");
    team.t.sh(&way).ok();
    // Also where others are left, who are in force or are not without them.
    for file in ["members/bob.toml", "members/alice.toml"] {
        fs::remove_file(team.file("bob", file)).unwrap();
        let way = refused(&team, "bob", &["get", "db-url"], "members/");
        team.t.sh(&way).ok();
    }
    team.of("bob", &["get", "db-url"]).ok();
}

#[test]
fn a_trail_that_was_deleted_is_not_begun_anew() {
    let team = Team::with_bob();
    let before = text(&own(&team, "alice"));
    fs::remove_dir_all(team.file("alice", "audit")).unwrap();
    // What was written here is kept elsewhere, and a commit takes nothing away.
    team.of("alice", &["get", "db-url"]).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    assert!(text(&own(&team, "alice")).starts_with(&before));
    let way = refused(&team, "alice", &["sync"], "audit/alice-");
    assert!(way.contains("checkout HEAD -- audit"), "{way}");
    team.t.sh(&way).ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
    team.pull("bob");
    team.of("bob", &["audit", "verify"]).ok().stdout_lacks("damaged");
}

#[test]
fn a_secret_that_was_deleted_is_not_stored_anew_but_one_that_was_removed_is() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    for file in ["secrets/a.age", "secrets/a.toml"] {
        fs::remove_file(t.file(file)).unwrap();
    }
    let done = t.authy(["store", "a"]).stdin("3").ends().code_is(5).stderr_has("secrets/a.");
    t.authy(["get", "a"]).fails(5).stderr_has("'secrets/a.age' is in the last commit");
    t.sh(&way_back(&done)).ok();
    t.holds("a", "1");
    // Half of one, too.
    fs::remove_file(t.file("secrets/a.age")).unwrap();
    t.authy(["rotate", "a"]).stdin("3").ends().code_is(5);
    t.git(["checkout", "-q", "--", "secrets"]);
    // A removal whose commit waits is one.
    let lock = t.file(".git/index.lock");
    fs::write(&lock, "").unwrap();
    t.authy(["remove", "a"]).ok();
    t.authy(["store", "a"]).stdin("3").ok();
    t.holds("a", "3");
    t.authy(["remove", "b"]).ok();
    fs::remove_file(&lock).unwrap();
    t.authy(["rekey"]).ok();
    t.authy(["check", "--repair"]).ok();
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_trail_that_a_sparse_checkout_hides_is_not_called_gone() {
    let team = Team::with_bob();
    team.of("bob", &["sync"]).ok();
    team.git("bob", ["sparse-checkout", "set", "secrets", "admins", "members", "policies"]);
    let refused = team.of("bob", &["audit", "verify"]).fails(5);
    refused
        .stderr_has("is in the last commit and missing here")
        .stderr_has("sparse-checkout disable");
    team.of("bob", &["audit", "verify"]).fails(5).stdout_lacks("damaged");
    team.git("bob", ["sparse-checkout", "disable"]);
    team.of("bob", &["audit", "verify"]).ok();
}
