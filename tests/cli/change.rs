//! `rotate`, `remove`, `rename`: one change, one commit, nothing else touched.

use crate::harness::{Sandbox, needs};
use crate::vault::text;

#[test]
fn rotate_gives_a_new_value_and_the_next_version() {
    let t = Sandbox::new();
    t.authy(["store", "db-url", "--description", "primary"]).stdin("old\n").ok();
    t.authy(["rotate", "db-url"]).stdin("new\n").ok().stdout_is("");
    t.is_clean();
    t.holds("db-url", "new");
    let record = text(&t.file("secrets/db-url.toml"));
    assert!(record.contains("version = 2"), "{record}");
    assert!(record.contains("description = \"primary\""), "{record}");
    assert_eq!(t.log()[0], "Rotate db-url (v2)");
}

#[test]
fn rotate_can_generate() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    t.authy(["rotate", "a", "--generate=32"]).ok().stdout_is("");
    assert_eq!(t.authy(["get", "a"]).ok().text().len(), 32);
}

#[test]
fn rotate_and_remove_need_the_secret() {
    let t = Sandbox::new();
    t.authy(["rotate", "absent"]).stdin("v").fails(3);
    t.authy(["remove", "absent"]).fails(3);
    t.authy(["rename", "absent", "other"]).fails(3);
}

#[test]
fn remove_takes_both_files() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    t.authy(["remove", "a"]).ok();
    t.is_clean();
    t.lacks("a");
    assert!(!t.file("secrets/a.age").exists());
    t.authy(["list"]).ok().stdout_is("b\n");
    assert!(t.log()[0].starts_with("Remove a"), "{:?}", t.log());
    t.holds("b", "2");
}

#[test]
fn a_removed_name_can_be_stored_again() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["rotate", "a"]).stdin("2").ok();
    t.authy(["remove", "a"]).ok();
    t.store([("a", "3")]);
    t.holds("a", "3");
}

#[test]
fn rename_moves_the_value_and_its_record() {
    if !needs(["age"]) {
        return;
    }
    let t = Sandbox::new();
    t.authy(["store", "old", "--description", "kept"]).stdin("1").ok();
    t.authy(["rename", "old", "deep/new"]).ok();
    t.is_clean();
    t.lacks("old");
    t.holds("deep/new", "1");
    assert!(text(&t.file("secrets/deep/new.toml")).contains("kept"));
    assert!(t.log()[0].starts_with("Rename old"), "{:?}", t.log());
    t.age_decrypt(&t.file("secrets/deep/new.age")).stdout_is("1");
    t.authy(["rename", "deep/new", "old"]).ok();
    t.is_clean();
    t.holds("old", "1");
}

#[test]
fn rename_never_overwrites() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    t.authy(["rename", "a", "b"]).fails(7).stderr_has("b");
    t.authy(["rename", "a", "a"]).fails(7).stderr_has("is the name of 'a' already");
    t.holds("a", "1");
    t.holds("b", "2");
}

#[test]
fn changing_one_secret_leaves_the_files_of_others_alone() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    let before = std::fs::read(t.file("secrets/b.age")).unwrap();
    t.authy(["rotate", "a"]).stdin("3").ok();
    t.authy(["rename", "a", "c"]).ok();
    assert_eq!(std::fs::read(t.file("secrets/b.age")).unwrap(), before);
}

#[test]
fn quiet_says_nothing_but_errors() {
    let t = Sandbox::new();
    t.authy(["-q", "store", "a"]).stdin("1").ok().stdout_is("").stderr_is_empty();
    t.authy(["-q", "rotate", "a"]).stdin("2").ok().stderr_is_empty();
    t.authy(["-q", "get", "absent"]).fails(3).stderr_has("absent");
}
