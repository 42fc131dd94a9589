//! What git is told to call: the hook before commits, and the text of its diffs.

use std::fs;

use crate::harness::Sandbox;
use crate::outcome::Done;
use crate::team::Team;
use crate::vault::chmod;

/// A commit by hand that the hook refuses.
fn refused(team: &Team, words: [&str; 4]) -> Done {
    let state = team.t.path("bob-state");
    let call = team.t.program("git", words).dir(team.vault("bob"));
    call.env("HOME", team.t.path("bob")).env("XDG_STATE_HOME", state).ends().code_is(1)
}

#[test]
fn the_hook_refuses_what_nobody_signed_and_what_is_no_ciphertext() {
    let team = Team::with_bob();
    team.of("bob", &["check", "--install-hook"]).ok().stderr_has("pre-commit");
    // What authy commits itself goes on.
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    let policy = team.file("bob", "policies/backend.toml");
    let signed = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, signed.replace("db-*", "*")).unwrap();
    let done = refused(&team, ["commit", "-q", "-am", "Widen"]);
    done.says("policies/backend.toml").says("authy approve backend").says("--no-verify");
    fs::write(&policy, &signed).unwrap();
    for (file, text) in [
        ("secrets/db-url.age", "plain"),
        ("secrets/notes.txt", "plain"),
        ("keys/other.key", "AGE-SECRET-KEY-1"),
        ("secrets/db-url.toml", "version = 9\n"),
        ("authy.toml", "format = 1\n"),
    ] {
        let path = team.file("bob", file);
        let before = fs::read(&path).ok();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        team.git("bob", ["add", "-f", file]);
        // A damaged vault cannot be checked at all, so nothing is committed either.
        refused(&team, ["commit", "-q", "-m", "Slip"]).says(file);
        team.git("bob", ["reset", "-q", "HEAD", "--", file]);
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    fs::write(team.file("bob", "README.md"), "hello").unwrap();
    team.git("bob", ["add", "README.md"]);
    team.git("bob", ["commit", "-q", "-m", "Say hello"]);
    team.of("bob", &["check", "--install-hook"]).ok();
}

#[test]
fn a_request_may_be_committed_by_hand_and_another_hook_stays() {
    let team = Team::new();
    team.clone_for("bob");
    team.of("bob", &["check", "--install-hook"]).ok();
    team.of("bob", &["join", "--name", "bob"]).ok();
    team.git("bob", ["reset", "-q", "--soft", "HEAD~1"]);
    team.git("bob", ["commit", "-q", "-m", "Ask"]);
    let hook = team.file("alice", ".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n").unwrap();
    team.of("alice", &["check", "--install-hook"]).fails(7).stderr_has("check --staged");
    assert_eq!(fs::read_to_string(&hook).unwrap(), "#!/bin/sh\n");
    team.of("alice", &["check", "--staged"]).ok();
}

#[test]
fn diffs_tell_what_changed_and_never_the_value() {
    let team = Team::with_bob();
    team.of("alice", &["init", "--install-diff"]).ok();
    team.of("alice", &["init", "--install-diff"]).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("hush").ok();
    let shown = team.git("alice", ["show", "--format=", "HEAD", "--", "secrets/db-url.age"]);
    for line in
        ["-version 2", "+version 3", " readers alice bob", "value by alice", "+file sha256:"]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    team.of("alice", &["store", "web/key"]).stdin("hush").ok();
    let shown = team.git("alice", ["show", "--format=", "HEAD", "--", "secrets/web/key.age"]);
    assert!(shown.contains("+secret web/key") && !shown.contains("hush"), "{shown}");
    // Encrypted anew, it has the same value.
    team.of("alice", &["member", "remove", "bob"]).ok();
    let shown = team.git("alice", ["show", "--format=", "HEAD", "--", "secrets/db-url.age"]);
    assert!(shown.contains(" value by alice") && shown.contains("+readers alice\n"), "{shown}");
    // Of what is gone, and of what nobody knows, only the file is told.
    team.of("alice", &["remove", "web/key"]).ok();
    let shown = team.git("alice", ["show", "--format=", "HEAD", "--", "secrets/web/key.age"]);
    assert!(shown.contains("-no record describes this file"), "{shown}");
}

#[test]
fn a_template_gives_commits_the_subject_that_a_hook_wants() {
    let t = Sandbox::new();
    let hook = t.file(".git/hooks/commit-msg");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\ngrep -q '^chore(vault): [a-z]' \"$1\"\n").unwrap();
    chmod(&hook, 0o755);
    t.authy(["store", "a"]).stdin("1").ok().stderr_has("not committed");
    t.authy(["config", "set", "subject", "chore"]).fails(2).stderr_has("{lower}");
    // With it comes what waited for one that the hook takes.
    t.authy(["config", "set", "subject", "chore(vault): {lower}"]).ok();
    t.is_clean();
    assert!(t.git(["log", "-1", "--format=%b"]).contains("Store a (v1)"));
    t.authy(["rotate", "a"]).stdin("2").ok().stderr_lacks("not committed");
    assert_eq!(t.log()[0], "chore(vault): rotate a (v2)");
    t.authy(["config", "show"]).ok().stdout_has("chore(vault): {lower}");
    fs::remove_file(&hook).unwrap();
    t.authy(["config", "set", "subject", "{}"]).ok();
    t.authy(["rotate", "a"]).stdin("3").ok();
    assert_eq!(t.log()[0], "Rotate a (v3)");
}
