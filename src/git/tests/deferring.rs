//! When a commit waits, and that the repository then stays as it was.

use super::super::Reason;
use super::super::reason::Operation;
use super::{Outcome, Sandbox, ageless, fs};

/// Two branches whose merge or rebase conflicts, on `main`.
fn diverged() -> Sandbox {
    let sandbox = Sandbox::started();
    sandbox.git(&["switch", "-q", "-c", "side"]);
    sandbox.write("first", "side");
    sandbox.committed(&["first"]);
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.write("first", "main");
    sandbox.committed(&["first"]);
    sandbox.write("ours", "waits");
    sandbox
}

fn assert_waits(sandbox: &Sandbox, reason: &Reason) {
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let index = fs::read(sandbox.path(".git/index")).unwrap();
    assert_eq!(&ageless(sandbox.deferred(&["ours"])), reason);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(fs::read(sandbox.path(".git/index")).unwrap(), index);
    assert_eq!(fs::read(sandbox.path("ours")).unwrap(), b"waits");
}

#[test]
fn unfinished_operations_are_not_disturbed() {
    for (command, operation) in [
        (&["merge", "side"][..], Operation::Merge),
        (&["rebase", "side"], Operation::Rebase),
        (&["rebase", "--apply", "side"], Operation::Rebase),
        (&["cherry-pick", "side"], Operation::CherryPick),
        (&["revert", "--no-edit", "HEAD~1"], Operation::Revert),
        (&["bisect", "start"], Operation::Bisect),
    ] {
        let sandbox = diverged();
        sandbox.try_git(&sandbox.vault, command);
        assert_waits(&sandbox, &Reason::InProgress(operation));
    }
}

#[test]
fn a_sequence_between_two_picks_is_not_disturbed() {
    let sandbox = diverged();
    sandbox.git(&["switch", "-q", "side"]);
    sandbox.write("more", "side");
    sandbox.committed(&["more"]);
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.try_git(&sandbox.vault, &["cherry-pick", "side~1", "side"]);
    sandbox.write("first", "solved");
    sandbox.git(&["commit", "-q", "-a", "-m", "solved"]);
    assert_waits(&sandbox, &Reason::InProgress(Operation::Sequence));
}

#[test]
fn a_finished_merge_disturbs_nothing() {
    let sandbox = diverged();
    sandbox.try_git(&sandbox.vault, &["merge", "side"]);
    sandbox.write("first", "solved");
    sandbox.git(&["commit", "-q", "-a", "-m", "merged"]);
    sandbox.committed(&["ours"]);
    sandbox.assert_clean();
}

#[test]
fn conflicts_of_a_path_are_settled_by_its_commit() {
    let sandbox = diverged();
    sandbox.try_git(&sandbox.vault, &["merge", "side"]);
    // As after `git merge --quit`: the conflict stays in the index, the merge is over.
    sandbox.git(&["merge", "--quit"]);
    sandbox.write("first", "solved");
    sandbox.committed(&["first", "ours"]);
    sandbox.assert_clean();
}

#[test]
fn a_held_index_lock_is_waited_for_and_then_respected() {
    let sandbox = diverged();
    let lock = sandbox.path(".git/index.lock");
    fs::write(&lock, "").unwrap();
    assert_waits(&sandbox, &Reason::IndexLocked { lock: lock.clone(), age: None });
    assert!(lock.exists());
    let reason = sandbox.deferred(&["ours"]);
    assert!(reason.to_string().ends_with(" old"), "{reason}");
    let hint = reason.hint().unwrap();
    assert!(hint.contains(lock.to_str().unwrap()), "{hint}");
    fs::remove_file(&lock).unwrap();
    sandbox.committed(&["ours"]);
}

#[test]
fn where_jj_drives_the_repository_commits_go_onto_the_detached_head() {
    let sandbox = Sandbox::started();
    let before = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["checkout", "-q", "--detach"]);
    fs::create_dir(sandbox.vault.join(".jj")).unwrap();
    sandbox.write("first", "new");
    let id = sandbox.committed(&["first"]);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD^"]), before);
    assert_eq!(sandbox.git(&["rev-parse", "main"]), before);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), id);
    // Without a folder of git's own there is nothing to commit to.
    fs::rename(sandbox.vault.join(".git"), sandbox.vault.join(".jj/git")).unwrap();
    sandbox.write("first", "newer");
    assert_eq!(sandbox.commit(&["first"]).unwrap(), Outcome::Deferred(Reason::NotColocated));
}

#[test]
fn a_detached_head_gets_no_commits() {
    let sandbox = diverged();
    sandbox.git(&["switch", "-q", "--detach"]);
    assert_waits(&sandbox, &Reason::Detached);
}

/// Whoever finds the index's lock of a killed authy finds its others as well, even with nothing to commit.
#[test]
fn the_locks_of_a_killed_authy_are_removed_with_that_of_the_index() {
    let sandbox = diverged();
    sandbox.committed(&["ours"]);
    let locks = ["refs/heads/main.lock", "HEAD.lock", "index.lock"];
    let locks = locks.map(|name| sandbox.path(".git").join(name));
    locks.iter().for_each(|lock| fs::write(lock, "authy\n").unwrap());
    assert_eq!(sandbox.commit(&["ours"]).unwrap(), Outcome::Nothing);
    assert!(locks.iter().all(|lock| !lock.exists()));
    sandbox.assert_clean();
}

#[test]
fn a_locked_branch_is_left_alone() {
    let sandbox = diverged();
    sandbox.git(&["config", "core.filesRefLockTimeout", "0"]);
    let lock = sandbox.path(".git/refs/heads/main.lock");
    fs::write(&lock, "").unwrap();
    assert_waits(&sandbox, &Reason::BranchBusy);
    fs::remove_file(&lock).unwrap();
    sandbox.committed(&["ours"]);
    sandbox.assert_clean();
}

#[test]
fn a_vault_without_a_work_tree_has_nothing_to_commit_to() {
    let sandbox = Sandbox::bare();
    sandbox.write("ours", "");
    assert_eq!(sandbox.commit(&["ours"]).unwrap(), Outcome::Deferred(Reason::NoRepository));
    sandbox.git(&["init", "-q", "--bare"]);
    assert_eq!(sandbox.commit(&["ours"]).unwrap(), Outcome::Deferred(Reason::NoRepository));
}

#[test]
fn a_repository_of_another_user_is_not_trusted() {
    let sandbox = diverged();
    let give = |path: &std::path::Path| std::os::unix::fs::chown(path, Some(12345), Some(12345));
    if give(&sandbox.path(".git")).is_err() {
        return; // only root can give files away
    }
    give(&sandbox.vault).unwrap();
    let head = fs::read(sandbox.path(".git/refs/heads/main")).unwrap();
    let reason = sandbox.deferred(&["ours"]);
    assert_eq!(reason, Reason::NotTrusted { work_tree: sandbox.vault.clone() });
    assert!(reason.hint().unwrap().contains("safe.directory"));
    assert_eq!(fs::read(sandbox.path(".git/refs/heads/main")).unwrap(), head);
    // Git agrees.
    assert!(!sandbox.try_git(&sandbox.vault, &["status"]).status.success());
}
