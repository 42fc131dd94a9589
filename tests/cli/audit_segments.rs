//! The segments of a chain as a vault has them: what is committed, what is found, what a
//! second program makes of them.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Sandbox, needs};
use crate::vault::{chain_of, files_below, text};

/// A vault whose chain has several segments: each line names a hundred long names.
fn long(lines: usize) -> Sandbox {
    let t = Sandbox::new();
    let name = |n: usize| format!("k{n:03}-{}/{}", "x".repeat(50), "y".repeat(60));
    let script: String =
        (0..100).map(|n| format!("printf v{n} | authy store {} || exit\n", name(n))).collect();
    t.sh(&script).ok();
    t.policy("all", ["*"]);
    let script =
        format!("for n in $(seq {lines}); do authy env --scope all >/dev/null || exit; done");
    t.sh(&script).ok();
    t
}

/// The segments of the sandbox's only chain, in order.
fn segments(t: &Sandbox) -> Vec<PathBuf> {
    lines_in(t, ".local/audit")
}

/// What is published of it, in order.
fn published(t: &Sandbox) -> Vec<PathBuf> {
    lines_in(t, "audit")
}

fn lines_in(t: &Sandbox, folder: &str) -> Vec<PathBuf> {
    let mut all = files_below(&t.file(folder));
    all.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    all
}

#[test]
fn ten_segments_verify_here_and_by_the_format_alone() {
    if !needs(["age", "python3"]) {
        return;
    }
    let t = long(48);
    assert!(segments(&t).len() >= 10, "{}", segments(&t).len());
    t.store([("last", "1")]);
    let small = |file: &PathBuf| fs::metadata(file).unwrap().len() <= 64 << 10;
    assert!(segments(&t).iter().chain(&published(&t)).all(small));
    t.verifies();
    let files: Vec<PathBuf> = published(&t);
    let big: Vec<&PathBuf> =
        files.iter().filter(|file| fs::metadata(file).unwrap().len() > 32 << 10).collect();
    assert!(big.len() >= 8, "{}", big.len());
    let chain = chain_of(&segments(&t)[0]).to_owned();
    let key = t.age_decrypt(&t.file(&format!("audit/{chain}.key.age")));
    let key = t.write("chain-key", &key.stdout);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/audit/verify_chain.py");
    let vault = t.vault();
    let words = [program, vault.to_str().unwrap(), &chain, key.to_str().unwrap()];
    let found = t.program("python3", words).ok();
    found.stdout_has(&format!("lines in {} files", files.len()));
    // It sees what is wrong, too.
    let good = fs::read(big[4]).unwrap();
    fs::write(big[4], text(big[4]).replacen("granted", "denied", 2)).unwrap();
    t.program("python3", words).ends().code_is(1).stdout_has("line ");
    fs::remove_file(big[4]).unwrap();
    t.program("python3", words).ends().code_is(1).stdout_has("no file has it");
    fs::write(big[4], good).unwrap();
    t.program("python3", words).ok();
}

#[test]
fn each_commit_adds_a_file_and_changes_none() {
    let t = long(12);
    t.store([("a", "1")]);
    t.is_clean();
    let before = published(&t);
    t.sh("authy get a && authy get a").ok();
    t.is_clean();
    t.store([("b", "2")]);
    let new: Vec<PathBuf> = published(&t).into_iter().filter(|f| !before.contains(f)).collect();
    let inside = |path: &PathBuf| path.strip_prefix(t.vault()).unwrap().display().to_string();
    let changed = t.git(["show", "--name-status", "--format=", "HEAD", "--", "audit"]);
    assert_eq!(changed, format!("A\t{}", inside(&new[0])));
    assert_eq!(text(&new[0]).lines().count(), 3, "two reads and the change");
    // All of them are in the commit's tree, with what they hold.
    for file in published(&t) {
        let committed = t.git(["show", &format!("HEAD:{}", inside(&file))]);
        assert_eq!(committed, text(&file).trim_end());
    }
}

#[test]
fn a_segment_that_was_removed_cut_or_swapped_is_named_and_the_newest_lines_are_shown() {
    let t = long(16);
    t.verifies();
    let files = segments(&t);
    let (one, two) = (text(&files[1]), text(&files[2]));
    let name = files[1].file_stem().unwrap().to_str().unwrap().to_owned();
    let verify = |says: &str| {
        let done = t.authy(["audit", "verify"]).ends().code_is(5).says(says);
        done.says(chain_of(&files[0]));
        t.authy(["audit", "show", "-n", "1"]).ok().stdout_has("env");
    };
    fs::remove_file(&files[1]).unwrap();
    verify("segment that begins with it is missing");
    let lines: Vec<&str> = one.lines().collect();
    fs::write(&files[1], lines[..2].join("\n") + "\n").unwrap();
    verify(&format!("segment '{name}' was cut"));
    fs::write(&files[1], &two).unwrap();
    fs::write(&files[2], &one).unwrap();
    verify(&format!("segment '{name}' begins with line"));
    fs::write(&files[1], &one).unwrap();
    fs::write(&files[2], &two).unwrap();
    let copy = files[1].with_file_name("00000107.jsonl");
    fs::write(&copy, &one).unwrap();
    verify("segment '00000107'");
    fs::remove_file(&copy).unwrap();
    t.verifies();
    let report = t.authy(["audit", "verify", "--json"]).ok().json();
    let last = files.last().unwrap().to_str().unwrap();
    assert_eq!(report[0]["file"].as_str().unwrap(), last);
}

#[test]
fn a_commit_that_was_left_to_the_user_is_caught_up_with() {
    let t = long(6);
    // On a detached HEAD nothing is committed, and the chain goes on into new segments.
    let branch = t.git(["branch", "--show-current"]);
    t.git(["checkout", "-q", "--detach"]);
    t.sh("for n in 1 2 3 4 5 6 7 8; do authy env --scope all >/dev/null || exit; done").ok();
    t.store([("late", "1")]);
    t.git(["checkout", "-q", &branch]);
    t.store([("later", "2")]);
    t.is_clean();
    t.verifies();
}
