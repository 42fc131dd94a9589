//! Where vaults lie, and what git tracks of them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::super::{GitError, Home, locate};
use super::{Sandbox, fs};

/// Without a note from before.
fn tracked_private(vault: &Path) -> Result<Vec<String>, GitError> {
    super::super::tracked_private(vault, Path::new("/nowhere/note"))
}

#[test]
fn a_large_index_is_looked_through_once_until_it_changes() {
    let sandbox = Sandbox::started();
    let note = sandbox.dir.path().join("note");
    let found = || super::super::tracked_private(&sandbox.vault, &note).unwrap();
    let add = |path: &str| {
        sandbox.git(&["update-index", "--add", "--cacheinfo", "100644", &"1".repeat(40), path]);
    };
    let index = sandbox.path(".git/index");
    let long_ago = |file: &Path, seconds| {
        let file = fs::File::options().append(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    add("small");
    assert!(found().is_empty() && !note.exists(), "a small one is looked through each time");
    (0..600).for_each(|n| add(&format!("{}/{n:03}", "x".repeat(60))));
    long_ago(&index, 60);
    assert!(found().is_empty() && note.exists());
    let before = fs::read(&note).unwrap();
    // As long as it is the same nothing is noted anew.
    assert!(found().is_empty() && fs::read(&note).unwrap() == before);
    add("keys/master.key");
    assert_eq!(found(), ["keys/master.key"]);
    // ... and not where it may have changed in the moment of the note.
    long_ago(&index, 0);
    assert_eq!(found(), ["keys/master.key"]);
    fs::write(&note, crate::fs::mark_of(&index)).unwrap();
    assert_eq!(found(), ["keys/master.key"]);
}

#[test]
fn a_vault_knows_its_own_repository() {
    let sandbox = Sandbox::started();
    let linked = sandbox.dir.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let link = sandbox.dir.path().join("link");
    std::os::unix::fs::symlink(&sandbox.vault, &link).unwrap();
    for vault in [&sandbox.vault, &linked, &link] {
        assert_eq!(locate(vault).unwrap(), Home::Own, "{vault:?}");
    }
}

#[test]
fn a_vault_knows_the_repository_around_it() {
    let sandbox = Sandbox::started();
    sandbox.write("apps/vault/x", "");
    let link = sandbox.dir.path().join("link");
    std::os::unix::fs::symlink(sandbox.path("apps"), &link).unwrap();
    let inside = Home::Inside { work_tree: sandbox.vault.clone() };
    for vault in [sandbox.path("apps/vault"), link.join("vault"), sandbox.path("not/yet")] {
        assert_eq!(locate(&vault).unwrap(), inside, "{vault:?}");
    }
}

#[test]
fn no_repository_is_no_error() {
    let sandbox = Sandbox::bare();
    assert_eq!(locate(&sandbox.vault).unwrap(), Home::None);
    assert_eq!(locate(&sandbox.path("not/yet")).unwrap(), Home::None);
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    sandbox.git(&["init", "-q"]);
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    assert_eq!(locate(&sandbox.path(".git")).unwrap(), Home::None);
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let sandbox = Sandbox::started();
    let outer = Sandbox::started();
    let url = sandbox.vault.to_str().unwrap();
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "sub"]);
    assert_eq!(locate(&outer.path("sub")).unwrap(), Home::Own);
    outer.git(&["-C", "sub", "config", "user.name", "Ann"]);
    fs::write(outer.path("sub/new"), "").unwrap();
    outer.commit_in(&outer.path("sub"), &["new"], "Add new").unwrap();
    assert_eq!(outer.git(&["-C", "sub", "status", "--porcelain"]), "");
    assert_eq!(outer.git(&["-C", "sub", "log", "-1", "--format=%s"]), "Add new");
}

const PRIVATE: [&str; 5] =
    [".local/id", "keys/master.key", "sessions/ab/keys.age", "sessions/x", "keys"];
const PUBLIC: [&str; 5] =
    ["sessions/shared/ab/keys.age", "secrets/keys/x.age", "keys2", "authy.toml", "a/.local/x"];

fn track(sandbox: &Sandbox, prefix: &str) {
    for path in PUBLIC.iter().chain(&PRIVATE[..4]) {
        let path = format!("{prefix}{path}");
        sandbox.write(&path, "");
        sandbox.git(&["add", "-f", &path]);
    }
}

#[test]
fn private_files_that_git_tracks_are_named() {
    let sandbox = Sandbox::started();
    track(&sandbox, "");
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), PRIVATE[..4]);
    sandbox.git(&["rm", "-r", "-q", "--cached", "keys", ".local", "sessions/ab", "sessions/x"]);
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    sandbox.git(&["update-index", "--add", "--cacheinfo", "120000", &"1".repeat(40), "keys"]);
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), PRIVATE[4..]);
}

#[test]
fn private_files_are_found_inside_other_repositories_and_linked_worktrees() {
    let sandbox = Sandbox::started();
    track(&sandbox, "apps/vault/");
    assert_eq!(tracked_private(&sandbox.path("apps/vault")).unwrap(), PRIVATE[..4]);
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    sandbox.git(&["commit", "-q", "-m", "private"]);
    let linked = sandbox.dir.path().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    assert_eq!(tracked_private(&linked.join("apps/vault")).unwrap(), PRIVATE[..4]);
}

#[test]
fn private_files_are_found_in_an_index_of_every_form() {
    for words in [
        &["update-index", "--index-version", "3"][..],
        &["update-index", "--index-version", "4"],
        &["update-index", "--split-index"],
        &["update-index", "--untracked-cache"],
    ] {
        let sandbox = Sandbox::started();
        track(&sandbox, "");
        track(&sandbox, "apps/vault/");
        sandbox.git(words);
        // An entry that is meant to be added has more flags.
        sandbox.write("sessions/zz", "");
        sandbox.git(&["add", "-f", "-N", "sessions/zz"]);
        let [a, b, c, d, _] = PRIVATE;
        assert_eq!(
            tracked_private(&sandbox.vault).unwrap(),
            [a, b, c, d, "sessions/zz"],
            "{words:?}"
        );
        assert_eq!(tracked_private(&sandbox.path("apps/vault")).unwrap(), PRIVATE[..4]);
        let words = ["rm", "-q", "--cached", "sessions/zz"];
        sandbox.git(&[&words, &PRIVATE[..4]].concat());
        assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
        assert_eq!(tracked_private(&sandbox.path("apps/vault")).unwrap(), PRIVATE[..4]);
    }
}

#[test]
fn private_paths_of_every_length_are_found() {
    let sandbox = Sandbox::started();
    let add = |path: &str| {
        sandbox.git(&["update-index", "--add", "--cacheinfo", "100644", &"1".repeat(40), path]);
    };
    for length in [6, 0xfe, 0xff, 0x100, 0x101, 0xffe] {
        let path = format!("keys/{}", "x".repeat(length - 5));
        add(&path);
        assert_eq!(tracked_private(&sandbox.vault).unwrap(), [path.as_str()]);
        sandbox.git(&["update-index", "--force-remove", &path]);
        assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    }
    // Of a longer one the length is not told; the parser refuses such an index.
    add(&format!("other/{}", "x".repeat(0x1234)));
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), Vec::<String>::new());
    add(&format!("keys/{}", "x".repeat(0x1234)));
    tracked_private(&sandbox.vault).unwrap_err();
}

#[test]
fn private_files_are_found_where_only_the_git_program_can_look() {
    let sandbox = Sandbox::bare();
    sandbox.git(&["init", "-q", "--object-format=sha256"]);
    track(&sandbox, "");
    assert_eq!(tracked_private(&sandbox.vault).unwrap(), PRIVATE[..4]);
}
