//! A secret that was removed stays removed: what git puts back is refused until somebody
//! makes it anew.

use crate::harness::Sandbox;

/// A vault in which `gone` was stored twice, removed, and put back by git.
fn revived() -> Sandbox {
    let t = Sandbox::new();
    t.store([("gone", "old"), ("kept", "1")]);
    t.authy(["rotate", "gone", "--raw"]).stdin("older-canary").ok();
    t.policy("all", ["*"]);
    t.authy(["remove", "gone"]).ok();
    t.lacks("gone");
    t.git(["checkout", "-q", "HEAD~1", "--", "secrets/gone.age", "secrets/gone.toml"]);
    t
}

#[test]
fn git_does_not_bring_a_removed_secret_back() {
    let t = revived();
    for words in [
        &["get", "gone"][..],
        &["run", "--scope", "all", "--", "true"],
        &["env", "--scope", "all"],
        &["rename", "gone", "new"],
        &["edit", "gone"],
    ] {
        let done = t.authy(words).env("EDITOR", "true").ends().code_is(5);
        done.stdout_is("")
            .stderr_has("was removed on this machine at version 2")
            .stderr_has("authy remove gone");
    }
    t.authy(["list", "--long"]).ok().stdout_has("was removed");
    t.holds("kept", "1");
    let record = t
        .trail()
        .into_iter()
        .rev()
        .find(|entry| entry["op"] == "get" && entry["outcome"] == "failed");
    assert_eq!(record.unwrap()["secrets"][0], "gone");
}

#[test]
fn it_can_be_removed_again() {
    let t = revived();
    t.authy(["remove", "gone"]).ok();
    t.is_clean();
    t.lacks("gone");
    t.authy(["run", "--scope", "all", "--", "true"]).ok();
}

#[test]
fn it_can_be_stored_anew_and_the_new_one_is_newer() {
    let t = revived();
    t.authy(["store", "gone", "--raw"]).stdin("fresh").ok();
    t.is_clean();
    t.holds("gone", "fresh");
    // The old one is still refused.
    t.git(["checkout", "-q", "HEAD~2", "--", "secrets/gone.age", "secrets/gone.toml"]);
    t.authy(["get", "gone"]).ends().code_is(5).stdout_is("");
}

#[test]
fn a_name_that_was_given_up_by_a_rename_stays_given_up() {
    let t = Sandbox::new();
    t.store([("old", "1")]);
    t.authy(["rename", "old", "new"]).ok();
    t.git(["checkout", "-q", "HEAD~1", "--", "secrets/old.age", "secrets/old.toml"]);
    t.authy(["get", "old"]).ends().code_is(5).stdout_is("");
    t.holds("new", "1");
    t.authy(["remove", "old"]).ok();
    t.authy(["rename", "new", "old"]).ok();
    t.holds("old", "1");
}

#[test]
fn a_machine_that_never_saw_the_removal_cannot_tell() {
    let t = revived();
    t.authy(["get", "gone"]).env("AUTHY_STATE_DIR", t.path("fresh")).ok().stdout_is("older-canary");
}
