//! `get`: exact bytes, and who may not.

use std::fs;

use crate::harness::Sandbox;

#[test]
fn a_pipe_gets_no_newline() {
    let t = Sandbox::new();
    t.store([("a", "value")]);
    t.authy(["get", "a"]).ok().stdout_is("value").stderr_is_empty();
}

#[test]
fn a_missing_secret_is_exit_3_with_the_nearest_name() {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2")]);
    t.authy(["get", "db-ulr"])
        .fails(3)
        .stdout_is("")
        .stderr_has("db-ulr")
        .stderr_has("db-url")
        .stderr_has("hint");
    t.authy(["get", "entirely/else"]).fails(3).stderr_lacks("api-key");
    t.authy(["rotate", "db-ulr"]).stdin("v").fails(3).stderr_has("db-url");
    t.authy(["remove", "db-ulr"]).fails(3);
}

#[test]
fn a_scope_narrows_what_get_gives() {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2")]);
    t.policy("backend", ["db-*"]);
    t.authy(["get", "db-url", "--scope", "backend"]).ok().stdout_is("1");
    t.authy(["get", "api-key", "--scope", "backend"])
        .fails(4)
        .stdout_is("")
        .stderr_has("api-key")
        .stderr_has("backend");
    t.authy(["get", "db-url", "--scope", "no-such-scope"]).fails(3).stderr_has("no-such-scope");
    t.authy(["get", "db-url", "--scope", "Bad Scope"]).fails(2);
}

#[test]
fn denied_comes_before_existence() {
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("backend", ["db-*"]);
    t.authy(["get", "no-such", "--scope", "backend"]).fails(4);
    t.authy(["get", "db-none", "--scope", "backend"]).fails(3);
}

#[test]
fn without_an_identity_nothing_is_read() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    fs::remove_dir_all(t.file("keys")).unwrap();
    t.authy(["get", "a"]).fails(6).stdout_is("");
}
