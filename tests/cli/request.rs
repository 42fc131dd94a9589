//! `request`: an agent asks, and an admin sees it where approvals are.

use crate::harness::Sandbox;

#[test]
fn a_request_is_seen_by_admins_until_it_is_granted() {
    let t = Sandbox::new();
    t.store([("db-dev", "1"), ("db-prod", "2")]);
    t.policy("bot", ["db-dev"]);
    let token = t.authy(["session", "create", "--scope", "bot", "--label", "ci"]).ok().text();
    let as_bot = |words: &[&str]| t.authy(words).env("AUTHY_TOKEN", token.trim());
    t.authy(["approve"]).ok().stderr_lacks("asks for");
    as_bot(&["request", "db-prod", "db-dev", "--reason", "the migration needs it"])
        .env("CLAUDECODE", "1")
        .ok()
        .stderr_has("asked for db-prod:");
    // Twice is once.
    as_bot(&["request", "db-prod", "--reason", "still does"]).ok();
    let seen = t.authy(["approve"]).ok();
    seen.stderr_has("asks for db-prod")
        .stderr_has("still does")
        .stderr_lacks("the migration")
        .stderr_has("authy policy update bot --allow db-prod");
    let status = t.authy(["status"]).ok();
    status.stdout_has("asks for db-prod in bot (authy approve)");
    assert_eq!(t.authy(["status", "--json"]).ok().json()["waits"]["requests"][0]["scope"], "bot");
    as_bot(&["status"]).ok().stdout_lacks("asks for");
    as_bot(&["get", "db-prod"]).fails(4);
    t.authy(["policy", "update", "bot", "--allow", "db-prod"]).ok();
    t.authy(["approve"]).ok().stderr_lacks("asks for");
    t.authy(["status"]).ok().stdout_lacks("asks for");
    t.verifies();
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_request_that_says_nothing_is_none() {
    let t = Sandbox::new();
    t.policy("bot", ["db-*"]);
    let request = |words: &[&str]| t.authy(["request"].iter().chain(words));
    request(&["db-x", "--scope", "bot", "--reason", "why"]).fails(7).stderr_has("already");
    request(&["api", "--scope", "bot", "--reason", " "]).fails(2).stderr_has("1 to 200");
    request(&["api", "--scope", "bot", "--reason", "a\nb"]).fails(2);
    request(&["api", "--scope", "none", "--reason", "why"]).fails(3);
    request(&["api", "--reason", "why"]).fails(2).stderr_has("--scope");
    let odd = format!("why \u{1b}[31m{}", "x");
    request(&["api", "--scope", "bot", "--reason", &odd]).fails(2).only_printable();
    t.authy(["approve"]).ok().stderr_lacks("asks for");
}
