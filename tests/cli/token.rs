//! `AUTHY_TOKEN` set at all decides alone: no identity is ever used beside it.

use crate::harness::Sandbox;

const TOKENS: [&str; 6] = [
    "",
    " ",
    "garbage",
    "authy_v1.",
    "authy_v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "authy_v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

#[test]
fn a_token_that_opens_nothing_is_exit_6_in_every_command() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.policy("all", ["*"]);
    let commands: [&[&str]; 12] = [
        &["get", "a"],
        &["get", "a", "--scope", "all"],
        &["run", "--scope", "all", "--", "true"],
        &["env", "--scope", "all"],
        &["export", "--scope", "all"],
        &["list"],
        &["store", "b"],
        &["rotate", "a"],
        &["remove", "a"],
        &["rename", "a", "b"],
        &["edit", "a"],
        &["policy", "create", "mine", "--allow", "*"],
    ];
    for token in TOKENS {
        for words in commands {
            t.authy(words)
                .env("AUTHY_TOKEN", token)
                .env("EDITOR", "true")
                .stdin("v")
                .fails(6)
                .stdout_is("");
        }
    }
    t.holds("a", "1");
}

#[test]
fn a_keyfile_beside_a_token_is_not_used() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let key = t.key();
    t.authy(["--keyfile", key.to_str().unwrap(), "get", "a"])
        .env("AUTHY_TOKEN", "")
        .fails(6)
        .stdout_is("");
    t.authy(["get", "a"]).env("AUTHY_TOKEN", "x").env("AUTHY_KEYFILE", &key).fails(6).stdout_is("");
    t.authy(["get", "a"])
        .env("AUTHY_TOKEN", "x")
        .env("AUTHY_IDENTITY", crate::vault::text(&key))
        .fails(6)
        .stdout_is("");
}

#[test]
fn a_token_that_is_no_text_is_exit_6() {
    use std::os::unix::ffi::OsStrExt as _;
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["get", "a"])
        .env("AUTHY_TOKEN", std::ffi::OsStr::from_bytes(b"\xff"))
        .fails(6)
        .stdout_is("");
}
