//! Keys that an age plugin keeps: who starts it, how often it is asked, and what happens without it.

use std::path::{Path, PathBuf};

use crate::harness::{AUTHY, Sandbox, needs};
use crate::screen::Screen;
use crate::team::Team;
use crate::vault::{chmod, text};

/// Where the plugin of the tests is.
fn folder() -> PathBuf {
    let folder = Path::new(AUTHY).parent().unwrap().join("examples");
    let is_built = folder.join("age-plugin-rehearse").exists();
    assert!(
        is_built,
        "all of 'cargo test' builds it; so does 'cargo build --example age-plugin-rehearse'"
    );
    folder
}

/// PATH with the plugin in it.
fn with_plugin(t: &Sandbox) -> String {
    let path = t.vars().get(std::ffi::OsStr::new("PATH")).cloned().unwrap_or_default();
    format!("{}:{}", folder().display(), path.into_string().unwrap())
}

/// A new identity of the plugin, and its recipient.
fn identity(t: &Sandbox, name: &str) -> (PathBuf, String) {
    let made = t.program(folder().join("age-plugin-rehearse"), [] as [&str; 0]).ok().text();
    let recipient = made.lines().find_map(|line| line.strip_prefix("# recipient: ")).unwrap();
    let file = t.write(name, &made);
    chmod(&file, 0o600);
    (file, recipient.to_owned())
}

/// What the plugin wrote down since the last time.
fn log(t: &Sandbox) -> Vec<String> {
    let file = t.path("rehearse.log");
    let lines = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    lines.lines().map(str::to_owned).collect()
}

/// Where the keys of opened files are kept.
fn kept(t: &Sandbox) -> PathBuf {
    kept_file(t).parent().unwrap().to_owned()
}

fn kept_file(t: &Sandbox) -> PathBuf {
    let all = crate::vault::files_below(&t.path("state"));
    let one = all.into_iter().find(|file| file.extension().is_some_and(|ending| ending == "keys"));
    one.unwrap()
}

fn count(log: &[String], what: &str) -> usize {
    log.iter().filter(|line| *line == what).count()
}

/// A vault whose only admin has a key of the plugin, which is allowed.
fn alone() -> Sandbox {
    let mut t = Sandbox::empty();
    let (key, _) = identity(&t, "alice.key");
    t.set("PATH", with_plugin(&t));
    t.set("AUTHY_KEYFILE", key);
    t.set("REHEARSE_LOG", t.path("rehearse.log"));
    t.authy(["allow", "--plugin", "rehearse", "--yes"]).ok();
    t.authy(["init", "--member", "alice"]).ok();
    log(&t);
    t
}

#[test]
fn a_vault_lives_with_a_key_that_a_plugin_keeps() {
    let t = alone();
    let settings = t.authy(["config", "show", "--json"]).ok().json();
    assert_eq!(settings["plugins"], serde_json::json!(["rehearse"]));
    t.store([("db-url", "postgres://x"), ("key", "k")]);
    t.holds("db-url", "postgres://x");
    t.policy("all", ["*"]);
    t.authy(["run", "--scope", "all", "--", "printenv", "db_url"]).ok();
    t.authy(["rotate", "db-url", "--raw"]).stdin("new").ok();
    t.holds("db-url", "new");
    let token = t.authy(["session", "create", "--scope", "all"]).ok().text();
    let read = t.authy(["get", "key"]).env("AUTHY_TOKEN", token.trim());
    // A token opens with its own key.
    log(&t);
    read.ok().stdout_is("k");
    assert!(log(&t).is_empty());
    t.verifies();
    t.authy(["check"]).ok();
}

#[test]
fn a_command_asks_once() {
    let t = alone();
    let script =
        "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do printf value-$n | authy store s$n || exit; done";
    t.sh(script).ok();
    t.policy("all", ["*"]);
    log(&t);
    let run = || t.authy(["run", "--scope", "all", "--", "printenv", "s12"]).ok();
    run();
    // What alice wrote herself is known.
    assert_eq!(log(&t), ["decrypts"]);
    t.authy(["rotate", "s1", "--raw"]).stdin("new").ok();
    assert_eq!(count(&log(&t), "decrypts"), 1);
    run();
    assert_eq!(log(&t), ["decrypts"]);
    // What is new, all at once, when the signing key is open.
    std::fs::remove_file(kept_file(&t)).unwrap();
    run();
    assert_eq!(log(&t), ["decrypts"; 3], "the signing key, the chain's, and twelve secrets");
    run();
    assert_eq!(log(&t), ["decrypts"]);
    t.authy(["check"]).ok();
    log(&t);
    t.authy(["check"]).ok();
    assert_eq!(log(&t), ["decrypts"]);
    t.authy(["get", "s2"]).ok();
    assert_eq!(log(&t), ["decrypts"]);
    // Who says no is not asked again.
    let refused = t.authy(["run", "--scope", "all", "--", "true"]).env("REHEARSE_ASKS", "touch");
    refused.fails(6).stderr_has("the key was not touched");
    assert_eq!(log(&t), ["decrypts", "touch"]);
    // Without what was remembered it is as in the beginning.
    std::fs::remove_dir_all(kept(&t)).unwrap();
    t.authy(["allow", "--plugin", "rehearse", "--yes"]).ok();
    t.holds("s1", "new");
}

#[test]
fn what_is_remembered_is_believed_for_nothing() {
    let t = alone();
    t.store([("one", "1"), ("two", "2")]);
    t.holds("one", "1");
    let kept = crate::vault::files_below(&kept(&t));
    let kept: Vec<PathBuf> = kept.into_iter().filter(|file| file.extension().is_some()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    for file in &kept {
        let sealed = std::fs::read(file).unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
        assert_eq!(crate::vault::mode(file), 0o600);
        for bytes in [&b""[..], b"garbage", &sealed[..60]] {
            std::fs::write(file, bytes).unwrap();
            t.holds("one", "1");
            t.holds("two", "2");
        }
        std::fs::write(file, &sealed).unwrap();
    }
    t.holds("one", "1");
}

/// Whoever can write to the state folder does not read by it.
#[test]
fn a_list_that_somebody_else_wrote_is_none() {
    if !needs(["age", "age-keygen"]) {
        return;
    }
    let t = alone();
    t.store([("key", "k")]);
    t.holds("key", "k");
    let file = kept_file(&t);
    let thief = t.program("age-keygen", [] as [&str; 0]).ok().text();
    let recipient = thief.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let theirs = t.write("thief.key", &thief);
    let planted = t.program("age", ["-r", recipient]).stdin("").ok().stdout;
    std::fs::write(&file, &planted).unwrap();
    t.holds("key", "k");
    let words = ["-d", "-i", theirs.to_str().unwrap(), file.to_str().unwrap()];
    let read = t.program("age", words).ends();
    assert!(read.code != 0 && read.stdout.is_empty(), "{}", read.messages());
}

#[test]
fn nothing_is_started_that_nobody_allowed() {
    let t = alone();
    t.store([("key", "k")]);
    t.authy(["deny", "--plugin", "rehearse"]).ok();
    log(&t);
    t.authy(["get", "key"])
        .fails(4)
        .stderr_has("is not allowed on this machine")
        .stderr_has("authy allow --plugin rehearse");
    // Nor by an agent's word.
    t.authy(["allow", "--plugin", "rehearse", "--yes"]).env("CLAUDECODE", "1").fails(4);
    assert!(log(&t).is_empty());
    // A person at the terminal is asked once, and it is remembered.
    let mut screen = Screen::sh(&t, "authy get key; authy get key; echo done");
    screen.until("Start it, now and from now on? [y/N]").keys("y\r").until("done");
    assert_eq!(screen.contents().matches("[y/N]").count(), 1, "{}", screen.contents());
    screen.end();
    // Another program of the same name is another program.
    let evil = t.work().join("evil");
    std::fs::create_dir(&evil).unwrap();
    t.write("evil/age-plugin-rehearse", "#!/bin/sh\ntouch \"$0.ran\"\n");
    chmod(&evil.join("age-plugin-rehearse"), 0o755);
    let path = format!("{}:{}", evil.display(), with_plugin(&t));
    t.authy(["get", "key"]).env("PATH", path).fails(4).stderr_has("is not allowed");
    for name in ["age-plugin-rehearse", "../x", "A"] {
        t.authy(["allow", "--plugin", name]).fails(2);
    }
    let relative = format!(".:{}", with_plugin(&t));
    t.authy(["get", "key"]).env("PATH", relative).dir(&evil).ok().stdout_is("k");
    assert!(!evil.join("age-plugin-rehearse.ran").exists());
    t.authy(["get", "key"]).env("PATH", "/nowhere").fails(6).stderr_has("is not installed");
}

#[test]
fn it_asks_at_the_terminal_and_fails_where_nobody_is() {
    let mut t = alone();
    t.store([("key", "the-value")]);
    // Opened once: a touch is enough from then on.
    t.holds("key", "the-value");
    t.set("REHEARSE_ASKS", "touch");
    t.authy(["get", "key"]).fails(6).stderr_has("the key was not touched").stderr_has("terminal");
    let mut screen = Screen::sh(&t, "authy get key; echo done");
    screen.until("Touch the key? (y: touched, n: skip) [y/N]").keys("y\r").until("the-value");
    screen.end();
    let mut screen = Screen::sh(&t, "authy get key; echo \"ends $?\"");
    screen.until("Touch the key?").keys("n\r").until("ends 6");
    screen.end();
    t.set("REHEARSE_ASKS", "pin");
    let mut screen = Screen::sh(&t, "authy get key; echo done");
    screen.until("PIN:").keys("1234\r").until("the-value").hides("1234");
    screen.end();
    let mut screen = Screen::sh(&t, "authy get key; echo \"ends $?\"");
    screen.until("PIN:").keys("9999\r").until("wrong PIN").until("ends 6");
    screen.end();
}

#[test]
fn one_that_fails_is_told_from_damage() {
    let mut t = alone();
    t.store([("key", "k")]);
    t.set("REHEARSE_FAULT", "removed");
    t.authy(["get", "key"]).fails(6).stderr_has("says: the key is not plugged in");
    t.set("REHEARSE_FAULT", "lies");
    t.authy(["get", "key"]).fails(6).stderr_has("gave a key that does not open the file");
    t.set("REHEARSE_FAULT", "no");
    t.holds("key", "k");
}

#[test]
fn a_member_gets_such_a_key_where_the_vault_accepts_its_plugin() {
    let team = Team::new();
    let t = &team.t;
    let (bobs, recipient) = identity(t, "bob.key");
    let path = with_plugin(t);
    team.of("alice", &["store", "shared"]).stdin("value").ok();
    let add = ["member", "add", "bob", "--recipient", recipient.as_str()];
    let refused = team.of("alice", &add).fails(4);
    refused.stderr_has("is not accepted in this vault").stderr_has("set plugins rehearse'");
    team.of("alice", &["config", "set", "plugins", "../x"]).fails(2);
    team.of("alice", &["config", "set", "plugins", "tpm"]).ok();
    team.of("alice", &add).fails(4).stderr_has("set plugins tpm,rehearse'");
    team.of("alice", &["config", "set", "plugins", "rehearse,tpm"]).ok();
    team.of("alice", &add).ok();
    // To make him a reader needs the plugin; where it is missing nothing is written.
    let give = ["policy", "create", "all", "--allow", "*", "--member", "bob"];
    team.of("alice", &give).ok();
    let head = team.git("alice", ["rev-parse", "HEAD"]);
    let rekey = team.of("alice", &["rekey"]).fails(1);
    rekey.stderr_has("cannot encrypt to 'age1rehearse1").stderr_has("is not installed");
    assert_eq!(team.git("alice", ["rev-parse", "HEAD"]), head);
    let rekey = team.of("alice", &["rekey"]).env("PATH", &path).fails(4);
    rekey.stderr_has("is not allowed on this machine");
    team.of("alice", &["allow", "--plugin", "rehearse", "--yes"]).env("PATH", &path).ok();
    team.of("alice", &["rekey"]).env("PATH", &path).ok();
    team.of("alice", &["config", "set", "plugins", "none"])
        .fails(7)
        .stderr_has("what bob reads is encrypted by it");
    team.push("alice");
    team.clone_for("bob");
    let as_bob =
        |words: &[&str]| team.of("bob", words).env("PATH", &path).env("AUTHY_KEYFILE", &bobs);
    as_bob(&["allow", "--plugin", "rehearse", "--yes"]).ok();
    as_bob(&["get", "shared", "--scope", "all"]).ok().stdout_is("value");
}

#[test]
fn an_identity_says_whose_it_is() {
    let t = alone();
    t.store([("key", "k")]);
    let file = t.work().join("alice.key");
    let whole = text(&file);
    let bare = whole.lines().find(|line| line.starts_with("AGE-PLUGIN-")).unwrap().to_owned();
    t.write("alice.key", &bare);
    t.authy(["get", "key"]).fails(6).stderr_has("'# public key: age1rehearse1…'");
    let recipient = whole.lines().find_map(|line| line.strip_prefix("# recipient: ")).unwrap();
    for comment in ["public key: ", "    Recipient: ", ""] {
        t.write("alice.key", format!("# Serial: 1, Slot: 1\n#{comment} {recipient}\n{bare}\n"));
        t.holds("key", "k");
    }
}

#[test]
fn age_opens_the_files_with_the_same_plugin() {
    if !needs(["age"]) {
        return;
    }
    let t = alone();
    t.store([("key", "the-value")]);
    let key = t.work().join("alice.key");
    let words = ["-d", "-i", key.to_str().unwrap(), "secrets/key.age"];
    t.program("age", words).dir(t.vault()).env("PATH", with_plugin(&t)).ok().stdout_is("the-value");
}

#[test]
fn the_interface_asks_as_the_terminal_does() {
    let mut t = alone();
    t.store([("key", "the-value")]);
    t.holds("key", "the-value");
    t.set("REHEARSE_ASKS", "pin");
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.shows("• hidden").keys("\r");
    screen.shows("age-plugin-rehearse asks").shows("PIN:").keys("9999\r").shows("wrong PIN");
    screen.keys("\r").shows("PIN:").keys("1234\r").shows("the-value");
    assert!(!screen.written().contains("1234"));
    // What was opened stays open.
    screen.keys("\x1b").hides("the-value").keys("\r").shows("the-value");
    screen.keys("\x1b").hides("the-value").keys("q");
    assert_eq!(screen.last().0, 0);
    // Whoever leaves while it asks leaves.
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.shows("• hidden").keys("\r").shows("PIN:").keys("\x03");
    assert_eq!(screen.last().0, 0);
    t.set("REHEARSE_ASKS", "touch");
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.shows("• hidden").keys("\r").shows("yes: touched; no: skip").keys("n");
    screen.shows("the key was not touched").keys("\r").shows("Touch the key?").keys("y");
    screen.shows("the-value");
}

#[test]
fn a_key_that_a_plugin_keeps_is_neither_copied_nor_replaced() {
    let t = alone();
    for words in [
        &["backup", "copy.age"][..],
        &["backup"],
        &["member", "update", "--rotate-identity"],
        &["init", "--vault", "other", "--backup", "copy.age"],
    ] {
        let call = t.authy(words.iter().copied()).env("AUTHY_PASSPHRASE", "correct horse");
        call.fails(2).stderr_has("lies with the age plugin 'rehearse'");
    }
    assert!(!t.work().join("copy.age").exists() && !t.work().join("other/authy.toml").exists());
}

#[test]
fn an_ordinary_key_beside_it_is_tried_first() {
    if !needs(["age-keygen"]) {
        return;
    }
    let t = alone();
    t.store([("key", "k")]);
    let soft = t.program("age-keygen", [] as [&str; 0]).ok().text();
    let recipient = soft.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    t.authy(["member", "update", "alice", "--recipient", recipient]).ok();
    let both = format!("{}{soft}", text(&t.work().join("alice.key")));
    t.write("alice.key", both);
    log(&t);
    t.holds("key", "k");
    assert!(log(&t).is_empty(), "both open it");
}

#[test]
fn a_comment_that_names_another_key_is_found_out_before_anything_is_made() {
    let mut t = Sandbox::empty();
    let (_, others) = identity(&t, "other.key");
    let (key, own) = identity(&t, "alice.key");
    t.write("alice.key", text(&key).replace(&own, &others));
    t.set("PATH", with_plugin(&t));
    t.set("AUTHY_KEYFILE", key);
    // Nobody has allowed the plugin yet, nor is anybody there.
    t.authy(["init", "--member", "alice"]).ends().code_is(4);
    assert!(!t.vault().exists());
    t.authy(["allow", "--plugin", "rehearse", "--yes"]).ok();
    let refused = t.authy(["init", "--member", "alice"]).ends().code_is(6);
    refused.stderr_has("does not open what is encrypted to the recipient in the comment above it");
    assert!(!t.vault().exists());
}
