//! Publications that stop anywhere, and are finished.

use super::recover;
use crate::fs::stage::Staged;
use crate::fs::{FsError, LocalFile, Lock, Root, Stage, VaultPath, needs_recovery};
use crate::kind::Failure as _;
use crate::kind::Kind;
use crate::name::SecretName;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

type Files = BTreeMap<String, Vec<u8>>;

fn value(name: &str) -> VaultPath {
    VaultPath::secret(&SecretName::parse(name).unwrap())
}

fn lock(folder: &Path) -> Lock {
    Lock::acquire(&Root::new(folder), Duration::from_secs(60)).unwrap()
}

/// A vault with some files.
fn vault() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lock = lock(folder.path());
    let mut stage = Stage::new(&lock);
    for name in ["a", "old/b", "kept/c"] {
        stage.put(value(name), b"old".to_vec());
    }
    stage.write().unwrap().publish().unwrap();
    folder
}

/// A change that replaces, creates and removes.
fn change(lock: &Lock) -> Staged {
    let mut stage = Stage::new(lock);
    for name in ["a", "kept/c", "new/deep/d"] {
        stage.put(value(name), b"new".to_vec());
    }
    stage.remove(value("old/b"));
    stage.put_local(LocalFile::Pending, b"new".to_vec());
    stage.write().unwrap()
}

/// Every file and folder, the lock aside.
fn files(folder: &Path) -> Files {
    let walk = walkdir::WalkDir::new(folder).min_depth(1).into_iter().map(Result::unwrap);
    walk.filter(|entry| entry.file_name() != "lock")
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

fn changed() -> Files {
    let folder = vault();
    let lock = lock(folder.path());
    change(&lock).publish().unwrap();
    files(folder.path())
}

#[test]
fn a_crash_before_the_decision_changes_nothing() {
    let folder = vault();
    let before = files(folder.path());
    let held = lock(folder.path());
    let staged = change(&held);
    drop(held);
    staged.crash();
    assert_ne!(files(folder.path()), before);
    assert!(!needs_recovery(&Root::new(folder.path())));
    assert!(!recover(&lock(folder.path())).unwrap());
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_crash_after_any_step_is_rolled_forward() {
    let after = changed();
    for k in 0.. {
        let folder = vault();
        let held = lock(folder.path());
        let mut staged = change(&held);
        staged.decide().unwrap();
        let publication = staged.publication();
        let steps = publication.steps();
        for step in steps.iter().take(k) {
            publication.perform(step).unwrap();
        }
        let done = k == steps.len();
        drop(held);
        staged.crash();

        let root = Root::new(folder.path());
        let pending = needs_recovery(&root);
        assert_eq!(recover(&lock(folder.path())).unwrap(), pending, "step {k}");
        assert_eq!(files(folder.path()), after, "step {k}");
        assert!(!needs_recovery(&root));
        assert!(!recover(&lock(folder.path())).unwrap());
        if done {
            break;
        }
    }
}

#[test]
fn a_recovery_that_is_interrupted_can_be_done_again() {
    let after = changed();
    let folder = vault();
    let held = lock(folder.path());
    let mut staged = change(&held);
    staged.decide().unwrap();
    let publication = staged.publication();
    let steps = publication.steps();
    for k in 0..steps.len() - 2 {
        steps.iter().take(k).try_for_each(|step| publication.perform(step)).unwrap();
    }
    drop(held);
    staged.crash();
    assert!(recover(&lock(folder.path())).unwrap());
    assert_eq!(files(folder.path()), after);
}

#[test]
fn a_change_that_cannot_go_on_waits_for_the_next_command() {
    let after = changed();
    let folder = vault();
    let held = lock(folder.path());
    let staged = change(&held);
    // What nobody does under the lock, but a full disk or git may look like it.
    fs::create_dir_all(folder.path().join("secrets/new/deep/d.age/x")).unwrap();
    let error = staged.publish().unwrap_err();
    assert!(matches!(error, FsError::Unfinished { .. }), "{error}");
    assert!(needs_recovery(&Root::new(folder.path())));
    assert!(recover(&held).is_err());
    fs::remove_dir_all(folder.path().join("secrets/new")).unwrap();
    assert!(recover(&held).unwrap());
    assert_eq!(files(folder.path()), after);
}

#[test]
fn a_change_of_many_files_in_many_folders_is_rolled_forward_too() {
    let names: Vec<String> = (0..80).map(|n| format!("d{:02}/s{n}", n % 20)).collect();
    let folder = vault();
    let held = lock(folder.path());
    let mut stage = Stage::new(&held);
    names.iter().for_each(|name| stage.put(value(name), name.as_bytes().to_vec()));
    stage.remove(value("old/b"));
    let mut staged = stage.write().unwrap();
    staged.decide().unwrap();
    let publication = staged.publication();
    publication.steps().iter().take(33).try_for_each(|step| publication.perform(step)).unwrap();
    drop(held);
    staged.crash();
    assert!(recover(&lock(folder.path())).unwrap());
    let after = files(folder.path());
    for name in &names {
        assert_eq!(after[&format!("secrets/{name}.age")], name.as_bytes());
    }
    assert!(!after.contains_key("secrets/old"), "{after:?}");
    assert!(!after.keys().any(|name| name.starts_with(".local/stage-")));
}

#[test]
fn a_folder_that_somebody_removes_meanwhile_is_made_again() {
    let folder = vault();
    let held = lock(folder.path());
    let mut stage = Stage::new(&held);
    for name in ["empty/a", "empty/b"] {
        stage.put(value(name), b"new".to_vec());
    }
    let mut staged = stage.write().unwrap();
    staged.decide().unwrap();
    let publication = staged.publication();
    publication.prepare().unwrap();
    // As git does with folders in which it finds nothing.
    fs::remove_dir(folder.path().join("secrets/empty")).unwrap();
    publication.finish().unwrap();
    for name in ["empty/a", "empty/b"] {
        let file = folder.path().join(format!("secrets/{name}.age"));
        assert_eq!(fs::read(file).unwrap(), b"new");
    }
}

#[test]
fn a_hostile_journal_is_refused_and_nothing_moves() {
    let folder = vault();
    let held = lock(folder.path());
    let local = folder.path().join(".local");
    fs::write(folder.path().join("victim"), b"v").unwrap();
    fs::create_dir(local.join("stage-00")).unwrap();
    fs::write(local.join("stage-00/0"), b"evil").unwrap();
    for op in [
        r#"{"target":"victim"}"#,
        r#"{"target":"secrets/a.age"},{"target":"../victim","from":"0"}"#,
        r#"{"target":"secrets/a.age","from":"../../victim"}"#,
    ] {
        let text = format!(r#"{{"format":1,"stage":"stage-00","ops":[{op}]}}"#);
        fs::write(local.join("journal"), text).unwrap();
        let before = files(folder.path());
        let error = recover(&held).unwrap_err();
        assert!(matches!(error, FsError::Journal { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Damaged);
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn a_recovery_follows_no_link() {
    let folder = vault();
    let held = lock(folder.path());
    let local = folder.path().join(".local");
    let elsewhere = tempfile::tempdir().unwrap();
    let journal = r#"{"format":1,"stage":"stage-00","ops":[{"target":"secrets/l/x.age"}]}"#;
    fs::write(elsewhere.path().join("x.age"), b"x").unwrap();
    fs::write(elsewhere.path().join("journal"), journal).unwrap();

    symlink(elsewhere.path().join("journal"), local.join("journal")).unwrap();
    assert!(needs_recovery(&Root::new(folder.path())));
    assert!(matches!(recover(&held), Err(FsError::NotRegular { .. })));
    fs::remove_file(local.join("journal")).unwrap();

    fs::write(local.join("journal"), journal).unwrap();
    assert!(matches!(recover(&held), Err(FsError::Journal { .. })), "no staged files");
    symlink(elsewhere.path(), local.join("stage-00")).unwrap();
    assert!(matches!(recover(&held), Err(FsError::NotFolder { .. })));
    fs::remove_file(local.join("stage-00")).unwrap();

    fs::create_dir(local.join("stage-00")).unwrap();
    symlink(elsewhere.path(), folder.path().join("secrets/l")).unwrap();
    assert!(matches!(recover(&held), Err(FsError::NotFolder { .. })));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 2);
}
