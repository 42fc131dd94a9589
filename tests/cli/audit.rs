//! The audit trail: what it tells, and how it can be asked.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::vault::{chain_of, text};

fn lived() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "canary-1"), ("api-key", "canary-2")]);
    t.policy("backend", ["db-*"]);
    t.holds("db-url", "canary-1");
    t.authy(["get", "api-key", "--scope", "backend"]).fails(4);
    t.authy(["run", "--scope", "backend", "--", "echo", "--password", "canary-3"]).ok();
    t.authy(["rotate", "db-url"]).stdin("canary-4").ok();
    t
}

fn show(t: &Sandbox, words: &[&str]) -> Vec<Value> {
    let all = ["--json", "audit", "show"].iter().chain(words);
    t.authy(all).ok().json().as_array().unwrap().clone()
}

fn ops(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["op"].as_str().unwrap()).collect()
}

#[test]
fn every_operation_leaves_a_line() {
    let t = lived();
    t.authy(["rename", "api-key", "api-token"]).ok();
    t.authy(["remove", "api-token"]).ok();
    let all = show(&t, &[]);
    let expected =
        ["store", "store", "policy.create", "get", "get", "run", "rotate", "rename", "remove"];
    let known: Vec<&str> = ops(&all).into_iter().filter(|op| expected.contains(op)).collect();
    assert_eq!(known, expected);
    let rename = all.iter().find(|entry| entry["op"] == "rename").unwrap();
    assert!(rename["secrets"].to_string().contains("api-token"), "{rename}");
}

#[test]
fn a_line_has_the_documented_fields() {
    let t = lived();
    let chain = text(&t.only_file(".local/audit", ".jsonl"));
    for (index, line) in chain.lines().enumerate() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["seq"], json!(index + 1), "{line}");
        for field in ["time", "op", "secrets", "actor", "outcome", "prev", "mac"] {
            assert!(entry.get(field).is_some(), "no {field} in {line}");
        }
        assert!(
            line.rfind(",\"mac\"").is_some_and(|at| line[at + 1..].matches(',').count() == 0),
            "{line}"
        );
        assert_eq!(entry["actor"]["kind"], "member");
        assert_eq!(entry["actor"]["name"], "alice");
    }
}

#[test]
fn prev_is_the_digest_of_the_line_before() {
    use sha2::Digest as _;
    let t = lived();
    let chain = text(&t.only_file(".local/audit", ".jsonl"));
    let lines: Vec<&str> = chain.lines().collect();
    for pair in lines.windows(2) {
        let entry: Value = serde_json::from_str(pair[1]).unwrap();
        let prev = entry["prev"].as_str().unwrap();
        let digest = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(pair[0]));
        let with_newline =
            data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(format!("{}\n", pair[0])));
        assert!(prev.ends_with(&digest) || prev.ends_with(&with_newline), "{}", pair[1]);
    }
}

#[test]
fn the_chain_is_named_after_its_writer() {
    let t = lived();
    let chain = t.only_file(".local/audit", ".jsonl");
    assert!(chain_of(&chain).starts_with("alice-"), "{chain:?}");
    assert!(chain.ends_with("00000001.jsonl"), "{chain:?}");
    t.only_file("audit", ".key.age");
}

#[test]
fn the_trail_holds_no_values_and_no_arguments() {
    let t = lived();
    let chain = text(&t.only_file(".local/audit", ".jsonl"));
    assert!(!chain.contains("canary") && !chain.contains("password"), "{chain}");
    let run = show(&t, &[]).into_iter().find(|entry| entry["op"] == "run").unwrap();
    assert_eq!(run["detail"], "echo");
    assert_eq!(run["secrets"], json!(["db-url"]));
    assert_eq!(run["scope"], "backend");
    assert_eq!(run["outcome"], "granted");
}

#[test]
fn show_puts_the_newest_last() {
    let t = lived();
    let all = show(&t, &[]);
    assert_eq!(all.last().unwrap()["op"], "rotate");
    let last = show(&t, &["-n", "2"]);
    assert_eq!(ops(&last), ["run", "rotate"]);
    let plain = t
        .authy(["audit", "show", "-n", "1"])
        .ok()
        .stdout_has("rotate")
        .stdout_has("db-url")
        .stdout_has("alice");
    assert!(plain.lines().len() <= 2, "more than a head and a line: {plain}");
}

#[test]
fn filters_select() {
    let t = lived();
    assert_eq!(ops(&show(&t, &["--secret", "api-key"])), ["store", "get"]);
    assert_eq!(ops(&show(&t, &["--secret", "db-*"])), ["store", "get", "run", "rotate"]);
    assert_eq!(ops(&show(&t, &["--outcome", "denied"])), ["get"]);
    assert_eq!(ops(&show(&t, &["--op", "run"])), ["run"]);
    let scoped = show(&t, &["--scope", "backend"]);
    assert!(ops(&scoped).ends_with(&["get", "run"]), "{scoped:?}");
    assert_eq!(show(&t, &["--actor", "alice"]).len(), show(&t, &[]).len());
    assert!(show(&t, &["--actor", "bob"]).is_empty());
    assert!(show(&t, &["--since", "2999-01-01T00:00:00Z"]).is_empty());
    assert!(show(&t, &["--until", "1999-01-01T00:00:00Z"]).is_empty());
    assert_eq!(show(&t, &["--since", "1999-01-01T00:00:00Z"]).len(), show(&t, &[]).len());
    t.authy(["audit", "show", "--since", "yesterday-ish"]).fails(2);
    t.authy(["audit", "show", "--outcome", "maybe"]).fails(2);
    t.authy(["audit", "show", "--secret", "["]).fails(2);
}

#[test]
fn export_is_an_array_of_all_lines() {
    let t = lived();
    let export = t.authy(["audit", "export"]).ok().json();
    let export = export.as_array().unwrap();
    let lines = text(&t.only_file(".local/audit", ".jsonl")).lines().count();
    assert!(export.len() >= lines.min(show(&t, &[]).len()), "{} of {lines}", export.len());
    assert!(
        export.iter().any(|entry| entry["op"] == "rotate" && entry["secrets"] == json!(["db-url"]))
    );
}

#[test]
fn verify_tells_that_all_is_well() {
    let t = lived();
    t.authy(["audit", "verify"]).ok().stdout_has("alice-");
    t.authy(["--json", "audit", "verify"]).ok().stdout_has("verified");
}

#[test]
fn no_value_leaves_when_its_line_cannot_be_written() {
    let t = lived();
    let chain = t.only_file(".local/audit", ".jsonl");
    fs::remove_file(&chain).unwrap();
    fs::create_dir(&chain).unwrap();
    let marker = t.path("ran");
    let done = t.authy(["get", "db-url"]).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
    let done =
        t.authy(["run", "--scope", "backend", "--", "touch", marker.to_str().unwrap()]).ends();
    assert_ne!(done.code, 0, "{done}");
    assert!(!marker.exists());
    let done = t.authy(["env", "--scope", "backend"]).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
}

#[test]
fn a_torn_last_line_is_mended() {
    let t = lived();
    let chain = t.only_file(".local/audit", ".jsonl");
    let mut torn = text(&chain);
    torn.push_str("{\"seq\":99,\"time\":\"20");
    fs::write(&chain, torn).unwrap();
    t.holds("db-url", "canary-4");
    t.verifies();
}

#[test]
fn the_line_is_there_before_the_child_runs() {
    let t = lived();
    let child = [
        "run",
        "--scope",
        "backend",
        "--",
        "sh",
        "-c",
        "tail -n 1 ~/.authy/.local/audit/*/*.jsonl",
    ];
    let line: Value = serde_json::from_str(&t.authy(child).ok().text()).unwrap();
    assert_eq!(line["op"], "run");
    assert_eq!(line["outcome"], "granted");
}
