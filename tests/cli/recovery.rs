//! When an identity is lost: copies on paper and elsewhere, and an admin in a drawer.

use std::fs;

use crate::harness::{Call, Sandbox};
use crate::vault::{mode, text};

/// With the passphrase of a copy, or of what is under one.
fn typed<'t>(t: &'t Sandbox, words: &[&str]) -> Call<'t> {
    t.authy(words).env("AUTHY_PASSPHRASE", "correct horse")
}

#[test]
fn a_page_brings_an_identity_back() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let page = typed(&t, &["backup"]).ok().stdout_has("authy recover").stdout_has("▀").text();
    assert!(!page.contains("SECRET-KEY"));
    let widest = page.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 80, "{widest}");
    let before = text(&t.key());
    fs::remove_file(t.key()).unwrap();
    // As a mail program would have it: indented, with words around it.
    let mail = page.replace('\n', "\r\n    ");
    t.write("page.txt", format!("> hello\n{mail}"));
    t.authy(["recover", "page.txt"]).env("AUTHY_PASSPHRASE", "wrong").fails(6);
    assert!(!t.key().exists());
    typed(&t, &["recover", "page.txt"]).ok().stderr_has("of alice");
    assert_eq!(mode(&t.key()), 0o600);
    assert!(!text(&t.key()).contains("SECRET-KEY"), "it keeps its passphrase");
    typed(&t, &["get", "a"]).ok().stdout_is("1");
    // Nothing is overwritten, and standard input will do.
    typed(&t, &["recover", "page.txt"]).fails(7).stderr_has("--to");
    let again = typed(&t, &["recover", "-", "--to", "other.key", "--json"]).stdin(&page).ok();
    assert_eq!(again.json()["member"], "alice");
    typed(&t, &["get", "a", "--keyfile", "other.key"]).ok().stdout_is("1");
    assert!(before.contains("SECRET-KEY"));
}

#[test]
fn a_file_brings_it_back_and_what_is_none_is_refused() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    typed(&t, &["backup", "copy.key"]).ok();
    fs::remove_dir_all(t.file("keys")).unwrap();
    t.write("no-copy", "hunter2\n");
    typed(&t, &["recover", "no-copy"]).fails(6).stderr_has("no copy").stderr_lacks("hunter2");
    typed(&t, &["recover", "missing"]).fails(1);
    typed(&t, &["recover", "copy.key"]).env("CLAUDECODE", "1").fails(4);
    typed(&t, &["recover", "copy.key"]).env("AUTHY_TOKEN", "x").fails(6);
    typed(&t, &["recover", "copy.key"]).ok();
    typed(&t, &["get", "a"]).ok().stdout_is("1");
    // A protected identity keeps its passphrase on the page.
    let page = typed(&t, &["backup", "--json"]).ok().json();
    t.write("page", page["text"].as_str().unwrap());
    typed(&t, &["get", "a", "--keyfile", "page"]).fails(6).stderr_has("chmod");
}

#[test]
fn an_admin_in_a_drawer_saves_a_vault() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["check"]).ok().stderr_has("alice alone opens every secret");
    t.authy(["check"]).ok().stderr_lacks("alone");
    typed(&t, &["member", "add", "recovery", "--recovery", "drawer.key"])
        .ok()
        .stderr_has("keep that file offline");
    let drawer = t.work().join("drawer.key");
    assert_eq!(mode(&drawer), 0o600);
    assert!(!text(&drawer).contains("SECRET-KEY"));
    t.authy(["rekey"]).ok();
    t.authy(["check", "--strict"]).ok().stderr_has("2 admins open every secret");
    // Nothing is left of one that was refused.
    typed(&t, &["member", "add", "recovery", "--recovery", "second.key"]).ends();
    assert!(!t.work().join("second.key").exists());
    t.authy(["--no-input", "member", "add", "other", "--recovery", "third.key"]).fails(6);
    // The day comes.
    fs::remove_file(t.key()).unwrap();
    typed(&t, &["get", "a", "--keyfile", "drawer.key"]).ok().stdout_is("1");
    let (key, public) = t.outsider("carol");
    let rescue = |words: &[&str]| typed(&t, words).env("AUTHY_KEYFILE", &drawer);
    rescue(&["member", "add", "carol", "--recipient", &public, "--admin"]).ok();
    rescue(&["rekey"]).ok();
    rescue(&["member", "remove", "alice"]).ok();
    t.authy(["get", "a"]).env("AUTHY_KEYFILE", &key).ok().stdout_is("1");
    t.authy(["check", "--strict"]).env("AUTHY_KEYFILE", &key).ends().says("could read it");
}
