//! `check`: every file of the vault, one line for each exception, and nothing for a sound one.

use std::fs;

use crate::harness::Sandbox;
use crate::team::Team;
use crate::vault::{edit, flip, text};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "canary-1"), ("team/api-key", "canary-2")]);
    t.policy("backend", ["db-*"]);
    t.authy(["session", "create", "--scope", "backend", "--shared"]).ok();
    t.authy(["rotate", "db-url", "--raw"]).stdin("canary-3").ok();
    t
}

/// Asserts that one finding has these words, and the exit code.
fn finds(t: &Sandbox, code: i32, words: &[&str]) {
    let done = t.authy(["check"]).ends().code_is(code);
    let line = done.lines().into_iter().find(|line| words.iter().all(|word| line.contains(word)));
    assert!(line.is_some(), "{words:?}\n{done}");
    let json = t.authy(["check", "--json"]).ends().code_is(code).json();
    assert!(!json.as_array().unwrap().is_empty());
}

#[test]
fn a_sound_vault_has_no_findings_with_or_without_an_identity() {
    let t = stocked();
    t.authy(["check", "--strict"]).ok().stdout_is("").stderr_has("nothing is wrong");
    t.authy(["check"])
        .env("HOME", t.path("nobody"))
        .env("AUTHY_VAULT", t.vault())
        .ok()
        .stdout_is("");
    assert_eq!(t.authy(["check", "--json"]).ok().json().as_array().unwrap().len(), 0);
    t.is_clean();
    let clone = t.path("clone");
    t.clone_vault(&clone);
    t.authy(["check", "--strict"]).env("HOME", t.path("nobody")).env("AUTHY_VAULT", &clone).ok();
}

#[test]
fn damage_of_any_file_is_one_line_with_its_path_and_exit_5() {
    type Tamper = fn(&Sandbox);
    let cases: [(Tamper, &[&str]); 7] = [
        (|t| flip(&t.file("secrets/db-url.age"), 200), &["damage: secrets/db-url", "not the file"]),
        (
            |t| edit(&t.file("secrets/db-url.toml"), "version = 2", "version = 3"),
            &["damage: secrets/db-url.toml", "signature", "git log"],
        ),
        (
            |t| fs::remove_file(t.file("secrets/team/api-key.age")).unwrap(),
            &["damage: secrets/team/api-key.toml", "secrets/team/api-key.age"],
        ),
        (
            |t| _ = fs::copy(t.file("secrets/db-url.toml"), t.file("secrets/copy.toml")).unwrap(),
            &["damage: secrets/copy.toml"],
        ),
        (|t| fs::write(t.file("members/alice.toml"), "garbage").unwrap(), &["members/alice.toml"]),
        (
            |t| {
                let chain = t.only_file(".local/audit", "00000001.jsonl");
                edit(&chain, "\"store\"", "\"score\"");
            },
            &["damage: .local/audit/alice-", "00000001.jsonl", "line"],
        ),
        (
            |t| _ = fs::remove_file(t.only_file(".local/audit", "00000001.jsonl")),
            &["damage: .local/audit/alice-", "gone"],
        ),
    ];
    for (tamper, words) in cases {
        let t = stocked();
        t.verifies();
        t.authy(["check"]).ok();
        tamper(&t);
        let done = t.authy(["check"]).ends().code_is(5);
        let has = |line: &String| words.iter().all(|word| line.contains(word));
        assert!(done.lines().iter().any(has), "{words:?}\n{done}");
        done.stdout_lacks("canary");
    }
}

#[test]
fn access_that_is_not_what_the_rules_say_is_drift_and_exit_4() {
    let t = stocked();
    edit(&t.file("policies/backend.toml"), "\"db-*\"", "\"*\"");
    finds(&t, 4, &["drift: policies/backend.toml", "not approved", "git checkout"]);
    t.git(["checkout", "-q", "--", "policies"]);
    t.authy(["check"]).ok();
    let (_, recipient) = t.outsider("bob");
    t.authy(["member", "add", "bob", "--recipient", &recipient]).ok();
    t.authy(["policy", "update", "backend", "--member", "bob"]).ok();
    finds(&t, 4, &["drift: secrets/db-url.toml", "bob may read it and cannot", "authy rekey"]);
    t.authy(["rekey"]).ok();
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_value_that_was_sealed_to_a_key_its_reader_no_longer_has_is_found_by_him_alone() {
    let team = Team::with_bob();
    // bob has a new identity, and says so from a new clone.
    team.clone_for("laptop");
    let (key, _) = team.t.outsider("laptop-key");
    let laptop = |words: &[&str]| team.of("laptop", words).env("AUTHY_KEYFILE", &key);
    fs::remove_file(team.file("laptop", "members/bob.toml")).unwrap();
    laptop(&["join", "--name", "bob", "--group", "backend"]).ok();
    fs::copy(team.file("laptop", "members/bob.toml"), team.file("alice", "members/bob.toml"))
        .unwrap();
    // Meanwhile alice stores a value at a desk where nothing of that is known.
    team.clone_for("desk");
    let desk = team.of("desk", &["store", "db-new", "--raw"]).stdin("v");
    desk.env("AUTHY_KEYFILE", team.file("alice", "keys/master.key")).ok();
    team.push("desk");
    team.of("alice", &["approve", "bob", "--yes"]).ok();
    team.pull("alice");
    team.of("alice", &["check"]).ok();
    team.push("alice");
    team.git("laptop", ["fetch", "-q"]);
    team.git("laptop", ["reset", "-q", "--hard", "origin/main"]);
    laptop(&["get", "db-url"]).ok().stdout_is("one");
    laptop(&["get", "db-new"]).fails(4);
    laptop(&["check"])
        .fails(4)
        .stdout_has("drift: secrets/db-new.age: its record names bob, who cannot open it")
        .stdout_lacks("db-url");
    // Who holds the value mends it.
    team.of("alice", &["rotate", "db-new", "--raw"]).stdin("v").ok();
    team.push("alice");
    team.git("laptop", ["pull", "-q"]);
    laptop(&["get", "db-new"]).ok().stdout_is("v");
    laptop(&["check"]).ok();
}

#[test]
fn what_has_no_business_in_the_vault_is_a_warning() {
    let t = stocked();
    fs::write(t.file("secrets/.env"), "KEY=canary").unwrap();
    fs::write(t.file("policies/backend.toml.orig"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", t.file("secrets/link")).unwrap();
    let done = t.authy(["check"]).ok();
    done.stdout_has("warning: secrets/.env: no file of the vault")
        .stdout_has("warning: policies/backend.toml.orig")
        .stdout_has("warning: secrets/link")
        .stdout_lacks("canary");
    t.authy(["check", "--strict"]).ends().code_is(1);
}

#[test]
fn a_session_that_is_gone_is_no_reader_that_could_be_counted() {
    let t = stocked();
    assert!(text(&t.file("secrets/db-url.toml")).contains("session:"));
    t.sh("rm -r ~/.authy/sessions/shared/*").ok();
    t.authy(["check"]).ok();
}

#[test]
fn what_is_mechanical_is_mended_and_what_is_not_stays() {
    let t = stocked();
    let chmod = |mode: &str, file: &str| {
        t.program("chmod", [mode, t.file(file).to_str().unwrap()]).ok();
    };
    chmod("755", "keys");
    chmod("640", "keys/master.key");
    chmod("o+w", "secrets/db-url.toml");
    edit(&t.file(".gitignore"), "/keys/\n", "/mine/\n");
    let words = ["warning: keys/master.key", "others may read it", "check --repair"];
    finds(&t, 0, &words);
    finds(&t, 0, &["warning: secrets/db-url.toml", "everybody may write it"]);
    finds(&t, 0, &["warning: .gitignore", "/keys/"]);
    t.authy(["check", "--strict"]).fails(1);
    // Without an identity only the permissions can be mended.
    let nobody = t.authy(["check", "--repair"]).env("HOME", t.path("nobody"));
    nobody.env("AUTHY_VAULT", t.vault()).ends().code_is(6);
    t.authy(["check", "--repair", "--strict"]).ok().stderr_has("put lines back into .gitignore");
    assert!(text(&t.file(".gitignore")).contains("/mine/\n"));
    assert_eq!(t.log()[0], "Restore .gitignore");
    t.is_clean();
    t.authy(["check", "--repair"]).ok().stderr_lacks("put").stdout_is("");
    flip(&t.file("secrets/db-url.age"), 200);
    t.authy(["check", "--repair"]).fails(5).stdout_has("db-url");
}

#[test]
fn what_lies_beside_the_folders_is_named_unless_git_knows_it() {
    let t = Sandbox::new();
    fs::write(t.vault().join("mcp.sh"), "#!/bin/sh\n").unwrap();
    fs::create_dir(t.vault().join("notes")).unwrap();
    fs::write(t.vault().join("notes/plain.txt"), "x").unwrap();
    fs::write(t.vault().join("README.md"), "x").unwrap();
    t.git(["add", "README.md"]);
    let said = t.authy(["check"]).ok().stdout_has("mcp.sh").stdout_has("notes/");
    said.stdout_has("out of the vault").stdout_lacks("README");
    t.authy(["check", "--strict"]).fails(1);
    t.git(["add", "mcp.sh", "notes"]);
    t.authy(["check", "--strict"]).ok();
}
