//! `policy`: create, show, list, update, remove, test.

use serde_json::json;

use crate::harness::{Sandbox, needs};
use crate::vault::text;

fn guide() -> Sandbox {
    let t = Sandbox::new();
    t.authy([
        "policy",
        "create",
        "my-agent",
        "--allow",
        "api-*",
        "--allow",
        "db-dev-*",
        "--deny",
        "db-prod-*",
        "--deny",
        "*-admin",
        "--description",
        "for the agent",
    ])
    .ok()
    .stdout_is("");
    t
}

#[test]
fn a_created_policy_is_signed_and_committed() {
    let t = guide();
    let file = text(&t.file("policies/my-agent.toml"));
    for part in ["\"api-*\"", "\"db-prod-*\"", "for the agent", "[signature]", "by = \"alice\""] {
        assert!(file.contains(part), "no {part} in\n{file}");
    }
    assert!(t.log()[0].contains("my-agent"), "{:?}", t.log());
    t.is_clean();
}

#[test]
fn deny_wins_and_silence_denies() {
    let t = guide();
    let verdicts = [
        ("api-key", "ALLOWED", "api-*", 0),
        ("db-dev-host", "ALLOWED", "db-dev-*", 0),
        ("db-prod-host", "DENIED", "db-prod-*", 4),
        ("api-admin", "DENIED", "*-admin", 4),
        ("mail", "DENIED", "", 4),
    ];
    for (name, word, pattern, code) in verdicts {
        let words = ["policy", "test", "--scope", "my-agent", name];
        t.authy(words).ends().code_is(code).stdout_has(word).stdout_has(pattern);
    }
    t.authy(["policy", "test", "--scope", "absent", "a"]).fails(3);
    t.authy(["policy", "test", "--scope", "my-agent", "Bad Name"]).fails(2);
}

#[test]
fn globs_mean_what_the_contract_says() {
    let t = Sandbox::new();
    t.policy("globs", ["team/*", "db?", "k[0-9]", "{red,blue}-x", "exact"]);
    let cases = [
        ("team/db/url", 0),
        ("team", 4),
        ("db1", 0),
        ("db12", 4),
        ("k7", 0),
        ("kx", 4),
        ("red-x", 0),
        ("blue-x", 0),
        ("green-x", 4),
        ("exact", 0),
        ("exactly", 4),
    ];
    for (name, code) in cases {
        t.authy(["policy", "test", "--scope", "globs", name]).ends().code_is(code);
    }
}

#[test]
fn show_and_list_tell_what_is_in_force() {
    let t = guide();
    t.policy("other", ["x"]);
    t.authy(["policy", "show", "my-agent"])
        .ok()
        .stdout_has("api-*")
        .stdout_has("*-admin")
        .stdout_has("for the agent");
    t.authy(["policy", "list"]).ok().stdout_has("my-agent").stdout_has("other");
    let list = t.authy(["--json", "policy", "list"]).ok().json();
    assert_eq!(list[0]["name"], "my-agent");
    assert_eq!(list[0]["status"], "in-force");
    assert_eq!(list[0]["allow"], serde_json::json!(["api-*", "db-dev-*"]));
    let show = t.authy(["--json", "policy", "show", "my-agent"]).ok().json();
    assert_eq!(show["deny"], serde_json::json!(["db-prod-*", "*-admin"]));
    t.authy(["policy", "show", "absent"]).fails(3).stderr_has("absent");
    t.authy(["policy", "show", "my-agnet"]).fails(3).stderr_has("my-agent");
}

#[test]
fn a_scope_name_is_taken_once() {
    let t = guide();
    t.authy(["policy", "create", "my-agent", "--allow", "*"]).fails(7).stderr_has("my-agent");
    t.authy(["policy", "create", "Bad Name", "--allow", "*"]).fails(2);
    t.authy(["policy", "create", "a/b", "--allow", "*"]).fails(2);
}

#[test]
fn update_adds_and_takes_away() {
    let t = guide();
    let allowed =
        |name: &str| t.authy(["policy", "test", "--scope", "my-agent", name]).ends().code == 0;
    assert!(!allowed("mail-key"));
    t.authy(["policy", "update", "my-agent", "--allow", "mail-*"]).ok();
    assert!(allowed("mail-key") && allowed("api-key"));
    t.authy(["policy", "update", "my-agent", "--remove-allow", "mail-*", "--deny", "api-secret"])
        .ok();
    assert!(!allowed("mail-key") && !allowed("api-secret") && allowed("api-key"));
    t.authy(["policy", "update", "my-agent", "--remove-deny", "api-secret"]).ok();
    assert!(allowed("api-secret"));
    assert!(text(&t.file("policies/my-agent.toml")).contains("version = 4"));
    t.authy(["policy", "update", "absent", "--allow", "x"]).fails(3);
}

#[test]
fn run_only_can_be_set_and_unset() {
    let t = guide();
    t.store([("api-key", "1")]);
    t.authy(["policy", "update", "my-agent", "--run-only"]).ok();
    t.authy(["get", "api-key", "--scope", "my-agent"]).fails(4);
    t.authy(["policy", "update", "my-agent", "--run-only=false"]).ok();
    t.authy(["get", "api-key", "--scope", "my-agent"]).ok().stdout_is("1");
}

#[test]
fn programs_are_taken_away_one_by_one_and_the_limit_as_a_whole() {
    let t = guide();
    let update = |words: &[&str]| {
        t.authy([&["policy", "update", "my-agent"], words].concat()).ok();
        t.authy(["policy", "show", "my-agent", "--json"]).ok().json()["commands"].clone()
    };
    let run = |program: &str| t.authy(["run", "--scope", "my-agent", "--", program]);
    assert_eq!(update(&["--command", "true", "--command", "uname"]), json!(["true", "uname"]));
    run("uname").ok();
    assert_eq!(update(&["--remove-command", "uname"]), json!(["true"]));
    run("true").ok();
    run("uname").fails(4);
    // The last one that goes opens nothing.
    assert_eq!(update(&["--remove-command", "true"]), json!([]));
    run("true").fails(4);
    t.authy(["policy", "diff", "HEAD~1"]).ok().stdout_has("may start no program (before: true)");
    for other in [["--command", "true"], ["--remove-command", "true"]] {
        t.authy([["policy", "update", "my-agent", "--any-command"].as_slice(), &other].concat())
            .fails(2);
    }
    assert!(update(&["--any-command"]).is_null());
    run("uname").ok();
    t.authy(["policy", "diff", "HEAD~1"]).ok().stdout_has("may start any program");
}

#[test]
fn a_broken_pattern_writes_nothing() {
    let t = guide();
    for pattern in ["[", "a[b", "{a", "a{b,c", ""] {
        t.authy(["policy", "create", "broken", "--allow", pattern]).fails(2);
        t.authy(["policy", "update", "my-agent", "--deny", pattern]).fails(2);
    }
    t.authy(["policy", "create", "broken", "--allow", "[z-"]).fails(2).stderr_has("[z-");
    t.authy(["policy", "create", "broken", "--allow", "a", "--max-ttl", "soon"])
        .fails(2)
        .stderr_has("soon");
    t.authy(["policy", "create", "broken", "--allow", "a", "--command", "["]).fails(2);
}

#[test]
fn a_removed_policy_gives_nothing() {
    let t = guide();
    t.store([("api-key", "1")]);
    t.authy(["policy", "remove", "my-agent"]).ok();
    let done = t.authy(["run", "--scope", "my-agent", "--", "true"]).ends();
    assert!(done.code == 3 || done.code == 4, "{done}");
    t.authy(["policy", "list"]).ok().stdout_lacks("api-*");
    t.authy(["policy", "remove", "my-agent"]).fails(3);
    t.authy(["policy", "create", "my-agent", "--allow", "api-*"]).ok();
    t.authy(["get", "api-key", "--scope", "my-agent"]).ok().stdout_is("1");
}

#[test]
fn the_longest_life_of_sessions_can_be_taken_away() {
    let t = guide();
    let ttl = || t.authy(["policy", "show", "my-agent", "--json"]).ok().json()["max_ttl"].clone();
    t.authy(["policy", "update", "my-agent", "--max-ttl", "2h"]).ok();
    assert_eq!(ttl(), "2h");
    t.authy(["policy", "update", "my-agent", "--max-ttl", "3h", "--no-max-ttl"]).fails(2);
    t.authy(["policy", "update", "my-agent", "--no-max-ttl"]).ok();
    assert!(ttl().is_null());
    t.authy(["policy", "update", "my-agent", "--no-max-ttl"])
        .fails(2)
        .stderr_has("says that already");
}

#[test]
fn who_may_use_a_policy_is_named() {
    let t = guide();
    let users = || t.authy(["policy", "show", "my-agent", "--json"]).ok().json()["users"].clone();
    assert_eq!(users(), serde_json::json!(["alice"]));
    if !needs(["ssh-keygen"]) {
        return;
    }
    t.sh("ssh-keygen -q -t ed25519 -N '' -f bob && authy member add bob --recipients-file bob.pub --group web")
        .ok();
    assert_eq!(users(), serde_json::json!(["alice"]));
    t.authy(["policy", "update", "my-agent", "--member", "@web"]).ok();
    assert_eq!(users(), serde_json::json!(["alice", "bob"]));
    t.authy(["policy", "show", "my-agent"]).ok().stdout_has("used by:     alice bob");
}
