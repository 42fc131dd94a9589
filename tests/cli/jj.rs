//! A vault whose repository jj drives beside git (`jj git init --colocate`): HEAD is never on a branch.
//! Tried with jj 0.45; without the program these tests are left out.

use crate::harness::Sandbox;
use crate::skipped::happens_to_have;
use crate::team::Team;

fn jj(team: &Team, who: &str, words: &[&str]) -> String {
    let (vault, home) = (team.vault(who), team.t.home());
    let call = team.t.program("jj", words.iter().copied()).dir(&vault).env("HOME", &home);
    let call = call.env("JJ_USER", who).env("JJ_EMAIL", format!("{who}@localhost"));
    call.ok().text()
}

/// bob's clone is one of jj's as well, and has been used with it.
fn team() -> Option<Team> {
    if !happens_to_have("jj") {
        return None;
    }
    let team = Team::with_bob();
    team.of("bob", &["sync"]).ok();
    jj(&team, "bob", &["git", "init", "--colocate"]);
    jj(&team, "bob", &["bookmark", "track", "main@origin"]);
    // From its first own commit on jj keeps HEAD off every branch.
    jj(&team, "bob", &["commit", "-m", "by jj"]);
    Some(team)
}

#[test]
fn changes_are_commits_and_sync_moves_the_bookmark() {
    let Some(team) = team() else { return };
    assert_eq!(team.git("bob", ["branch", "--show-current"]), "", "HEAD is detached");
    let rotated = team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    rotated.stderr_lacks("not committed");
    team.of("bob", &["get", "db-url"]).ok();
    // jj takes the commit in, and has nothing of its own to say about the files.
    assert!(jj(&team, "bob", &["log", "--no-graph", "-r", "@-"]).contains("Rotate db-url"));
    assert!(jj(&team, "bob", &["diff", "--summary"]).is_empty());
    team.of("bob", &["sync"]).ok();
    assert!(jj(&team, "bob", &["bookmark", "list"]).starts_with("main"));
    assert_eq!(team.git("bob", ["rev-parse", "main"]), team.hub(&["rev-parse", "main"]));
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-url", "of bob");
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    team.of("alice", &["sync"]).ok();
    // Each way of updating leaves the trail whole: nothing of it lies in the working copy.
    team.of("bob", &["get", "db-url"]).ok();
    jj(&team, "bob", &["git", "fetch"]);
    jj(&team, "bob", &["new", "main"]);
    team.holds("bob", "db-key", "of alice");
    team.of("bob", &["audit", "verify"]).ok().stdout_lacks("damaged");
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["check", "--strict"]).ok();
    for who in ["alice", "bob"] {
        team.of(who, &["sync"]).ok();
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    }
}

#[test]
fn without_a_folder_of_gits_the_way_on_is_said() {
    if !happens_to_have("jj") {
        return;
    }
    let t = Sandbox::new();
    let script = "cd ~ && jj git clone --no-colocate .authy bare && cp -r .authy/keys bare/";
    t.sh(script).ok();
    let clone = t.home().join("bare");
    let vault = clone.to_str().unwrap();
    let stored = t.authy(["--vault", vault, "store", "x"]).stdin("1").ok();
    stored.stderr_has("jj git colocation enable");
    t.authy(["--vault", vault, "sync"]).ends().code_is(1).stderr_has("jj git colocation enable");
}

#[test]
fn what_jj_left_in_a_file_is_told_from_damage() {
    let Some(team) = team() else { return };
    team.of("alice", &["rotate", "db-url"]).stdin("of alice").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    jj(&team, "bob", &["git", "fetch"]);
    jj(&team, "bob", &["new", "@-", "main@origin"]);
    let got = team.of("bob", &["get", "db-url"]).ends().code_is(5).stdout_is("");
    got.stderr_has("both sides of a conflict").stderr_has("'jj undo'");
    jj(&team, "bob", &["undo"]);
    team.holds("bob", "db-url", "of bob");
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("db-url");
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-url", "of bob");
}
