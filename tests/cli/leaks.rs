//! A canary value: looked for wherever it must not be.

use std::fs;

use crate::harness::Sandbox;
use crate::snapshot::Snapshot;

const CANARY: &str = "canary-5f3e9a-value";

/// Does everything a value can go through, and gives what was printed for people.
fn lived(t: &Sandbox) -> String {
    let editor = t.script("editor", "printf %s \"$(cat \"$1\")-edited\" > \"$1\"");
    let calls = [
        t.authy(["store", "a"]).stdin(CANARY).ok(),
        t.authy(["store", "a"]).stdin(CANARY).fails(7),
        t.authy(["rotate", "a"]).stdin(format!("{CANARY}-2")).ok(),
        t.authy(["edit", "a"]).env("EDITOR", &editor).ok(),
        t.authy(["rename", "a", "b"]).ok(),
        t.authy(["policy", "create", "all", "--allow", "*"]).ok(),
        t.authy(["run", "--scope", "all", "--", "true"]).ok(),
        t.authy(["run", "--scope", "all", "--uppercase", "--prefix", "9", "--", "true"]).fails(2),
        t.authy(["list", "--long"]).ok(),
        t.authy(["--json", "list", "--long"]).ok(),
        t.authy(["audit", "show"]).ok(),
        t.authy(["audit", "export"]).ok(),
        t.authy(["remove", "b"]).ok(),
        t.authy(["store", "c", "--raw"]).stdin(format!("{CANARY}{}", "x".repeat(1 << 20))).fails(2),
    ];
    calls.iter().map(ToString::to_string).collect()
}

#[test]
fn values_are_in_no_output_file_or_object() {
    let t = Sandbox::new();
    let said = lived(&t);
    assert!(!said.contains("canary"), "{said}");
    fs::remove_dir_all(t.work()).unwrap();
    fs::create_dir(t.work()).unwrap();
    // The whole sandbox: HOME, vault, .git, state and temporary folders.
    assert!(Snapshot::whole(&t.path("")).holders(b"canary").is_empty());
    let objects = t
        .program("git", ["cat-file", "--batch-all-objects", "--batch", "--unordered"])
        .dir(t.vault())
        .ok();
    assert!(!objects.stdout.windows(6).any(|window| window == b"canary"));
    assert_eq!(fs::read_dir(t.tmp()).unwrap().count(), 0);
}

#[test]
fn an_editor_that_edits_sees_the_value() {
    let t = Sandbox::new();
    t.store([("a", CANARY)]);
    let editor = t.script("editor", "printf %s \"$(cat \"$1\")-edited\" > \"$1\"");
    t.authy(["edit", "a"]).env("EDITOR", &editor).ok();
    t.holds("a", format!("{CANARY}-edited"));
}

#[test]
fn values_are_in_no_argument_of_any_process() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let t = Sandbox::new();
    t.store([("a", CANARY)]);
    t.policy("all", ["*"]);
    let look = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '";
    t.authy(["run", "--scope", "all", "--", "sh", "-c", look])
        .ok()
        .stdout_lacks(CANARY)
        .stdout_has("/proc/");
    let note = t.path("cmdlines");
    let editor = t.script("editor", &format!("{look} > {}", note.display()));
    t.authy(["edit", "a"]).env("EDITOR", &editor).ok();
    let seen = fs::read(note).unwrap();
    assert!(!String::from_utf8_lossy(&seen).contains(CANARY));
}

#[test]
fn the_identity_is_in_no_output_and_in_no_object() {
    let t = Sandbox::new();
    lived(&t);
    let vault = t.vault();
    fs::remove_dir_all(t.file("keys")).unwrap();
    assert!(Snapshot::whole(&vault).holders(b"AGE-SECRET-KEY-1").is_empty());
    assert!(Snapshot::whole(&t.path("state")).holders(b"AGE-SECRET-KEY-1").is_empty());
}

#[test]
fn help_shows_no_credential_of_the_environment() {
    let t = Sandbox::empty();
    let pages: [&[&str]; 6] = [
        &["--help"],
        &["-h"],
        &["run", "--help"],
        &["get", "--help"],
        &["init", "--help"],
        &["help", "run"],
    ];
    for page in pages {
        let mut call = t.authy(page);
        for name in [
            "AUTHY_TOKEN",
            "AUTHY_IDENTITY",
            "AUTHY_PASSPHRASE",
            "AUTHY_KEYFILE",
            "AUTHY_VAULT",
            "AUTHY_SCOPE",
        ] {
            call = call.env(name, "canary");
        }
        call.ok().stdout_lacks("canary").stderr_lacks("canary");
    }
}

#[test]
fn a_bad_credential_is_never_quoted() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    for name in ["AUTHY_TOKEN", "AUTHY_IDENTITY"] {
        let done = t.authy(["get", "a"]).env(name, "canary-credential").fails(6);
        done.stdout_is("").stderr_lacks("canary-credential");
    }
    t.authy(["--json", "get", "a"]).env("AUTHY_TOKEN", "canary").fails(6).stderr_lacks("canary");
}

#[test]
fn core_files_are_switched_off() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let t = Sandbox::new();
    t.store([("a", "1")]);
    // While an editor waits, authy holds the value: its limits are to be read in /proc.
    let note = t.path("limits");
    let script = format!(
        "grep -i core /proc/$PPID/limits > {0}; cat /proc/$PPID/comm >> {0}",
        note.display()
    );
    let editor = t.script("editor", &script);
    t.authy(["edit", "a"]).env("EDITOR", &editor).ok();
    let limits = fs::read_to_string(note).unwrap();
    if limits.contains("authy") {
        let soft = limits.split_whitespace().nth(4);
        assert_eq!(soft, Some("0"), "{limits}");
    }
}
