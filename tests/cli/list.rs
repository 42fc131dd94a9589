//! `list`: names without an identity, in every form.

use std::fs;

use crate::harness::Sandbox;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2"), ("team/db-pass", "3")]);
    t.policy("backend", ["db-*", "team/*"]);
    t
}

#[test]
fn names_are_sorted_one_per_line() {
    stocked().authy(["list"]).ok().stdout_is("api-key\ndb-url\nteam/db-pass\n");
}

#[test]
fn a_pattern_selects() {
    let t = stocked();
    t.authy(["list", "db-*"]).ok().stdout_is("db-url\n");
    t.authy(["list", "*db*"]).ok().stdout_is("db-url\nteam/db-pass\n");
    t.authy(["list", "zzz*"]).ok().stdout_is("");
    t.authy(["list", "[broken"]).fails(2).stderr_has("[broken");
}

#[test]
fn a_scope_selects() {
    let t = stocked();
    t.authy(["list", "--scope", "backend"]).ok().stdout_is("db-url\nteam/db-pass\n");
    t.authy(["list", "team/*", "--scope", "backend"]).ok().stdout_is("team/db-pass\n");
    t.authy(["list", "--scope", "absent"]).fails(3);
    t.authy(["list"]).env("AUTHY_SCOPE", "backend").ok().stdout_is("db-url\nteam/db-pass\n");
}

#[test]
fn long_shows_the_record() {
    let t = stocked();
    t.authy(["rotate", "db-url"]).stdin("9").ok();
    t.authy(["list", "--long"]).ok().stdout_has("db-url").stdout_has("alice").stdout_lacks("9\n");
}

#[test]
fn json_is_an_array_of_objects() {
    let t = stocked();
    let list = t.authy(["--json", "list", "--long"]).ok().json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[1]["name"], "db-url");
    assert!(list[1].to_string().contains("\"author\":\"alice\""), "{}", list[1]);
    let names = t.authy(["list", "--json"]).ok().json();
    assert_eq!(names[0]["name"], "api-key");
}

#[test]
fn an_empty_vault_lists_nothing() {
    let t = Sandbox::new();
    t.authy(["list"]).ok().stdout_is("");
    assert_eq!(t.authy(["--json", "list"]).ok().json(), serde_json::json!([]));
}

#[test]
fn listing_needs_no_identity() {
    let t = stocked();
    fs::remove_dir_all(t.file("keys")).unwrap();
    t.authy(["list"]).ok().stdout_is("api-key\ndb-url\nteam/db-pass\n");
    t.authy(["list", "--scope", "backend"]).ok().stdout_is("db-url\nteam/db-pass\n");
    t.authy(["list", "--long"]).ok().stdout_has("db-url");
}

#[test]
fn descriptions_never_reach_a_terminal_raw() {
    let t = Sandbox::new();
    t.authy([
        "store",
        "a",
        "--description",
        "red \u{1b}[31m and \u{202e}turned",
        "--tag",
        "b\u{7}",
    ])
    .stdin("1")
    .ends()
    .only_printable();
    let list = t.authy(["list", "--long"]).ok().only_printable();
    assert!(!list.text().contains('\u{202e}'), "{list}");
}

#[test]
fn what_was_removed_is_listed_as_git_tells_it() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2"), ("c", "3"), ("svc/d", "4")]);
    t.authy(["list", "--removed"]).ok().stdout_is("").stderr_has("nothing was removed");
    t.authy(["remove", "a"]).ok();
    t.authy(["rename", "b", "b2"]).ok();
    t.authy(["rm", "-r", "svc"]).ok();
    t.authy(["remove", "c"]).ok();
    t.authy(["restore", "c"]).ok();
    let list = t.authy(["list", "--removed", "--json"]).ok().json();
    let names: Vec<_> = list.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["svc/d", "b", "a"]);
    assert_eq!(list[1]["subject"], "Rename b to b2");
    assert!(list[0]["commit"]["id"].is_string());
    t.authy(["ls", "svc/", "--removed"]).ok().stdout_has("svc/d").stdout_lacks("Rename");
    t.policy("one", ["a"]);
    let token = t.authy(["session", "create", "--scope", "one"]).ok().text();
    let seen = t.authy(["list", "--removed"]).env("AUTHY_TOKEN", token.trim()).ok();
    seen.stdout_has("Remove a").stdout_lacks("svc");
    t.authy(["restore", "svc/d"]).ok();
    t.authy(["get", "svc/d"]).ok().stdout_is("4");
    t.authy(["list", "--removed"]).ok().stdout_lacks("svc/d");
}
