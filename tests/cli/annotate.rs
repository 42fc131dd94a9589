//! `annotate`: what a record says changes, the value stays as it is.

use crate::harness::Sandbox;

#[test]
fn what_a_record_says_changes_and_the_value_stays() {
    let t = Sandbox::new();
    let words = ["store", "db-url", "--description", "old", "--tag", "a", "--tag", "b"];
    t.authy(words).stdin("v\n").ok();
    let file = t.vault().join("secrets/db-url.age");
    let before = std::fs::read(&file).unwrap();
    let details = || t.authy(["list", "--json"]).ok().json()[0].clone();
    let old = details();
    t.authy([
        "annotate",
        "db-url",
        "--description",
        "new",
        "--untag",
        "a",
        "--tag",
        "c",
        "--rotate-every",
        "90d",
    ])
    .ok()
    .stderr_has("annotated db-url (version 2)");
    let new = details();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!((&new["version"], &new["description"]), (&2.into(), &"new".into()));
    assert_eq!(new["tags"], serde_json::json!(["b", "c"]));
    assert_eq!(new["rotate_every"], "90d");
    for kept in ["created", "changed", "author", "readers"] {
        assert_eq!(new[kept], old[kept], "{kept}");
    }
    t.holds("db-url", "v");
    assert_eq!(t.log()[0], "Annotate db-url (v2)");
    t.authy(["annotate", "db-url", "--no-rotate-every", "--json"])
        .ok()
        .stdout_is_json(r#"{"name":"db-url","version":3}"#);
    assert!(details()["rotate_every"].is_null());
    t.verifies();
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn who_may_not_write_annotates_nothing() {
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("backend", ["db-*"]);
    t.authy(["annotate", "absent", "--tag", "x"]).fails(3).stderr_has("absent");
    let token = t.authy(["session", "create", "--scope", "backend"]).ok().text();
    t.authy(["annotate", "db-url", "--tag", "x"])
        .env("AUTHY_TOKEN", token.trim())
        .fails(4)
        .stderr_has("read-only");
}
