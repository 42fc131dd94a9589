//! Identities that lie in no file of the user's: what a program prints, pipes, credentials of systemd.

use std::fs;

use crate::harness::Sandbox;
use crate::vault::text;

/// A vault whose identity lies where nobody looks.
fn vault() -> (Sandbox, String) {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.policy("all", ["*"]);
    let elsewhere = t.path("elsewhere");
    fs::rename(t.file("keys"), &elsewhere).unwrap();
    (t, elsewhere.join("master.key").to_str().unwrap().to_owned())
}

#[test]
fn a_program_can_print_it() {
    let (t, key) = vault();
    let line = format!("echo run >> runs; cat '{key}'");
    t.authy(["get", "a"]).fails(6);
    t.authy(["--identity-command", &line, "get", "a"]).ok().stdout_is("1");
    let by_variable = |words: &[&str]| t.authy(words).env("AUTHY_IDENTITY_COMMAND", &line);
    by_variable(&["rotate", "a"]).stdin("2").ok();
    by_variable(&["run", "-s", "all", "--", "sh", "-c", "echo $a"]).ok().stdout_is("2\n");
    // Once for each command, however often it is wanted.
    assert_eq!(text(&t.work().join("runs")), "run\n".repeat(3));
    // What is shown in a prompt starts nothing, and neither does what needs no identity.
    by_variable(&["status"]).ok().stdout_has("known once the identity is unlocked");
    by_variable(&["status", "--short"]).ok();
    by_variable(&["list"]).ok();
    assert_eq!(text(&t.work().join("runs")), "run\n".repeat(3));
    // What it starts gets no more of it than of any other identity.
    let inside = ["run", "-s", "all", "--", "sh", "-c", "env; authy get a"];
    by_variable(&inside).ends().stdout_lacks("AUTHY_IDENTITY").code_is(6);
}

#[test]
fn a_command_that_prints_none_says_so_without_what_it_prints() {
    let (t, key) = vault();
    let tried = |line: &str| t.authy(["--identity-command", line, "get", "a"]).fails(6);
    tried("echo hunter2; exit 7").stderr_has("exit status: 7").stderr_lacks("hunter2");
    tried("echo hunter2").stderr_lacks("hunter2").stderr_has("identity");
    tried("true").stderr_has("identity");
    tried("no-such-program-here").stderr_has("exit status: 127");
    t.authy(["--identity-command", "true", "--keyfile", &key, "get", "a"]).fails(2);
    // A token decides alone.
    t.authy(["get", "a"])
        .env("AUTHY_TOKEN", "x")
        .env("AUTHY_IDENTITY_COMMAND", "touch ran")
        .fails(6);
    assert!(!t.work().join("ran").exists());
    // A repository's file names none.
    t.write(".authy.toml", "[authy]\nidentity_command = \"touch ran\"\n");
    t.authy(["get", "a"]).ends();
    assert!(!t.work().join("ran").exists());
}

#[test]
fn it_comes_through_a_descriptor_or_a_pipe() {
    let (t, key) = vault();
    t.sh(&format!("authy --keyfile /dev/fd/3 get a 3< '{key}'")).ok().stdout_is("1");
    t.sh(&format!("cat '{key}' | authy --keyfile /dev/stdin get a")).ok().stdout_is("1");
    t.sh(&format!("mkfifo p && (cat '{key}' > p & authy --keyfile p get a)")).ok().stdout_is("1");
}

#[test]
fn a_service_has_it_from_systemd() {
    let (t, key) = vault();
    let folder = t.path("credentials");
    fs::create_dir(&folder).unwrap();
    let with = |words: &[&str]| t.authy(words).env("CREDENTIALS_DIRECTORY", &folder);
    with(&["get", "a"]).fails(6);
    fs::copy(&key, folder.join("authy-identity")).unwrap();
    // Its group may read it: the rights of systemd's are not the user's to mend.
    crate::vault::chmod(&folder.join("authy-identity"), 0o440);
    with(&["get", "a"]).ok().stdout_is("1");
    with(&["get", "a"]).env("AUTHY_KEYFILE", "/nonexistent").fails(6);
    with(&["rotate", "a"]).stdin("2").ok();
}
