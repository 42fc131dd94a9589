//! Lines of the trail that are gone for good: an admin accepts that, with a reason, which is a line
//! itself; anything else that happens to the chain is damage as before.

use std::fs;

use crate::team::Team;
use crate::vault::{chain_of, edit, files_below};

/// bob's laptop is lost with lines that alice verified, and that nobody has any more.
fn lost() -> (Team, String) {
    let team = Team::two_admins();
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    for who in ["bob", "alice", "bob"] {
        team.of(who, &["sync"]).ok();
    }
    // alice fetches a branch of bob's and verifies it; then it is gone everywhere.
    team.git("bob", ["switch", "-q", "-c", "side"]);
    team.of("bob", &["rotate", "db-url"]).stdin("new").ok();
    team.git("bob", ["push", "-q", "origin", "side"]);
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["checkout", "-q", "origin/side"]);
    team.of("alice", &["audit", "verify"]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["audit", "verify"]).ok();
    team.hub(&["branch", "-q", "-D", "side"]);
    team.git("alice", ["fetch", "-q", "--prune", "origin"]);
    let segments = files_below(&team.file("bob", ".local/audit"));
    let segment = segments.iter().find(|path| path.ends_with("00000001.jsonl")).unwrap();
    let chain = chain_of(segment).to_owned();
    (team, chain)
}

#[test]
fn a_loss_for_good_is_accepted_with_a_reason_and_nothing_else_is() {
    let (team, chain) = lost();
    team.of("alice", &["audit", "verify"]).fails(5).says(&chain).says("it is gone");
    team.of("alice", &["check"]).fails(5);
    let accept = |who: &str, chain: &str, reason: &str| {
        team.of(who, &["audit", "accept", chain, "--reason", reason]).ends()
    };
    accept("alice", &chain, " ").code_is(2).stderr_has("a reason");
    accept("alice", "nobody-01234567", "x").code_is(3);
    // That it is fine to lose lines is no agent's to say.
    let words = ["--no-input", "audit", "accept", &chain, "--reason", "all fine"];
    let by_agent = team.of("alice", &words).env("CLAUDECODE", "1").ends();
    by_agent.code_is(4).stderr_has("a person has to do this");
    accept("alice", &chain, "bob's laptop was stolen").code_is(0).stderr_has("lost");
    let told = team.of("alice", &["audit", "verify"]).ok();
    told.stdout_has("lost, and that is accepted: bob's laptop was stolen");
    team.of("alice", &["check", "--strict"]).ok();
    let line = team.of("alice", &["--json", "audit", "show", "--op", "audit"]).ok().json();
    let last = line.as_array().unwrap().last().unwrap();
    assert_eq!((&last["op"], &last["outcome"]), (&"audit.accept".into(), &"granted".into()));
    accept("alice", &chain, "again").code_is(2).stderr_has("nothing is lost");
    // The others know by the line.
    team.of("alice", &["sync"]).ok();
    team.git("bob", ["switch", "-q", "main"]);
    fs::remove_dir_all(team.file("bob", ".local")).unwrap();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["audit", "verify"]).ok().stdout_has("that is accepted");
    // Another damage of the same chain is one.
    let files = team.git("alice", ["ls-files", &format!("audit/{chain}")]);
    let file = team.file("alice", files.lines().next().unwrap());
    edit(&file, "granted", "denied");
    team.of("alice", &["audit", "verify"]).fails(5).says(&chain);
    accept("alice", &chain, "no").code_is(5).stderr_has("and not only cut");
}

#[test]
fn whoever_is_no_admin_accepts_nothing() {
    let team = Team::with_bob();
    team.of("bob", &["get", "db-url"]).ok();
    team.of("bob", &["audit", "verify"]).ok();
    let segments = files_below(&team.file("bob", ".local/audit"));
    let segment = segments.iter().find(|path| path.ends_with("00000001.jsonl")).unwrap();
    let chain = chain_of(segment).to_owned();
    fs::remove_dir_all(team.file("bob", ".local/audit")).unwrap();
    team.of("bob", &["get", "db-url"]).ok().stderr_has("new chain");
    team.of("bob", &["audit", "verify"]).fails(5).says(&chain);
    let refused = team.of("bob", &["audit", "accept", &chain, "--reason", "mine"]);
    refused.ends().code_is(4).stderr_has("admin");
    team.of("bob", &["audit", "verify"]).fails(5);
}
