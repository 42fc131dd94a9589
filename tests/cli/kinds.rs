//! Repositories of other kinds than git's usual one: objects named by SHA-256, branches in a reftable, both
//! (what git 3 makes by default), and clones that lack part of the history.

use crate::harness::Sandbox;
use crate::team::Team;

/// A team whose repositories are of the kind that these variables of git(1) ask for. A git that is too old
/// for one of them (reftables came with 2.45) makes its usual kind.
fn team(kind: &[(&str, &str)]) -> Team {
    let mut t = Sandbox::empty();
    for (name, value) in kind {
        t.set(name, value);
    }
    t.program("git", ["init", "-q", "-b", "main", t.vault().to_str().unwrap()]).ok();
    Team::around(t.with_vault()).and_bob()
}

fn is_sound(team: &Team, who: &str) {
    team.of(who, &["check", "--strict"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    let vault = team.vault(who);
    let fsck = team.t.program("git", ["fsck", "--strict", "--no-dangling"]).dir(&vault).ok();
    assert_eq!(fsck.text(), "");
    assert_eq!(team.git(who, ["status", "--porcelain"]), "");
}

/// Two people change, meet, disagree, look back and bring back.
fn works_together(team: &Team) {
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    for who in ["alice", "bob", "alice"] {
        team.of(who, &["sync"]).ok();
    }
    for who in ["alice", "bob"] {
        team.holds(who, "db-key", "of alice");
        team.holds(who, "db-url", "of bob");
        is_sound(team, who);
    }
    // The same secret, at both ends.
    team.of("alice", &["rotate", "db-url"]).stdin("from alice").ok();
    team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ends().code_is(7);
    team.of("bob", &["conflict", "list"]).ok().stdout_has("db-url");
    team.of("bob", &["conflict", "show", "db-url", "theirs"]).ok().stdout_has("from alice");
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "from alice");
    // Many files become a pack.
    let many: String = (0..105).map(|n| format!("BULK_{n}=value number {n}\n")).collect();
    team.t.write("many.env", many);
    let file = team.t.work().join("many.env");
    team.of("alice", &["import", "--from", "dotenv", file.to_str().unwrap()]).ok();
    team.of("bob", &["rotate", "db-key"]).stdin("beside them").ok();
    for who in ["alice", "bob", "alice"] {
        team.of(who, &["sync"]).ok();
    }
    // Once more from the other side, so that it is joined where the many are new.
    team.of("bob", &["sync"]).ok();
    for who in ["alice", "bob"] {
        is_sound(team, who);
    }
    looks_back(team);
}

fn looks_back(team: &Team) {
    team.of("bob", &["history", "db-url"]).ok().stdout_has("bob").stdout_has("alice");
    team.of("bob", &["get", "db-url", "--version", "3"]).ok().stdout_is("of bob");
    team.of("bob", &["restore", "db-url", "--version", "3"]).ok();
    team.holds("bob", "db-url", "of bob");
    team.of("bob", &["check", "--base", "origin/main"]).ok();
    // A commit put back by hand is told from the past.
    team.git("bob", ["checkout", "-q", "HEAD~1", "--", "secrets"]);
    let refused = team.of("bob", &["get", "db-url"]).fails(5);
    refused.stderr_has("restore db-url --version");
    team.git("bob", ["checkout", "-q", "HEAD", "--", "secrets"]);
    team.of("bob", &["sync"]).ok();
    is_sound(team, "bob");
}

#[test]
fn objects_named_by_sha_256() {
    let team = team(&[("GIT_DEFAULT_HASH", "sha256")]);
    assert_eq!(team.git("bob", ["rev-parse", "HEAD"]).len(), 64);
    works_together(&team);
}

#[test]
fn both_as_git_3_has_them() {
    works_together(&team(&[
        ("GIT_DEFAULT_HASH", "sha256"),
        ("GIT_DEFAULT_REF_FORMAT", "reftable"),
    ]));
}

#[test]
fn a_branch_in_a_reftable_is_one_all_the_same() {
    let team = team(&[("GIT_DEFAULT_REF_FORMAT", "reftable")]);
    team.git("bob", ["switch", "-q", "-c", "feature"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of a branch").ok();
    team.git("bob", ["switch", "-q", "main"]);
    team.of("bob", &["get", "db-url"]).ok().stdout_is("one").stderr_has("feature");
    let vault = team.vault("bob");
    let linked = team.t.path("bob/linked");
    let words = ["worktree", "add", "-q", linked.to_str().unwrap(), "feature"];
    team.t.program("git", words).dir(&vault).ok();
    team.of("bob", &["get", "db-url"]).env("AUTHY_VAULT", &linked).ok().stdout_is("of a branch");
    team.of("bob", &["sync", "--with", "feature"]).ok();
    team.holds("bob", "db-url", "of a branch");
    team.git("bob", ["checkout", "-q", "--detach"]);
    let refused = team.of("bob", &["sync"]).ends().code_is(7);
    refused.stderr_has("no branch");
}

/// carol's clone leaves something out, and is worked with.
fn is_partial(filter: &str) {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("second").ok();
    team.of("bob", &["rotate", "db-key"]).stdin("another").ok();
    team.of("bob", &["sync"]).ok();
    let (origin, vault) = (team.t.path("origin.git"), team.vault("carol"));
    team.t.program("git", ["config", "uploadpack.allowFilter", "true"]).dir(&origin).ok();
    let url = format!("file://{}", origin.display());
    let words = ["clone", "-q", filter, &url, vault.to_str().unwrap()];
    team.t.program("git", words).ok();
    team.of("carol", &["join", "--name", "carol", "--group", "backend"])
        .ok()
        .stderr_lacks("partial");
    for who in ["carol", "alice"] {
        team.of(who, &["sync"]).ok();
    }
    team.of("alice", &["approve", "carol", "--yes"]).ok();
    for who in ["alice", "carol"] {
        team.of(who, &["sync"]).ok();
    }
    team.holds("carol", "db-url", "second");
    team.of("carol", &["rotate", "db-key"]).stdin("of carol").ok();
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    team.of("alice", &["sync"]).ok();
    team.of("carol", &["sync"]).ends().code_is(7);
    team.of("carol", &["conflict", "show", "db-key", "theirs"]).ok().stdout_has("of alice");
    team.of("carol", &["conflict", "take", "ours", "db-key"]).ok();
    team.of("carol", &["sync"]).ok();
    team.of("carol", &["history", "db-url"]).ok().stdout_has("bob").stdout_has("alice");
    team.of("carol", &["policy", "diff", "HEAD~2"]).ok();
    team.of("carol", &["check", "--base", "origin/main"]).ok();
    team.of("carol", &["check", "--strict"]).ok();
    team.of("carol", &["audit", "verify"]).ok().stdout_lacks("damaged");
}

#[test]
fn a_clone_without_old_files() {
    is_partial("--filter=blob:none");
}

#[test]
fn a_clone_without_old_folders() {
    is_partial("--filter=tree:0");
}

#[test]
fn what_a_partial_clone_left_out_is_fetched_in_one_go_or_said_to_be_out_of_reach() {
    let team = Team::with_bob();
    for n in 0..4 {
        team.of("alice", &["rotate", "db-url"]).stdin(format!("value {n}")).ok();
    }
    team.of("alice", &["sync"]).ok();
    let (origin, vault) = (team.t.path("origin.git"), team.t.path("bob/partial"));
    team.t.program("git", ["config", "uploadpack.allowFilter", "true"]).dir(&origin).ok();
    let url = format!("file://{}", origin.display());
    let words = ["clone", "-q", "--filter=blob:none", &url, vault.to_str().unwrap()];
    team.t.program("git", words).ok();
    let of_bob = |words: &[&str]| team.of("bob", words).env("AUTHY_VAULT", &vault);
    of_bob(&["get", "db-url"]).ok().stdout_is("value 3");
    // Out of reach: what lies here is read all the same.
    let away = team.t.path("away.git");
    std::fs::rename(&origin, &away).unwrap();
    let refused = of_bob(&["history", "db-url"]).fails(1);
    refused.stderr_has("cannot fetch what a partial clone left out").stderr_has("origin.git");
    of_bob(&["get", "db-url"]).ok().stdout_is("value 3");
    std::fs::rename(&away, &origin).unwrap();
    let trace = team.t.path("trace");
    let told = of_bob(&["history", "db-url"]).env("GIT_TRACE", &trace).ok();
    assert!(told.text().lines().filter(|line| line.contains("value")).count() >= 4);
    let trace = std::fs::read_to_string(&trace).unwrap();
    assert_eq!(trace.matches("built-in: git upload-pack").count(), 1, "{trace}");
}

#[test]
fn a_scan_of_a_partial_clone_looks_at_what_was_left_out() {
    let team = Team::with_bob();
    let leak = team.file("alice", "notes.txt");
    std::fs::write(&leak, "token ghp_0123456789abcdefghijABCDEFGHIJ012345\n").unwrap();
    team.git("alice", ["add", "notes.txt"]);
    team.git("alice", ["commit", "-q", "-m", "Leak"]);
    team.git("alice", ["rm", "-q", "notes.txt"]);
    team.git("alice", ["commit", "-q", "-m", "Gone"]);
    team.of("alice", &["sync"]).ok();
    let (origin, clone) = (team.t.path("origin.git"), team.t.path("clone"));
    team.t.program("git", ["config", "uploadpack.allowFilter", "true"]).dir(&origin).ok();
    let url = format!("file://{}", origin.display());
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let _ = std::fs::remove_dir_all(&clone);
        team.t.program("git", ["clone", "-q", filter, &url, clone.to_str().unwrap()]).ok();
        let words = ["scan", "--formats", "--history"];
        team.of("alice", &words).dir(&clone).ends().code_is(1).stdout_has("notes.txt");
        let away = team.t.path("away.git");
        std::fs::rename(&origin, &away).unwrap();
        team.of("alice", &words).dir(&clone).ends().code_is(1).stdout_has("notes.txt");
        let _ = std::fs::remove_dir_all(&clone);
        std::fs::rename(&away, &origin).unwrap();
        team.t.program("git", ["clone", "-q", filter, &url, clone.to_str().unwrap()]).ok();
        std::fs::rename(&origin, &away).unwrap();
        let refused = team.of("alice", &words).dir(&clone).ends().code_is(1);
        refused.stderr_has("partial clone left out").stderr_has("git fetch --refetch");
        std::fs::rename(&away, &origin).unwrap();
    }
}
