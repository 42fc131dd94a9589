//! When a commit cannot be made now, the change lands in the files and the next commit takes it.

use std::fs;

use crate::harness::Sandbox;
use crate::vault::chmod;

/// Stores a secret while something stands in the way of its commit.
fn stored_but_not_committed(t: &Sandbox) {
    let head = t.head();
    t.authy(["store", "late"]).stdin("1").ok().stderr_has("commit");
    assert_eq!(t.head(), head);
    t.holds("late", "1");
    t.verifies();
}

/// Asserts that the next change commits what waited.
fn caught_up(t: &Sandbox) {
    t.store([("next", "2")]);
    assert_eq!(t.git(["ls-files", "secrets/late.age", "secrets/next.age"]).lines().count(), 2);
    t.is_clean();
    t.git(["fsck", "--strict"]);
}

#[test]
fn during_a_merge() {
    let t = Sandbox::new();
    let main = t.git(["symbolic-ref", "--short", "HEAD"]);
    t.git(["checkout", "-q", "-b", "other"]);
    fs::write(t.file("NOTES"), "other\n").unwrap();
    t.git(["add", "NOTES"]);
    t.git(["commit", "-qm", "Add notes"]);
    t.git(["checkout", "-q", &main]);
    t.git(["merge", "-q", "--no-ff", "--no-commit", "other"]);
    stored_but_not_committed(&t);
    assert!(t.file(".git/MERGE_HEAD").exists());
    t.git(["commit", "-qm", "Merge other"]);
    assert_eq!(t.git(["log", "-1", "--format=%p"]).split(' ').count(), 2);
    caught_up(&t);
}

#[test]
fn during_a_rebase() {
    let t = Sandbox::new();
    fs::write(t.file("NOTES"), "one\n").unwrap();
    t.git(["add", "NOTES"]);
    t.git(["commit", "-qm", "Add notes"]);
    t.program("git", ["rebase", "-q", "-i", "HEAD~1"])
        .env("GIT_SEQUENCE_EDITOR", "sed -i -e s/^pick/edit/")
        .dir(t.vault())
        .ok();
    stored_but_not_committed(&t);
    t.git(["add", "-A"]);
    t.program("git", ["rebase", "--continue"]).env("GIT_EDITOR", "true").dir(t.vault()).ok();
    caught_up(&t);
}

#[test]
fn while_the_index_is_locked() {
    let t = Sandbox::new();
    let lock = t.file(".git/index.lock");
    fs::write(&lock, "").unwrap();
    stored_but_not_committed(&t);
    fs::remove_file(&lock).unwrap();
    caught_up(&t);
}

#[test]
fn on_a_detached_head() {
    let t = Sandbox::new();
    let main = t.git(["symbolic-ref", "--short", "HEAD"]);
    t.git(["checkout", "-q", "--detach"]);
    stored_but_not_committed(&t);
    let check = t.authy(["check"]).ok();
    check.stdout_has("detached HEAD").stdout_has("check out a branch with 'git switch'; then");
    t.git(["checkout", "-q", &main]);
    caught_up(&t);
}

#[test]
fn when_a_hook_refuses() {
    let t = Sandbox::new();
    let hook = t.file(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'not on my watch' >&2\nexit 1\n").unwrap();
    chmod(&hook, 0o755);
    stored_but_not_committed(&t);
    fs::remove_file(&hook).unwrap();
    caught_up(&t);
}

#[test]
fn when_signing_fails() {
    let t = Sandbox::new();
    t.git(["config", "commit.gpgsign", "true"]);
    t.git(["config", "gpg.program", "/bin/false"]);
    stored_but_not_committed(&t);
    t.git(["config", "commit.gpgsign", "false"]);
    caught_up(&t);
}

#[test]
fn the_users_staged_work_survives_a_refused_commit() {
    let t = Sandbox::new();
    fs::write(t.file("mine"), "mine\n").unwrap();
    t.git(["add", "mine"]);
    let hook = t.file(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    chmod(&hook, 0o755);
    stored_but_not_committed(&t);
    let staged = t.git(["diff", "--cached", "--name-only"]);
    assert_eq!(staged, "mine");
}
