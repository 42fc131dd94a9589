//! `check --base REV`: a pipeline without pins sees what is older than the base.

use std::fs;

use crate::team::Team;

/// A check as a pipeline makes it: no identity, no state of before.
fn check(team: &Team, code: i32, words: &[&str]) {
    let fresh = team.t.path("fresh");
    let done = team
        .of("alice", &["check", "--base", "base"])
        .env("HOME", &fresh)
        .env("XDG_STATE_HOME", &fresh)
        .ends()
        .code_is(code);
    fs::remove_dir_all(&fresh).unwrap();
    words.iter().fold(done, |done, word| done.stdout_has(word));
}

/// Puts files back as they were when the vault was new, against what is the base by now.
fn put_back(team: &Team, path: &str) {
    team.git("alice", ["tag", "-f", "base"]);
    team.git("alice", ["checkout", "-q", "old", "--", path]);
}

#[test]
fn whatever_is_older_or_less_than_at_the_base_is_damage() {
    let team = Team::with_bob();
    team.git("alice", ["tag", "old"]);
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-root"]).ok();
    team.of("alice", &["member", "add", "bob", "--admin"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.git("alice", ["tag", "base"]);
    check(&team, 0, &[]);
    put_back(&team, "secrets");
    check(&team, 5, &["damage: secrets/db-url.toml: rolled back", "git log base..HEAD"]);
    team.git("alice", ["reset", "-q", "--hard"]);
    put_back(&team, "policies/backend.toml");
    check(&team, 5, &["damage: policies/backend.toml: rolled back"]);
    team.git("alice", ["reset", "-q", "--hard"]);
    fs::remove_file(team.file("alice", "policies/backend.toml")).unwrap();
    check(&team, 5, &["damage: policies/backend.toml: it was deleted"]);
    team.git("alice", ["reset", "-q", "--hard"]);
    let newest = team.git("alice", ["ls-files", "audit/alice-*.jsonl"]);
    fs::remove_file(team.file("alice", newest.lines().last().unwrap())).unwrap();
    check(&team, 5, &["damage: audit/alice-", "lines that the base has"]);
    team.git("alice", ["reset", "-q", "--hard"]);
    fs::remove_file(team.file("alice", "admins/2.toml")).unwrap();
    check(&team, 5, &["damage: admins/2.toml"]);
    team.git("alice", ["reset", "-q", "--hard"]);
    team.of("alice", &["rotate", "db-url"]).stdin("newer").ok();
    team.of("alice", &["remove", "db-key"]).ok();
    check(&team, 0, &[]);
    team.of("alice", &["check", "--base", "nowhere"]).fails(3);
}

#[test]
fn a_branch_that_is_merely_behind_is_accused_of_nothing() {
    let team = Team::with_bob();
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["store", "db-new"]).stdin("new").ok();
    team.git("alice", ["switch", "-q", "main"]);
    // main goes on: by bob, whose clone knows nothing of the request.
    team.of("bob", &["rotate", "db-url"]).stdin("two").ok();
    team.of("bob", &["rotate", "db-key"]).stdin("two").ok();
    team.push("bob");
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["tag", "base", "origin/main"]);
    team.git("alice", ["switch", "-q", "request"]);
    let fresh = team.t.path("fresh");
    let check = || {
        team.of("alice", &["check", "--base", "base"])
            .env("HOME", &fresh)
            .env("XDG_STATE_HOME", &fresh)
            .ends()
    };
    let done = check().code_is(0);
    done.stderr_has("this branch lacks").stderr_has("commits of base");
    // What the request itself takes away is named all the same, by authy's commands or without.
    team.of("alice", &["remove", "db-key"]).ok();
    check().code_is(0);
    team.git("alice", ["rm", "-q", "secrets/db-url.age", "secrets/db-url.toml"]);
    team.git("alice", ["commit", "-qm", "By hand"]);
    check().code_is(5).stdout_has("secrets/db-url.toml: it was deleted, and no line");
}

#[test]
fn three_dots_compare_with_where_the_branches_parted() {
    let team = Team::with_bob();
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["policy", "update", "backend", "--allow", "web-*"]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["policy", "create", "ci", "--allow", "ci-*"]).ok();
    let two = team.of("alice", &["policy", "diff", "main..request"]).ok();
    two.stdout_has("ci").stdout_has("web-*");
    let three = team.of("alice", &["policy", "diff", "main...request"]).ok();
    three.stdout_has("web-*").stdout_lacks("ci-*");
    team.of("alice", &["policy", "diff", "nowhere...request"]).fails(3);
}
