//! Whatever is done to the lines below the last verified head, `verify` finds it and says where.

use std::fs;
use std::path::PathBuf;

use crate::harness::Sandbox;
use crate::vault::{chain_of, text};

/// A vault with some lines and its chain, verified once so that its head is pinned.
fn verified() -> (Sandbox, PathBuf, Vec<String>) {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    t.holds("a", "1");
    t.holds("b", "2");
    t.lacks("c");
    t.verifies();
    let chain = t.only_file(".local/audit", ".jsonl");
    let lines: Vec<String> = text(&chain).lines().map(str::to_owned).collect();
    assert!(lines.len() >= 6, "{lines:?}");
    (t, chain, lines)
}

fn write(chain: &PathBuf, lines: &[String]) {
    let mut content = lines.join("\n");
    content.push('\n');
    fs::write(chain, content).unwrap();
}

/// Asserts that `verify` exits 5 and names this line (counted from 1), then mends the chain.
fn found(t: &Sandbox, chain: &PathBuf, changed: &[String], line: usize) {
    let good = fs::read(chain).unwrap();
    write(chain, changed);
    let name = chain_of(chain);
    t.authy(["audit", "verify"]).fails(5).says(name).says(&format!("line {line}"));
    let report = t.authy(["--json", "audit", "verify"]).fails(5).text();
    assert!(
        report.contains("damaged") && report.contains(&format!("\"line\":{line}"))
            || report.contains(&format!("\"line\": {line}")),
        "{report}"
    );
    fs::write(chain, good).unwrap();
}

#[test]
fn one_changed_byte_is_found_in_any_line() {
    let (t, chain, lines) = verified();
    for index in 0..lines.len() {
        for field in ["\"time\":\"2", "\"outcome\":\"g", "\"mac\":\""] {
            let Some(at) = lines[index].find(field).map(|at| at + field.len()) else { continue };
            let mut changed = lines.clone();
            let old = changed[index].as_bytes()[at];
            let new = if old == b'1' { "2" } else { "1" };
            changed[index].replace_range(at..=at, new);
            found(&t, &chain, &changed, index + 1);
        }
    }
    t.verifies();
}

#[test]
fn a_deleted_line_is_found() {
    let (t, chain, lines) = verified();
    for index in 0..lines.len() {
        let mut changed = lines.clone();
        changed.remove(index);
        found(&t, &chain, &changed, index + 1);
    }
    t.verifies();
}

#[test]
fn swapped_lines_are_found() {
    let (t, chain, lines) = verified();
    for index in 0..lines.len() - 1 {
        let mut changed = lines.clone();
        changed.swap(index, index + 1);
        found(&t, &chain, &changed, index + 1);
    }
}

#[test]
fn a_doubled_line_is_found() {
    let (t, chain, lines) = verified();
    let mut changed = lines.clone();
    changed.insert(3, lines[2].clone());
    found(&t, &chain, &changed, 4);
}

#[test]
fn a_cut_tail_is_found() {
    let (t, chain, lines) = verified();
    for kept in 1..lines.len() {
        found(&t, &chain, &lines[..kept], kept + 1);
    }
}

#[test]
fn a_deleted_chain_is_found() {
    let (t, chain, _) = verified();
    fs::remove_file(&chain).unwrap();
    let name = chain_of(&chain).to_owned();
    t.authy(["audit", "verify"]).fails(5).says(&name);
}

#[test]
fn lines_after_the_verified_head_may_come() {
    let (t, _, _) = verified();
    t.store([("c", "3")]);
    t.verifies();
    t.verifies();
}

#[test]
fn a_line_that_is_no_json_is_damage_at_that_line() {
    let (t, chain, lines) = verified();
    for garbage in ["", "{}", "not json", "{\"seq\":3}", "\u{1b}[31m"] {
        let mut changed = lines.clone();
        garbage.clone_into(&mut changed[2]);
        write(&chain, &changed);
        t.authy(["audit", "verify"]).fails(5).says("line 3").only_printable();
    }
}
