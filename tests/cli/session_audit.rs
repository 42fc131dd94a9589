//! The audit trail of sessions: who did what with which token, verified by an admin who never
//! had it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Call, Sandbox};
use crate::vault::{chain_of, files_below};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("prod-key", "never")]);
    t.policy("dev", ["db-*"]);
    t
}

/// A session's token and id.
fn create(t: &Sandbox) -> (String, String) {
    let words = ["session", "create", "--scope", "dev", "--label", "my agent", "--json"];
    let made = t.authy(words).ok().json();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    (text("token"), text("id"))
}

fn with<'t>(t: &'t Sandbox, token: &str, words: &[&str]) -> Call<'t> {
    t.authy(words).env("AUTHY_TOKEN", token)
}

/// The lines that the token wrote, but for the first, which opens its chain.
fn of_session(t: &Sandbox, id: &str) -> Vec<Value> {
    let is = |entry: &Value| entry["actor"]["id"] == id && entry["op"] != "chain.open";
    t.trail().into_iter().filter(is).collect()
}

fn status(t: &Sandbox, id: &str) -> Value {
    let chains = t.authy(["audit", "verify", "--json"]).ends().json();
    let is = |chain: &&Value| chain["chain"].as_str().unwrap().starts_with(&format!("s-{id}-"));
    chains.as_array().unwrap().iter().find(is).unwrap()["status"].clone()
}

#[test]
fn every_use_names_the_session_and_its_label() {
    let t = stocked();
    let (token, id) = create(&t);
    with(&t, &token, &["get", "db-url"]).ok();
    with(&t, &token, &["get", "prod-key"]).ends().code_is(4);
    with(&t, &token, &["run", "--", "sh", "-c", "echo $db_url"]).ok();
    with(&t, &token, &["store", "db-new"]).stdin("x").ends().code_is(4);
    let lines = of_session(&t, &id);
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["actor"]["kind"], "token");
            assert_eq!(line["actor"]["label"], "my agent");
            [&line["op"], &line["outcome"]].map(|value| value.as_str().unwrap()).join(" ")
        })
        .collect();
    assert_eq!(
        told,
        ["get granted", "get denied", "run granted", "run.mask granted", "store denied"]
    );
    assert_eq!(lines[2]["detail"], "sh");
    assert_eq!(lines[0]["scope"], "dev");
    let shown = t.authy(["audit", "show", "--actor", "my agent"]).ok();
    shown.stdout_has(&id[..8]).stdout_has("denied").stdout_lacks("alice");
    t.verifies();
    assert_eq!(status(&t, &id), "verified");
}

#[test]
fn creation_and_end_are_the_members_lines() {
    let t = stocked();
    let (_, id) = create(&t);
    let line = t.last_entry();
    assert_eq!((&line["op"], &line["actor"]["name"]), (&"session.create".into(), &"alice".into()));
    assert!(line["detail"].as_str().unwrap().starts_with(&id), "{line}");
    t.authy(["session", "revoke", &id]).ok();
    let line = t.trail().into_iter().find(|line| line["op"] == "session.revoke").unwrap();
    assert_eq!(line["detail"], id);
}

#[test]
fn the_chain_is_verified_when_grant_and_token_are_long_gone() {
    let t = stocked();
    let (token, id) = create(&t);
    with(&t, &token, &["get", "db-url"]).ok();
    t.authy(["session", "revoke", &id]).ok();
    drop(token);
    assert_eq!(status(&t, &id), "verified");
    // Also for an admin's machine that never saw the session.
    let done = t.authy(["audit", "verify", "--json"]).env("XDG_STATE_HOME", t.path("new")).ok();
    assert!(done.text().contains(&format!("s-{id}-")), "{done}");
    assert!(!done.text().contains("unchecked"), "{done}");
}

#[test]
fn a_line_that_was_changed_or_taken_away_is_found() {
    for tampering in 0..3 {
        let t = stocked();
        let (token, id) = create(&t);
        for _ in 0..3 {
            with(&t, &token, &["get", "db-url"]).ok();
        }
        t.verifies();
        let of_session = |path: &PathBuf| chain_of(path).starts_with(&format!("s-{id}"));
        let file = files_below(&t.file(".local/audit")).into_iter().find(of_session).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let changed = match tampering {
            0 => text.replacen("\"granted\",\"detail\"", "\"denied\",\"detail\"", 2),
            1 => lines[..lines.len() - 1].join("\n") + "\n",
            _ => [&lines[..2], &lines[3..]].concat().join("\n") + "\n",
        };
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        t.authy(["audit", "verify"]).ends().code_is(5).says(&format!("s-{id}"));
    }
}

#[test]
fn a_token_sees_its_own_lines_and_verifies_its_own_chain() {
    let t = stocked();
    let (token, id) = create(&t);
    let (other, other_id) = create(&t);
    with(&t, &token, &["get", "db-url"]).ok();
    with(&t, &other, &["get", "db-url"]).ok();
    let shown = with(&t, &token, &["audit", "show", "--json"]).ok();
    shown.stdout_has(&id).stdout_lacks(&other_id).stdout_lacks("alice");
    with(&t, &token, &["audit", "verify"]).ok();
    with(&t, &token, &["audit", "export"]).ends().stdout_lacks(&other_id).stdout_lacks("\"alice\"");
}

#[test]
fn an_expired_token_leaves_a_line_too() {
    let t = stocked();
    let words = ["session", "create", "--scope", "dev", "--ttl", "1m", "--json"];
    let made = t.authy(words).ok().json();
    let clock = fs::File::options().write(true).open(t.file(".local/clock")).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(120);
    clock.set_modified(later).unwrap();
    let token = made["token"].as_str().unwrap();
    with(&t, token, &["get", "db-url"]).ends().code_is(6).stderr_has("session expired");
    let lines = of_session(&t, made["id"].as_str().unwrap());
    assert_eq!(
        (&lines[0]["op"], &lines[0]["outcome"]),
        (&"session.expire".into(), &"denied".into())
    );
    t.verifies();
}
