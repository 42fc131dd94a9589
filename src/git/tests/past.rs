//! The past of a file, against what git says of it.

use super::Sandbox;
use crate::git::changes_of;

/// The changes of `path`, newest first: the commit, and the file as it left it.
fn past(sandbox: &Sandbox, path: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    changes_of(&sandbox.vault, path, &mut |change| {
        let text = change.bytes.map(|bytes| String::from_utf8(bytes).unwrap());
        found.push((change.commit.id, text));
        false
    })
    .unwrap();
    found
}

#[test]
fn every_change_of_a_file_is_told_and_no_other_commit() {
    let sandbox = Sandbox::started();
    assert_eq!(past(&sandbox, "a/b"), []);
    let mut expected = Vec::new();
    for content in ["1", "2", "1"] {
        sandbox.write("a/b", content);
        expected.insert(0, (sandbox.committed(&["a/b"]), Some(content.to_owned())));
        sandbox.write("first", content);
        sandbox.write("first", &format!("{content}{}", expected.len()));
        sandbox.committed(&["first"]);
    }
    std::fs::remove_file(sandbox.path("a/b")).unwrap();
    expected.insert(0, (sandbox.committed(&["a/b"]), None));
    assert_eq!(past(&sandbox, "a/b"), expected);
    let log = sandbox.git(&["log", "--format=%H", "--", "a/b"]);
    let ids: Vec<&str> = expected.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(log.lines().collect::<Vec<_>>(), ids);
}

#[test]
fn a_merge_that_takes_one_side_changes_nothing() {
    let sandbox = Sandbox::started();
    sandbox.write("a", "1");
    let first = sandbox.committed(&["a"]);
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.write("a", "2");
    let second = sandbox.committed(&["a"]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("first", "other");
    sandbox.committed(&["first"]);
    sandbox.git(&["merge", "-q", "--no-edit", "side"]);
    let ids: Vec<String> = past(&sandbox, "a").into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [second, first]);
}

#[test]
fn where_there_is_no_history_there_is_no_past() {
    assert_eq!(past(&Sandbox::bare(), "a"), []);
    assert_eq!(past(&Sandbox::new(), "a"), []);
}

#[test]
fn the_past_of_a_shallow_clone_begins_where_it_was_cut() {
    let sandbox = Sandbox::started();
    for content in ["1", "2"] {
        sandbox.write("a", content);
        sandbox.committed(&["a"]);
    }
    let clone = sandbox.dir.path().join("clone");
    let from = format!("file://{}", sandbox.vault.display());
    sandbox.git(&["clone", "-q", "--depth", "1", &from, clone.to_str().unwrap()]);
    let mut seen = 0;
    changes_of(&clone, "a", &mut |_| {
        seen += 1;
        false
    })
    .unwrap();
    assert_eq!(seen, 1);
}
