//! Every file of a vault, changed in every way that takes one file: `check` finds each, and
//! accuses nobody once the file is as it was.
//!
//! `AUTHY_FULL=1` changes every byte. Files that nothing depends on (`.gitignore`,
//! `.gitattributes`) are left out: git's own rules protect nothing here.

use std::fs;
use std::path::PathBuf;

use crate::harness::Sandbox;
use crate::score::{Score, full};
use crate::vault::files_below;

/// A vault with something of every kind, each document of more than one version.
fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("db-pass", "two"), ("api/key", "three")]);
    t.policy("all", ["*"]);
    t.policy("api", ["api/*"]);
    let (_, bob) = t.outsider("bob");
    t.authy(["member", "add", "bob", "--recipient", &bob]).ok();
    t.authy(["policy", "update", "api", "--member", "bob"]).ok();
    t.authy(["rekey"]).ok();
    t.authy(["rotate", "db-url"]).stdin("newer").ok();
    t.authy(["session", "create", "--scope", "all", "--shared"]).ok();
    t.holds("db-url", "newer");
    t.verifies();
    t.authy(["check"]).ok();
    t
}

fn files(t: &Sandbox) -> Vec<PathBuf> {
    let mut files = files_below(&t.vault());
    let aside = [".git/", "keys/", ".local/", ".gitignore", ".gitattributes"];
    files.retain(|path| {
        let inside = path.strip_prefix(t.vault()).unwrap().to_str().unwrap();
        aside.iter().all(|aside| !inside.starts_with(aside))
    });
    files
}

/// The bytes a file may be changed to, each with what was done.
///
/// What follows the last whole line of a trail was promised to nobody, and is no damage.
fn changes(good: &[u8], is_trail: bool) -> Vec<(String, Vec<u8>)> {
    let step = if full() { 1 } else { good.len() / 6 + 1 };
    let mut all: Vec<_> = (0..good.len())
        .step_by(step)
        .map(|at| {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1;
            (format!("byte {at} changed"), bytes)
        })
        .collect();
    // A last newline is no content: what stands above the signature is signed.
    let end = good.trim_ascii_end().len();
    for length in [0, good.len() / 2, end - 1] {
        all.push((format!("cut to {length} bytes"), good[..length].to_vec()));
    }
    if !is_trail {
        all.push(("a byte added".to_owned(), [good, b"x"].concat()));
    }
    all.push(("doubled".to_owned(), [good, good].concat()));
    all
}

fn is_found(t: &Sandbox) {
    let done = t.authy(["check"]).ends();
    // Damage, or a policy that is not approved as it stands.
    assert!([4, 5].contains(&done.code), "not found\n{done}");
}

#[test]
fn one_file_changed_in_any_way_is_found() {
    let t = stocked();
    let mut score = Score::new("tampering with one file");
    let mut accused = Score::new("tampering: nothing is accused that is sound");
    for path in files(&t) {
        let good = fs::read(&path).unwrap();
        let shown = path.strip_prefix(t.vault()).unwrap().display().to_string();
        for (what, bytes) in changes(&good, shown.ends_with(".jsonl")) {
            fs::write(&path, bytes).unwrap();
            score.point(&format!("{shown}: {what}"), || is_found(&t));
        }
        fs::remove_file(&path).unwrap();
        score.point(&format!("{shown}: removed"), || is_found(&t));
        fs::write(&path, good).unwrap();
        accused.point(&shown, || _ = t.authy(["check"]).ok());
    }
    score.settle();
    accused.settle();
}

#[test]
fn one_file_put_in_the_place_of_another_is_found() {
    let t = stocked();
    let mut score = Score::new("tampering: one file in the place of another");
    let all = files(&t);
    for path in &all {
        let good = fs::read(path).unwrap();
        let shown = path.strip_prefix(t.vault()).unwrap().display().to_string();
        let ending = path.extension();
        for other in all.iter().filter(|other| *other != path && other.extension() == ending) {
            fs::copy(other, path).unwrap();
            score.point(&format!("{shown} is {}", other.display()), || is_found(&t));
        }
        fs::write(path, good).unwrap();
    }
    t.authy(["check"]).ok();
    score.settle();
}

#[test]
fn one_file_from_an_older_commit_is_found() {
    let t = stocked();
    let mut score = Score::new("tampering: one file from an older commit");
    for path in files(&t) {
        let inside = path.strip_prefix(t.vault()).unwrap().to_str().unwrap().to_owned();
        let good = fs::read(&path).unwrap();
        let log = t.git(["log", "--format=%H", "--", &inside]);
        for commit in log.lines() {
            let old = t.program("git", ["show", &format!("{commit}:{inside}")]).dir(t.vault()).ok();
            if old.stdout == good {
                continue;
            }
            fs::write(&path, old.stdout).unwrap();
            score.point(&format!("{inside} of {commit}"), || is_found(&t));
        }
        fs::write(&path, good).unwrap();
    }
    t.authy(["check"]).ok();
    score.settle();
}
