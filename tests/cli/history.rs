//! `history` and `restore`: the past of one secret, from git.

use std::fs;

use crate::team::Team;
use crate::vault::text;

/// Version and what happened, newest first.
fn told(team: &Team, name: &str) -> Vec<(Option<u64>, String)> {
    let versions = team.of("alice", &["history", name, "--json"]).ok().json();
    let one =
        |v: &serde_json::Value| (v["version"].as_u64(), v["what"].as_str().unwrap().to_owned());
    versions.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn a_value_of_before_comes_back_as_a_new_version() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("two").ok();
    team.send("bob", "alice");
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("three").ok();
    let expected: Vec<(Option<u64>, String)> =
        [(4, "value"), (3, "value"), (2, "readers"), (1, "value")]
            .map(|(version, what)| (Some(version), what.to_owned()))
            .into();
    assert_eq!(told(&team, "db-url"), expected);
    let shown = team.of("alice", &["history", "db-url"]).env("HOME", team.t.path("nobody")).ok();
    shown.stdout_has("bob").stdout_lacks("three").stdout_lacks("two");
    team.of("alice", &["restore", "db-url", "--version", "3"]).ok().stderr_has("version 5 now");
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
    assert_eq!(team.t.log()[0], "Restore db-url to v3 (v5)");
    assert_eq!(team.t.last_entry()["op"], "restore");
    team.holds("alice", "db-url", "two");
    team.send("alice", "bob");
    team.holds("bob", "db-url", "two");
    // Version 1 was encrypted before there was a bob.
    team.of("bob", &["restore", "db-url", "--version", "1"]).fails(4);
    team.of("bob", &["restore", "db-url", "--version", "2"]).ok();
    team.holds("bob", "db-url", "one");
    team.of("bob", &["restore", "prod-key", "--version", "1"]).fails(4);
    team.of("alice", &["restore", "db-url", "--version", "9"])
        .fails(3)
        .stderr_has("authy history db-url");
    team.of("alice", &["history", "nothing"]).fails(3);
    team.of("alice", &["check"]).ok();
    team.of("alice", &["audit", "verify"]).ok();
}

#[test]
fn a_removed_secret_comes_back_and_so_does_what_somebody_knows_of_it() {
    let team = Team::with_bob();
    team.of("alice", &["remove", "db-url"]).ok();
    assert_eq!(told(&team, "db-url")[0], (None, "removed".to_owned()));
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.of("alice", &["restore", "db-url", "--version", "2"]).ok();
    team.holds("alice", "db-url", "one");
    let record = text(&team.file("alice", "secrets/db-url.toml"));
    assert!(record.contains("exposed_to = [\"bob\"]"), "{record}");
    team.of("alice", &["list", "--rotate-due"]).ok().stdout_has("db-url");
}

#[test]
fn a_past_that_no_member_wrote_is_not_restored() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("two").ok();
    let [record, value] =
        ["toml", "age"].map(|end| team.file("alice", &format!("secrets/db-url.{end}")));
    let good = fs::read(&record).unwrap();
    fs::write(&record, text(&record).replacen("version = 3", "version = 33", 1)).unwrap();
    team.git("alice", ["commit", "-qam", "Forge"]);
    fs::write(&record, &good).unwrap();
    team.git("alice", ["commit", "-qam", "Back"]);
    team.of("alice", &["restore", "db-url", "--version", "33"]).fails(5).stderr_has("not signed");
    // A forged commit of a version does not hide the one that alice made.
    fs::copy(team.file("alice", "secrets/db-key.age"), &value).unwrap();
    fs::write(&record, [&good[..], b"\n"].concat()).unwrap();
    team.git("alice", ["commit", "-qam", "Swap"]);
    team.git("alice", ["rm", "-q", "-r", "secrets/db-url.age", "secrets/db-url.toml"]);
    team.git("alice", ["commit", "-qm", "Hide"]);
    team.of("alice", &["restore", "db-url", "--version", "3"]).ok();
    team.holds("alice", "db-url", "two");
}

#[test]
fn each_change_is_called_what_it_is_and_by_whom_however_fast_they_come() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["store", "db-new"]).stdin("one").ok();
    alice(&["annotate", "db-new", "--description", "for the tests"]).ok();
    for value in ["two", "three", "four"] {
        alice(&["rotate", "db-new"]).stdin(value).ok();
    }
    alice(&["policy", "update", "backend", "--deny", "db-new"]).ok();
    alice(&["rekey"]).ok();
    let what: Vec<String> = told(&team, "db-new").into_iter().map(|(_, what)| what).collect();
    assert_eq!(what, ["readers", "value", "value", "value", "annotation", "value"]);
    alice(&["rename", "db-new", "db-newer"]).ok();
    let renamed = told(&team, "db-newer");
    assert_eq!(renamed.iter().map(|(_, what)| what.as_str()).collect::<Vec<_>>(), ["name"]);
    // bob wrote the value, alice what is said of it.
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    alice(&["annotate", "db-url", "--tag", "bob"]).ok();
    let shown = alice(&["history", "db-url"]).ok().text();
    let lines: Vec<Vec<&str>> =
        shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((lines[0][1], lines[0][3]), ("tags", "alice"), "{shown}");
    assert_eq!((lines[1][1], lines[1][3]), ("value", "bob"), "{shown}");
}

#[test]
fn a_change_is_told_by_what_it_was_made_from_and_not_by_another_branchs() {
    let team = Team::with_bob();
    team.of("alice", &["annotate", "db-url", "--description", "said"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    let shown = team.of("bob", &["history", "db-url", "--json"]).ok().json();
    let of = |who: &str| {
        let all = shown.as_array().unwrap().iter();
        let mut own = all.filter(|one| one["signed_by"] == who && one["version"] == 3);
        own.next().unwrap_or_else(|| panic!("{shown}"))["what"].clone()
    };
    assert_eq!((of("alice"), of("bob")), ("annotation".into(), "value".into()), "{shown}");
}
