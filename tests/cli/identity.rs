//! Which identity opens the vault: files, passphrases, ssh keys, variables.

use std::fs;

use crate::harness::{Sandbox, needs};
use crate::vault::{chmod, mode, text};

#[test]
fn a_passphrase_protects_the_identity() {
    let t = Sandbox::empty();
    t.authy(["init", "--member", "alice", "--passphrase"])
        .env("AUTHY_PASSPHRASE", "correct horse")
        .ok();
    assert!(!text(&t.key()).contains("SECRET-KEY"));
    t.authy(["store", "a"]).env("AUTHY_PASSPHRASE", "correct horse").stdin("1").ok();
    t.authy(["get", "a"]).env("AUTHY_PASSPHRASE", "correct horse").ok().stdout_is("1");
    t.authy(["get", "a"])
        .env("AUTHY_PASSPHRASE", "battery staple")
        .fails(6)
        .stderr_has("passphrase");
    t.authy(["get", "a"]).env("AUTHY_PASSPHRASE", "").fails(6);
    t.authy(["--no-input", "get", "a"]).fails(6).stderr_has("AUTHY_PASSPHRASE");
    t.authy(["get", "a"]).env("AUTHY_NON_INTERACTIVE", "1").fails(6);
}

#[test]
fn a_passphrase_that_cannot_be_asked_for_makes_no_vault() {
    let t = Sandbox::empty();
    t.authy(["--no-input", "init", "--member", "alice", "--passphrase"]).fails(6);
    assert!(!t.file("authy.toml").exists());
    assert!(!t.key().exists());
}

#[test]
fn an_identity_others_can_read_is_refused() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    for bits in [0o640, 0o604, 0o644, 0o660] {
        chmod(&t.key(), bits);
        t.authy(["get", "a"]).fails(6).stderr_has("chmod");
        t.authy(["store", "b"]).stdin("2").fails(6).stderr_has("chmod");
    }
    chmod(&t.key(), 0o600);
    t.holds("a", "1");
    chmod(&t.key(), 0o400);
    t.holds("a", "1");
}

#[test]
fn the_identity_can_stand_in_a_variable() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let identity = text(&t.key());
    fs::rename(t.file("keys"), t.path("elsewhere")).unwrap();
    t.authy(["get", "a"]).fails(6);
    t.authy(["get", "a"]).env("AUTHY_IDENTITY", &identity).ok().stdout_is("1");
    let bare = identity.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    t.authy(["get", "a"]).env("AUTHY_IDENTITY", bare).ok().stdout_is("1");
    t.authy(["store", "b"]).env("AUTHY_IDENTITY", bare).stdin("2").ok();
    let done = t.authy(["get", "a"]).env("AUTHY_IDENTITY", "AGE-SECRET-KEY-1GARBAGE").fails(6);
    done.stderr_lacks("GARBAGE");
}

#[test]
fn the_keyfile_flag_wins_over_the_variables() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let key = t.key();
    t.authy(["--keyfile", key.to_str().unwrap(), "get", "a"])
        .env("AUTHY_KEYFILE", "/nonexistent")
        .env("AUTHY_IDENTITY", "garbage")
        .ok()
        .stdout_is("1");
    t.authy(["get", "a"])
        .env("AUTHY_KEYFILE", &key)
        .env("AUTHY_IDENTITY", "garbage")
        .ok()
        .stdout_is("1");
    t.authy(["get", "a"])
        .env("AUTHY_KEYFILE", "/nonexistent/key")
        .fails(6)
        .stderr_has("/nonexistent/key");
}

#[test]
fn a_stranger_gets_nothing() {
    if !needs(["age-keygen"]) {
        return;
    }
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let key = t.path("stranger.key");
    t.program("age-keygen", ["-o".as_ref(), key.as_os_str()]).ok();
    let code = t.authy(["get", "a"]).env("AUTHY_KEYFILE", &key).ends().code;
    assert!(code == 4 || code == 6, "{code}");
    let code = t.authy(["store", "b"]).env("AUTHY_KEYFILE", &key).stdin("2").ends().code;
    assert!(code == 4 || code == 6, "{code}");
    assert!(!t.file("secrets/b.age").exists());
}

#[test]
fn a_file_that_is_no_identity_is_never_quoted() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let key = t.write("wrong.key", "hunter2-not-a-key\n");
    chmod(&key, 0o600);
    t.authy(["get", "a"]).env("AUTHY_KEYFILE", &key).fails(6).stderr_lacks("hunter2");
}

fn ssh_identity_works(kind: &str, extra: &[&str]) {
    if !needs(["ssh-keygen", "age"]) {
        return;
    }
    let t = Sandbox::empty();
    let key = t.path("home/id");
    let mut words =
        vec!["-q", "-t", kind, "-N", "", "-C", "alice@laptop", "-f", key.to_str().unwrap()];
    words.extend(extra);
    t.program("ssh-keygen", words).ok();
    let before = fs::read(&key).unwrap();
    t.authy(["--keyfile", key.to_str().unwrap(), "init", "--member", "alice"]).ok();
    assert_eq!(fs::read(&key).unwrap(), before);
    t.authy(["store", "a"]).env("AUTHY_KEYFILE", &key).stdin("1").ok();
    t.authy(["get", "a"]).env("AUTHY_KEYFILE", &key).ok().stdout_is("1");
    let secret = t.file("secrets/a.age");
    t.program("age", ["-d".as_ref(), "-i".as_ref(), key.as_os_str(), secret.as_os_str()])
        .ok()
        .stdout_is("1");
    t.authy(["audit", "verify"]).env("AUTHY_KEYFILE", &key).ok();
}

#[test]
fn an_ssh_ed25519_identity_works() {
    ssh_identity_works("ed25519", &[]);
}

#[test]
fn an_ssh_rsa_identity_works() {
    ssh_identity_works("rsa", &["-b", "2048"]);
}

#[test]
fn the_same_identity_in_two_files_is_one() {
    if !needs(["age-keygen"]) {
        return;
    }
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.sh("cp ~/.authy/keys/master.key ~/.authy/keys/copy.key").ok();
    t.holds("a", "1");
    t.sh("cd ~/.authy/keys && age-keygen -o other.key 2>/dev/null").ok();
    t.holds("a", "1");
    t.sh("cd ~/.authy/keys && rm master.key copy.key && age-keygen -o more.key 2>/dev/null").ok();
    t.authy(["get", "a"]).fails(6).stderr_has("2 identities").stderr_has("--keyfile");
}

#[test]
fn a_keyfile_that_made_the_vault_is_remembered_for_it() {
    let t = Sandbox::empty();
    let key = t.home().join("elsewhere/mine.key");
    let words = ["--keyfile", key.to_str().unwrap(), "init", "--member", "alice"];
    t.authy(words).ok();
    t.authy(["store", "a"]).stdin("1").ok();
    t.holds("a", "1");
    // Another member's clone of it on the same machine has a keyfile of its own.
    let clone = t.path("clone");
    t.git(["clone", "-q", ".", clone.to_str().unwrap()]);
    let clone = clone.to_str().unwrap();
    let bobs = t.home().join("bobs.key");
    t.authy(["--vault", clone, "--keyfile", bobs.to_str().unwrap(), "join", "--name", "bob"]).ok();
    t.holds("a", "1");
    t.authy(["--vault", clone, "get", "a"]).fails(4).stderr_has("'bob' waits");
    // For this vault alone, and only while it is there.
    let other = t.path("other");
    t.authy(["--vault", other.to_str().unwrap(), "init", "--member", "bob"]).ok();
    t.authy(["--vault", other.to_str().unwrap(), "store", "b"]).stdin("2").ok();
    t.holds("a", "1");
    fs::rename(&key, t.home().join("gone.key")).unwrap();
    t.authy(["get", "a"]).ends().stdout_is("");
}

#[test]
fn a_copy_is_made_under_a_passphrase_and_a_lack_of_one_is_said_once() {
    let t = Sandbox::empty();
    let copy = t.home().join("copy.age");
    let words = ["init", "--member", "alice", "--backup", copy.to_str().unwrap()];
    t.authy(words).fails(6).stderr_has("passphrase");
    t.authy(words).env("AUTHY_PASSPHRASE", "").fails(6);
    fs::write(&copy, "precious").unwrap();
    t.authy(words).env("AUTHY_PASSPHRASE", "correct horse").fails(7);
    assert_eq!(text(&copy), "precious");
    fs::remove_file(&copy).unwrap();
    t.authy(words).env("AUTHY_PASSPHRASE", "correct horse").ok().stderr_has("copy in");
    let text = fs::read_to_string(&copy).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "{text}");
    t.authy(["store", "a"]).stdin("1").ok();
    t.authy(["check"]).ok().stderr_lacks("authy backup");
    // It works as it is where the identity is gone.
    fs::remove_dir_all(t.vault().join("keys")).unwrap();
    let get = ["--keyfile", copy.to_str().unwrap(), "get", "a"];
    t.authy(get).env("AUTHY_PASSPHRASE", "correct horse").ok().stdout_is("1");
    let t = Sandbox::new();
    t.authy(["check"]).ok().stderr_has("'authy backup FILE' makes a copy");
    t.authy(["check"]).ok().stderr_lacks("authy backup");
}

#[test]
fn a_copy_is_made_at_any_time_and_nobody_is_reminded_any_more() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let copy = t.home().join("copy.age");
    let words = ["backup", copy.to_str().unwrap()];
    t.authy(words).fails(6).stderr_has("passphrase");
    assert!(!copy.exists());
    t.authy(["status"]).ok().stdout_has("authy backup FILE");
    t.authy(words).env("CLAUDECODE", "1").env("AUTHY_PASSPHRASE", "correct horse").fails(4);
    t.authy(words).env("AUTHY_PASSPHRASE", "correct horse").ok().stderr_has("under a passphrase");
    assert_eq!(mode(&copy), 0o600);
    t.authy(words).env("AUTHY_PASSPHRASE", "correct horse").fails(7);
    t.authy(["status"]).ok().stdout_lacks("backup");
    let get = ["--keyfile", copy.to_str().unwrap(), "get", "a"];
    t.authy(get).env("AUTHY_PASSPHRASE", "correct horse").ok().stdout_is("1");
    // One that has a passphrase keeps it, and nobody is asked for another.
    let again = t.home().join("again.age");
    let words = ["--keyfile", copy.to_str().unwrap(), "backup", again.to_str().unwrap()];
    t.authy(words).ok();
    assert_eq!(text(&again), text(&copy));
}
