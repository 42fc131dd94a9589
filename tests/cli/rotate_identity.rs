//! `member update --rotate-identity`: another identity, in one go, whatever stops it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Sandbox;
use crate::team::Team;
use crate::vault::{chmod, mode, text};

const ROTATE: [&str; 3] = ["member", "update", "--rotate-identity"];

/// The secret keys of an identity file, in their order.
fn keys(file: &Path) -> Vec<String> {
    let lines = text(file);
    lines.lines().filter(|line| line.starts_with("AGE-SECRET-KEY-")).map(str::to_owned).collect()
}

/// The first, or the last, key of a file in a file of its own.
fn alone(t: &Sandbox, key: &str) -> PathBuf {
    let file = t.write("alone.key", format!("{key}\n"));
    chmod(&file, 0o600);
    file
}

#[test]
fn an_admin_gets_another_identity_at_once() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    t.policy("all", ["*"]);
    let token = t.authy(["session", "create", "-s", "all"]).ok().text();
    t.authy(["backup", "copy"]).env("AUTHY_PASSPHRASE", "pass").ok();
    let before = keys(&t.key());
    t.authy(ROTATE).ok().stderr_has("re-encrypted 2").stderr_has("sessions that you made end");
    let after = keys(&t.key());
    assert_eq!((after.len(), &after[1]), (2, &before[0]));
    assert_eq!(mode(&t.key()), 0o600);
    t.holds("a", "1");
    t.authy(["rotate", "a"]).stdin("3").ok();
    t.authy(["check", "--strict"]).ok().stderr_has("authy backup");
    t.verifies();
    t.authy(["get", "a"]).env("AUTHY_TOKEN", token.trim_end()).fails(6);
    // The new key alone is the member.
    let new = alone(&t, &after[0]);
    t.authy(["get", "a"]).env("AUTHY_KEYFILE", &new).ok().stdout_is("3");
    let old = alone(&t, &before[0]);
    let code = t.authy(["get", "a"]).env("AUTHY_KEYFILE", &old).ends().code;
    assert!(code == 4 || code == 6, "{code}");
    // And once more.
    t.authy(["member", "update", "alice", "--rotate-identity", "--json"]).ok();
    assert_eq!(keys(&t.key()).len(), 3);
    t.holds("a", "3");
    let shown = t.authy(["member", "show", "alice", "--json"]).ok().json();
    assert_eq!(shown["recipients"].as_array().unwrap().len(), 1);
}

#[test]
fn the_passphrase_protects_the_new_key_too() {
    let t = Sandbox::empty();
    let typed = |words: &[&str]| t.authy(words).env("AUTHY_PASSPHRASE", "correct horse");
    typed(&["init", "--member", "alice", "--passphrase"]).ok();
    typed(&["store", "a"]).stdin("1").ok();
    let before = text(&t.key());
    t.authy(ROTATE).env("AUTHY_PASSPHRASE", "wrong").fails(6);
    assert_eq!(text(&t.key()), before);
    typed(&ROTATE).ok();
    let after = text(&t.key());
    assert!(after != before && !after.contains("SECRET-KEY"));
    typed(&["get", "a"]).ok().stdout_is("1");
    t.authy(["--no-input", "get", "a"]).fails(6);
}

#[test]
fn what_was_stopped_goes_on_with_the_key_that_it_made() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    // As it lies once the file was written and nothing else.
    let (new, _) = t.outsider("next");
    let both = format!("{}{}", text(&new), text(&t.key()));
    fs::write(t.key(), both).unwrap();
    t.holds("a", "1");
    t.authy(["rotate", "a"]).stdin("2").ok();
    let before = keys(&t.key());
    t.authy(ROTATE).ok().stderr_has("went on with the key");
    assert_eq!(keys(&t.key()), before, "no third key");
    let first = alone(&t, &before[0]);
    t.authy(["get", "a"]).env("AUTHY_KEYFILE", first).ok().stdout_is("2");
    // A vault that cannot be written leaves an identity that works.
    fs::rename(t.file("admins"), t.file("aside")).unwrap();
    assert_ne!(t.authy(ROTATE).ends().code, 0);
    fs::rename(t.file("aside"), t.file("admins")).unwrap();
    t.holds("a", "2");
    t.authy(ROTATE).ok();
    t.holds("a", "2");
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_member_asks_and_reads_again_once_an_admin_says_yes() {
    let team = Team::with_bob();
    team.of("bob", &["member", "update", "alice", "--rotate-identity"]).fails(2);
    team.of("bob", &ROTATE).ok().stderr_has("until it is approved you read nothing");
    team.of("bob", &ROTATE).ends().says("bob");
    team.send("bob", "alice");
    team.of("alice", &["approve", "bob", "--yes"]).ok();
    team.send("alice", "bob");
    team.of("bob", &["get", "db-url"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn it_is_how_somebody_moves_to_a_post_quantum_key() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["member", "update", "--rotate-identity", "--post-quantum"]).ok();
    let shown = t.authy(["member", "show", "alice", "--json"]).ok().json();
    assert!(shown["recipients"][0].as_str().unwrap().starts_with("age1pq1"));
    t.holds("a", "1");
    // What follows one is one.
    t.authy(ROTATE).ok();
    assert!(keys(&t.key())[0].starts_with("AGE-SECRET-KEY-PQ-1"));
    t.holds("a", "1");
    t.authy(["check", "--strict"]).ends().stderr_lacks("quantum");
}

#[test]
fn what_is_in_no_file_is_not_replaced() {
    let t = Sandbox::new();
    let identity = text(&t.key());
    t.authy(ROTATE).env("AUTHY_IDENTITY", &identity).fails(2).stderr_has("no file");
    t.authy(ROTATE).env("CLAUDECODE", "1").fails(4);
    t.authy(["member", "update"]).fails(2);
    t.authy(["member", "update", "alice", "--rotate-identity", "--group", "x"]).fails(2);
}
