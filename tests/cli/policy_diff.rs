//! `policy diff`: a reviewer who has never seen authy reads who can decrypt what.

use std::fs;

use crate::team::Team;
use crate::vault::edit;

/// The vault of [`Team::with_bob`] with two more scopes, as `main`; then five edits on a branch.
fn pull_request() -> Team {
    let team = Team::with_bob();
    let create = |words: &[&str]| {
        team.of("alice", &[&["policy", "create"], words].concat()).ok();
    };
    create(&["prod", "--allow", "prod-*", "--run-only", "--command", "deploy", "--max-ttl", "1h"]);
    create(&["old", "--allow", "db-url", "--member", "bob"]);
    team.git("alice", ["checkout", "-q", "-b", "change"]);
    let prod = team.file("alice", "policies/prod.toml");
    edit(&prod, "members = []", "members = [\"bob\"]");
    edit(&prod, "run_only = true", "run_only = false");
    edit(&prod, "commands = [\"deploy\"]\n", "");
    edit(&team.file("alice", "policies/backend.toml"), "\"db-*\"", "\"db-k*\",\n    \"web-*\"");
    let new =
        "description = \"`x` *y*\"\nallow = [\"*\"]\ndeny = [\"prod-*\"]\nmembers = [\"@ops\"]\n";
    fs::write(team.file("alice", "policies/new.toml"), new).unwrap();
    fs::remove_file(team.file("alice", "policies/old.toml")).unwrap();
    team.clone_for("carol");
    team.of("carol", &["join", "--name", "carol", "--group", "ops"]).ok();
    fs::copy(team.file("carol", "members/carol.toml"), team.file("alice", "members/carol.toml"))
        .unwrap();
    team
}

const MEANS: [&str; 12] = [
    "bob can now decrypt 1 secret by policy prod (allow \"prod-*\"): prod-key",
    "bob can no longer decrypt 1 secret by policy backend (allow \"db-*\"): db-url",
    "rotate them",
    "carol becomes a member of @ops",
    "carol can now decrypt 2 secrets by policy new (allow \"*\"): db-key, db-url",
    "scope backend now allows \"web-*\", which matches no secret yet",
    "scope new is new",
    "scope new now denies \"prod-*\", which matches 1 secret",
    "scope old is gone",
    "scope prod can now be used by bob",
    "scope prod is no longer run-only",
    "scope prod may start any program (before: deploy)",
];

#[test]
fn five_edits_are_told_in_words_with_and_without_a_commit_and_without_an_identity() {
    let team = pull_request();
    let nobody = team.t.path("nobody");
    let diff = |words: &[&str]| {
        team.of("alice", &[&["policy", "diff"], words].concat()).env("HOME", &nobody)
    };
    let told = diff(&["--exit-code"]).ends().code_is(1);
    let all = MEANS.iter().fold(told, |told, line| told.stdout_has(line));
    all.stdout_has("policies/prod.toml (changed, not approved by an admin yet)")
        .stdout_has("policies/old.toml (removed)")
        .stdout_has("-members = []")
        .stdout_has("'authy approve': carol, backend, new, prod");
    team.git("alice", ["add", "-A"]);
    team.git("alice", ["commit", "-qm", "Change who reads what"]);
    diff(&["--exit-code"]).ok().stdout_is("").stderr_has("nothing differs");
    for range in ["main..HEAD", "main..change", "main..", "main"] {
        MEANS.iter().fold(diff(&[range]).ok(), |told, line| told.stdout_has(line));
    }
    let markdown = diff(&["main..HEAD", "--markdown"]).ok();
    markdown
        .stdout_has("- carol becomes a member of &#64;ops\n")
        .stdout_has("```diff\n")
        .stdout_has("+description = \"`x` *y*\"")
        .stdout_has("allow \"prod-\\*\"");
    let json = diff(&["main..HEAD", "--json"]).ok().json();
    assert_eq!(json["files"].as_array().unwrap().len(), 5);
    assert_eq!(json["effect"]["scopes"][3]["run_only"], false);
    diff(&["nowhere"]).fails(3).stderr_has("no revision 'nowhere'");
    // The other way round.
    diff(&["change..main"])
        .ok()
        .stdout_has("carol is a member no more")
        .stdout_has("scope old is new");
}

#[test]
fn what_is_only_signed_anew_is_no_difference() {
    let team = Team::with_bob();
    team.of("alice", &["member", "add", "bob", "--admin"]).ok();
    let told = team.of("bob", &["policy", "diff", "HEAD"]).ok();
    told.stdout_is("");
    let told = team.of("alice", &["policy", "diff", "HEAD~1"]).ok();
    told.stdout_has("bob becomes an admin")
        .stdout_has("bob can now decrypt 1 secret as an admin: prod-key");
    team.of("alice", &["rotate", "db-url"]).stdin("v").ok();
    team.of("alice", &["policy", "diff", "HEAD~1"]).ok().stdout_is("");
}
