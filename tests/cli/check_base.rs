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
    put_back(&team, "audit");
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
