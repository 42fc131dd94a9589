//! Keys that a quantum computer does not break: a vault of them, and a team that moves over.

use crate::harness::{Call, Sandbox};

/// A vault whose admin has such a key.
fn hybrid() -> Sandbox {
    let t = Sandbox::empty();
    let made = t.authy(["init", "--member", "alice", "--post-quantum", "--json"]).ok().json();
    assert!(made["recipient"].as_str().unwrap().starts_with("age1pq1"));
    t.store([("a", "1"), ("b", "2")]);
    t
}

/// The kinds of stanzas of a value's file.
fn kinds(t: &Sandbox, name: &str) -> Vec<String> {
    let file = std::fs::read(t.file(&format!("secrets/{name}.age"))).unwrap();
    let text = String::from_utf8_lossy(&file);
    let stanzas = text.lines().filter_map(|line| line.strip_prefix("-> "));
    let kinds = stanzas.map(|line| line.split(' ').next().unwrap().to_owned());
    let mut kinds: Vec<String> = kinds.filter(|kind| !kind.ends_with("-grease")).collect();
    kinds.sort();
    kinds
}

/// The same vault, as somebody else with a home of their own.
fn as_bob<'t>(t: &'t Sandbox, words: &[&str]) -> Call<'t> {
    std::fs::create_dir_all(t.path("bob")).unwrap();
    let call = t.authy(words).env("HOME", t.path("bob")).env("AUTHY_VAULT", t.vault());
    call.env("XDG_STATE_HOME", t.path("bob-state"))
}

#[test]
fn a_vault_can_be_of_such_keys_alone() {
    let t = hybrid();
    assert!(crate::vault::text(&t.key()).contains("\nAGE-SECRET-KEY-PQ-1"));
    t.holds("a", "1");
    t.authy(["rotate", "a"]).stdin("3").ok();
    t.holds("a", "3");
    assert_eq!(kinds(&t, "a"), ["mlkem768x25519"]);
    // For people the two thousand characters of a recipient are cut.
    t.authy(["member", "show", "alice"]).ok().stdout_has("age1pq1").stdout_has("…");
    let shown = t.authy(["member", "show", "alice", "--json"]).ok().json();
    assert_eq!(shown["recipients"][0].as_str().unwrap().len(), 1959);
    // Whoever joins gets one too.
    let bob = as_bob(&t, &["join", "--member", "bob", "--json"]).ok().json();
    assert!(bob["recipient"].as_str().unwrap().starts_with("age1pq1"));
    let approved = t.authy(["approve", "bob", "--yes"]).ok();
    assert!(approved.text().lines().all(|line| line.len() < 400), "{}", approved.text());
    t.authy(["policy", "create", "all", "--allow", "*", "--member", "bob"]).ok();
    t.authy(["rekey"]).ok();
    as_bob(&t, &["get", "a"]).ok().stdout_is("3");
    assert_eq!(kinds(&t, "a"), ["mlkem768x25519", "mlkem768x25519"]);
    let found = t.authy(["check", "--strict"]).ok();
    found.stderr_lacks("quantum");
}

#[test]
fn a_token_of_such_a_member_is_of_the_same_kind() {
    let t = hybrid();
    t.authy(["policy", "create", "all", "--allow", "*", "--member", "alice"]).ok();
    for shared in [&["--shared"][..], &[]] {
        let words = [&["session", "create", "--scope", "all"], shared].concat();
        let token = t.authy(words).ok().text();
        let token = token.trim_end();
        t.authy(["get", "b"]).env("AUTHY_TOKEN", token).ok().stdout_is("2");
        t.authy(["rotate", "a"]).stdin("4").ok();
        t.authy(["get", "a"]).env("AUTHY_TOKEN", token).ok().stdout_is("4");
        t.authy(["rotate", "a"]).env("AUTHY_TOKEN", token).stdin("5").fails(4);
    }
    assert_eq!(kinds(&t, "a"), ["mlkem768x25519", "mlkem768x25519"]);
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_team_moves_over_one_by_one_and_check_says_who_is_left() {
    let t = hybrid();
    let (key, public) = t.outsider("bob");
    t.authy(["member", "add", "bob", "--recipient", &public]).ok();
    t.authy(["policy", "create", "some", "--allow", "a", "--member", "bob"]).ok();
    t.authy(["rekey"]).ok();
    assert_eq!(kinds(&t, "a"), ["X25519", "mlkem768x25519"]);
    assert_eq!(kinds(&t, "b"), ["mlkem768x25519"]);
    as_bob(&t, &["get", "a", "--keyfile", key.to_str().unwrap()]).ok().stdout_is("1");
    let found = t.authy(["check"]).ends();
    found
        .says("members/bob.toml")
        .says("bob has a recipient that is not post-quantum, and reads 1 secret");
}

#[test]
fn an_identity_of_the_old_kind_does_not_pass_for_one() {
    let t = Sandbox::new();
    t.authy(["--vault", "new", "init", "--post-quantum"])
        .fails(7)
        .stderr_has("is not post-quantum");
    let words = ["--vault", "new", "init", "--post-quantum", "--generate-keyfile", "new.key"];
    t.authy(words).ok();
    // A team of the old kind hears nothing of it.
    t.store([("a", "1")]);
    t.authy(["check", "--strict"]).ends().stderr_lacks("quantum");
}
