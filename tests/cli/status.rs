//! `status`: where one is, who one is there, what decides, and what waits.

use std::fs;

use crate::harness::Sandbox;
use crate::team::Team;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("db-key", "2"), ("api-key", "3")]);
    t.policy("backend", ["db-*"]);
    t
}

#[test]
fn a_member_is_told_what_they_may_use() {
    let t = stocked();
    t.authy(["status"])
        .ok()
        .stdout_has("alice, an admin")
        .stdout_has("backend  2 secrets")
        .stdout_has("remote:     none")
        .stdout_has("master.key");
    let status = t.authy(["whoami", "--json"]).ok().json();
    assert_eq!(status["caller"]["kind"], "member");
    assert_eq!(status["caller"]["name"], "alice");
    assert_eq!(status["scopes"][0]["secrets"], 2);
    assert_eq!(status["waits"]["commit"], serde_json::json!([]));
    t.authy(["status", "--short"]).ok().stdout_is("alice\n");
    t.authy(["status", "--short"]).env("AUTHY_SCOPE", "backend").ok().stdout_is("alice@backend\n");
    t.authy(["status"])
        .env("CLAUDECODE", "1")
        .ok()
        .stdout_has("CLAUDECODE: without a token its scopes are run-only");
}

#[test]
fn without_a_vault_it_says_what_to_do_and_a_prompt_stays_empty() {
    let t = Sandbox::new();
    t.authy(["status", "--vault", "nowhere"]).fails(5).stderr_has("authy init");
    t.authy(["status", "--short", "--vault", "nowhere"]).ok().stdout_is("");
}

#[test]
fn a_token_is_told_of_its_scope_alone() {
    let t = stocked();
    t.policy("web", ["api-*"]);
    let words = ["session", "create", "--scope", "backend", "--label", "bot"];
    let token = t.authy(words).ok().text().trim().to_owned();
    t.authy(["status"])
        .env("AUTHY_TOKEN", &token)
        .ok()
        .stdout_has("(bot), for scope backend")
        .stdout_has("left)")
        .stdout_lacks("web")
        .stdout_lacks("waits")
        .stdout_lacks(&token);
    let status = t.authy(["status", "--json"]).env("AUTHY_TOKEN", &token).ok().json();
    assert_eq!(status["caller"]["kind"], "session");
    assert_eq!(status["scopes"].as_array().unwrap().len(), 1);
    t.authy(["status"]).env("AUTHY_TOKEN", "").ok().stdout_has("none: ");
}

#[test]
fn nobody_is_asked_for_a_passphrase() {
    let t = Sandbox::empty();
    let init = t.authy(["init", "--member", "alice", "--passphrase"]);
    init.env("AUTHY_PASSPHRASE", "correct horse").ok();
    t.authy(["status"]).ok().stdout_has("under a passphrase");
    let told = t.authy(["status"]).env("AUTHY_PASSPHRASE", "correct horse").ok();
    told.stdout_has("alice, an admin");
}

#[test]
fn what_is_not_committed_waits() {
    let t = stocked();
    fs::write(t.file(".git/index.lock"), "").unwrap();
    t.authy(["rotate", "db-url"]).stdin("new").ok();
    t.authy(["status"]).ok().stdout_has("not committed: db-url (authy sync)");
    t.authy(["status", "--short"]).ok().stdout_is("alice *\n");
    fs::remove_file(t.file(".git/index.lock")).unwrap();
}

#[test]
fn in_a_team_it_says_what_is_to_be_sent_merged_approved_and_decided() {
    let team = Team::new();
    team.clone_for("bob");
    let asked = team.of("bob", &["join", "--name", "bob", "--group", "backend", "--json"]);
    let asked = asked.ok().json();
    team.of("bob", &["status"])
        .ok()
        .stdout_has("bob, not yet: an admin runs 'authy approve bob'")
        .stdout_has(asked["fingerprint"].as_str().unwrap())
        .stdout_has("1 commit to send (authy sync)");
    team.send("bob", "alice");
    team.of("alice", &["status"]).ok().stdout_has("for an admin: bob (authy approve)");
    team.of("alice", &["approve", "--yes"]).ok();
    team.send("alice", "bob");
    team.of("bob", &["status"]).ok().stdout_has("bob, in @backend").stdout_lacks("to send");

    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("by alice").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    team.of("bob", &["sync"]).fails(7);
    team.of("bob", &["status"])
        .ok()
        .stdout_has("in conflict: db-url (authy conflict list)")
        .stdout_has("to merge (once nothing is in conflict)");
    team.of("bob", &["status", "--short"]).ok().stdout_has("bob >").stdout_has("<");
}
