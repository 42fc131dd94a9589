//! `store`: what goes in comes out, byte for byte; what must not go in leaves no trace.

use crate::harness::{Sandbox, needs};
use crate::vault::text;

const MEBIBYTE: usize = 1 << 20;

#[test]
fn every_byte_comes_back() {
    if !needs(["age"]) {
        return;
    }
    let t = Sandbox::new();
    let all: Vec<u8> = (0..=255).cycle().take(4096).collect();
    t.authy(["store", "binary", "--raw"]).stdin(&all).ok().stdout_is("");
    t.holds("binary", &all);
    t.age_decrypt(&t.file("secrets/binary.age")).stdout_is(&all);
}

#[test]
fn the_newline_of_a_single_line_is_dropped_unless_raw() {
    let t = Sandbox::new();
    let cases: [(&str, &str, &str); 6] = [
        ("one", "v\n", "v"),
        ("none", "v", "v"),
        ("two", "v\n\n", "v\n\n"),
        ("inner", "a\nb\n", "a\nb\n"),
        ("spaces", "  v  \n", "  v  "),
        ("only", "\n\n", "\n\n"),
    ];
    for (name, given, kept) in cases {
        t.authy(["store", name]).stdin(given).ok();
        t.holds(name, kept);
        t.authy(["store", name, "--raw", "--force"]).stdin(given).ok();
        t.holds(name, given);
    }
    for bytes in [&b"\xff\xfe\n"[..], b"\x00\x01\n"] {
        t.authy(["store", "binary", "--force"]).stdin(bytes).ok();
        t.holds("binary", bytes);
    }
}

#[test]
fn an_empty_value_is_a_value_when_raw() {
    let t = Sandbox::new();
    t.authy(["store", "empty", "--raw"]).stdin("").ok();
    t.holds("empty", "");
}

#[test]
fn a_value_may_have_one_mebibyte_and_no_more() {
    let t = Sandbox::new();
    let most = vec![b'x'; MEBIBYTE];
    t.authy(["store", "big", "--raw"]).stdin(&most).ok();
    t.holds("big", &most);
    let more = vec![b'x'; MEBIBYTE + 1];
    t.authy(["store", "bigger", "--raw"]).stdin(&more).fails(2).stderr_has("1 MiB");
    t.authy(["rotate", "big", "--raw"]).stdin(&more).fails(2);
    let file = t.write("more", &more);
    t.authy(["store", "bigger", "--file", file.to_str().unwrap()]).fails(2);
    let endless = t.authy(["store", "bigger", "--file", "/dev/zero"]).ends();
    assert_ne!(endless.code, 0, "{endless}");
    t.lacks("bigger");
}

#[test]
fn a_value_can_come_from_a_file() {
    let t = Sandbox::new();
    t.write("cert.pem", b"\0\xff binary");
    t.authy(["store", "cert", "--file", "cert.pem"]).ok();
    t.holds("cert", b"\0\xff binary");
    t.authy(["store", "other", "--file", "absent.pem"]).fails(1).stderr_has("absent.pem");
}

#[test]
fn a_generated_value_has_the_length_asked_for_and_is_not_printed() {
    let t = Sandbox::new();
    t.authy(["store", "a", "--generate=40"]).ok().stdout_is("");
    let a = t.authy(["get", "a"]).ok().text();
    assert_eq!(a.len(), 40);
    t.authy(["store", "b", "--generate"]).ok().stdout_is("");
    let b = t.authy(["get", "b"]).ok().text();
    assert!(b.len() >= 20 && b.bytes().all(|c| c.is_ascii_graphic()), "{b}");
    t.authy(["store", "c", "--generate"]).ok();
    assert_ne!(t.authy(["get", "c"]).ok().text(), b);
    t.authy(["store", "d", "--generate=0"]).fails(2);
    t.authy(["store", "d", "--generate=many"]).fails(2);
}

#[test]
fn a_name_is_taken_once() {
    let t = Sandbox::new();
    t.store([("db-url", "old")]);
    t.authy(["store", "db-url"]).stdin("new").fails(7).stderr_has("db-url").stderr_has("--force");
    t.holds("db-url", "old");
    t.authy(["store", "db-url", "--force"]).stdin("new").ok();
    t.holds("db-url", "new");
}

#[test]
fn a_record_tells_everything_but_the_value() {
    let t = Sandbox::new();
    t.authy([
        "store",
        "db-url",
        "--description",
        "primary database",
        "--tag",
        "db",
        "--tag",
        "prod",
    ])
    .stdin("hunter2\n")
    .ok();
    let record = text(&t.file("secrets/db-url.toml"));
    for part in [
        "version = 1",
        "author = \"alice\"",
        "description = \"primary database\"",
        "tags = [",
        "\"prod\"",
        "readers = [\"alice\"]",
        "digest = \"sha256:",
        "[signature]",
        "by = \"alice\"",
        "sig = \"ed25519:",
    ] {
        assert!(record.contains(part), "no {part} in\n{record}");
    }
    assert!(!record.contains("hunter2"));
}

#[test]
fn names_are_checked_before_anything_else() {
    let t = Sandbox::new();
    let segment = "s".repeat(65);
    let long = ["abcdefghijklmnopqrst"; 9].join("/");
    let refused = [
        "",
        "A",
        "DB-URL",
        "a b",
        "a\tb",
        "a\nb",
        "../x",
        "..",
        ".",
        "/x",
        "x/",
        "a//b",
        ".x",
        "a/.x",
        "_x",
        "x.",
        "a./b",
        "x.age",
        "x.toml",
        "x.lock",
        "x.tmp",
        "a.age/b",
        "con",
        "nul",
        "com1",
        "a/con",
        "nul.txt",
        "é",
        "a\u{202e}b",
        "a\\b",
        "a:b",
        "a*",
        "a\u{1b}[31m",
        &segment,
        &long,
    ];
    for name in refused {
        t.authy(["store", name]).stdin("v").fails(2).only_printable();
        t.authy(["get", name]).fails(2).only_printable();
    }
    t.authy(["store", "--", "-x"]).stdin("v").fails(2);
    t.authy(["rotate", "A"]).stdin("v").fails(2);
    t.authy(["remove", "../x"]).fails(2);
    t.authy(["rename", "a", "../x"]).fails(2);
}

#[test]
fn names_at_the_limits_work() {
    let t = Sandbox::new();
    let segment = "s".repeat(64);
    let long = [&segment[..], &segment[..50], &segment].join("/");
    assert_eq!(long.len(), 180);
    for name in ["a", "0", "a.b_c-d", "team/db/url", "auth", "audit", "console", &segment, &long] {
        t.store([(name, name)]);
        t.holds(name, name);
    }
    t.store([("team/db", "beside its own folder")]);
    t.holds("team/db/url", "team/db/url");
    t.holds("team/db", "beside its own folder");
}

#[test]
fn usage_errors_are_exit_2() {
    let t = Sandbox::new();
    t.authy(["store"]).fails(2);
    t.authy(["store", "a", "--no-such-flag"]).stdin("v").fails(2);
    t.authy(["no-such-command"]).fails(2);
    t.authy(["store", "a", "--generate", "--file", "f"]).fails(2);
    t.authy(["--version"]).ok().stdout_has("authy");
    t.authy(["--help"]).ok().stdout_has("store");
}

#[test]
fn errors_are_json_when_asked_for() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--json", "get", "absent"], 3, "not_found"),
        (&["--json", "store", "a"], 7, "conflict"),
        (&["--json", "get", "A B"], 2, "usage"),
        (&["--json", "run", "--", "true"], 2, "usage"),
    ];
    for (words, code, word) in cases {
        let error = t.authy(words).stdin("2").fails(code).stdout_is("").json_error();
        assert_eq!(error["code"], word);
        assert_eq!(error["exit_code"], code);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
}
