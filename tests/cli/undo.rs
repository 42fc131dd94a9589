//! Taking the last change back, whatever it was.

use crate::harness::Sandbox;
use crate::team::Team;

/// What the record of a secret says, but for what every change changes.
fn said(t: &Sandbox, name: &str) -> serde_json::Value {
    let mut one = t.authy(["list", name, "--json"]).ok().json()[0].clone();
    for key in ["version", "changed", "created", "author"] {
        one.as_object_mut().unwrap().remove(key);
    }
    one
}

fn names(t: &Sandbox) -> String {
    t.authy(["list"]).ok().text().lines().map(|line| format!("{line} ")).collect()
}

/// Runs a change, takes it back and the taking back as well, and looks at the vault each time.
fn there_and_back(t: &Sandbox, change: &[&str], value: &str, expected: &str) {
    let state = || {
        let names = names(t);
        let all: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        let values: Vec<_> =
            all.iter().map(|name| (t.authy(["get", name]).ok().text(), said(t, name))).collect();
        (names, format!("{values:?}"))
    };
    let before = state();
    t.authy(change).stdin(value).ok();
    let after = state();
    assert_ne!(before, after, "{change:?}");
    let dry = t.authy(["undo", "--dry-run"]).ok();
    dry.stdout_has(expected);
    assert_eq!(state(), after, "{change:?}");
    t.authy(["undo"]).ok().stderr_has(expected);
    assert_eq!(state(), before, "{change:?}");
    t.authy(["undo"]).ok();
    assert_eq!(state(), after, "{change:?}, taken back twice");
    t.authy(["undo"]).ok();
    assert_eq!(state(), before, "{change:?}, taken back three times");
    t.authy(["check", "--strict"]).ok();
    t.verifies();
    t.is_clean();
}

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("db-key", "two"), ("svc/a", "three"), ("svc/b", "four")]);
    t.authy(["annotate", "db-key", "--description", "the key", "--tag", "db"]).ok();
    t
}

#[test]
fn every_change_of_a_secret_is_taken_back_by_one_word() {
    let t = stocked();
    there_and_back(&t, &["store", "new-key", "--description", "x"], "v", "removes new-key");
    there_and_back(&t, &["rotate", "db-url"], "v", "gives db-url the value of version 1");
    there_and_back(&t, &["store", "db-key", "--force", "--description", "other"], "v", "db-key");
    there_and_back(&t, &["remove", "db-key"], "", "brings db-key back");
    there_and_back(&t, &["rm", "-r", "svc"], "", "brings svc/a back");
    there_and_back(&t, &["rename", "db-key", "db/key"], "", "renames db/key to db-key");
    there_and_back(&t, &["mv", "svc/", "service/"], "", "renames service/a to svc/a");
    let annotate = ["annotate", "db-key", "--description", "y", "--for", "https://db.example.org"];
    there_and_back(&t, &annotate, "", "gives db-key the annotation of version");
    let file = t.write("more.env", "ONE=value one\nTWO=value two\n");
    let import = ["import", "--from", "dotenv", file.to_str().unwrap()];
    there_and_back(&t, &import, "", "removes one");
}

#[test]
fn a_policy_becomes_what_it_was() {
    let t = stocked();
    let show = || {
        let mut shown = t.authy(["policy", "list", "--json"]).ok().json();
        for one in shown.as_array_mut().unwrap() {
            one.as_object_mut().unwrap().remove("version");
            one.as_object_mut().unwrap().remove("signed_at");
        }
        shown
    };
    let mut states = vec![show()];
    for change in [
        &["policy", "create", "dev", "--allow", "db-*"][..],
        &["policy", "update", "dev", "--allow", "svc/*", "--run-only"],
        &["policy", "remove", "dev"],
    ] {
        t.authy(change).ok();
        let after = show();
        t.authy(["undo", "-n"]).ok().stdout_has("policy dev");
        t.authy(["undo", "-f"]).ok();
        assert_eq!(Some(&show()), states.last(), "{change:?}");
        t.authy(["undo"]).ok();
        assert_eq!(show(), after, "{change:?}");
        states.push(after);
    }
    t.authy(["check", "--strict"]).ok();
    t.verifies();
}

#[test]
fn what_is_taken_back_is_in_the_trail_and_in_git() {
    let t = stocked();
    t.authy(["rotate", "db-url"]).stdin("v").ok();
    let undone = t.authy(["undo", "--json"]).ok().json();
    assert_eq!(undone["subject"], "Rotate db-url (v2)");
    assert_eq!(undone["steps"][0]["what"], "value");
    assert_eq!(undone["steps"][0]["name"], "db-url");
    assert_eq!(undone["steps"][0]["version"], 1);
    assert_eq!(t.git(["log", "-1", "--format=%s"]), "Undo \"Rotate db-url (v2)\"");
    let lines = t.authy(["audit", "show", "--op", "undo", "--json"]).ok().json();
    let last = lines.as_array().unwrap().last().unwrap();
    assert_eq!(last["secrets"], serde_json::json!(["db-url"]));
    assert_eq!(last["detail"], "Rotate db-url (v2)");
    t.authy(["history", "db-url"]).ok().stdout_has("value");
}

#[test]
fn what_is_not_ones_own_or_not_of_this_kind_stays() {
    let t = Sandbox::new();
    t.authy(["undo"]).fails(3).stderr_has("no change that could be taken back");
    t.store([("db-url", "one")]);
    t.authy(["config", "set", "agents", "allow"]).ok();
    t.authy(["undo"]).fails(7).stderr_has("more than secrets or policies");
    t.authy(["rotate", "db-url"]).stdin("two").ok();
    // Somebody's edit waits.
    let record = t.file("secrets/db-url.toml");
    let text = std::fs::read(&record).unwrap();
    t.git(["checkout", "-q", "HEAD~1", "--", "secrets"]);
    assert_ne!(std::fs::read(&record).unwrap(), text);
    assert!(t.authy(["undo"]).ends().code != 0);
    t.git(["checkout", "-q", "HEAD", "--", "secrets"]);
    t.git(["config", "user.name", "Somebody Else"]);
    t.authy(["undo"]).fails(7).stderr_has("the last change is").stderr_has("authy restore NAME");
    // An agent has to ask, and a token only reads.
    t.git(["config", "--unset", "user.name"]);
    t.authy(["config", "set", "agents", "run-only"]).ok();
    t.authy(["rotate", "db-url"]).stdin("three").ok();
    t.authy(["undo"]).env("CLAUDECODE", "1").fails(4).stderr_has("a person has to do this");
    t.policy("dev", ["db-*"]);
    let token = t.authy(["session", "create", "--scope", "dev"]).ok().text();
    t.authy(["undo"]).env("AUTHY_TOKEN", token.trim()).fails(4).stderr_has("read-only");
}

#[test]
fn what_a_team_did_is_not_taken_back_in_passing() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    // It came straight in: git has another author for it.
    team.git("bob", ["config", "user.name", "Bob"]);
    let refused = team.of("bob", &["undo"]).fails(7);
    refused.stderr_has("the last change is").stderr_has("Rotate db-key");
    // One's own is, though it was sent; what only an admin may is refused as ever.
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["undo"]).ok();
    team.holds("bob", "db-url", "one");
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["rotate", "prod-key"]).stdin("of alice").ok();
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    for who in ["alice", "bob"] {
        team.of(who, &["sync"]).ok();
    }
    team.of("bob", &["undo"]).fails(7).stderr_has("brought in what others did");
    // So is what a sync settled by itself, though the merge changed nothing more.
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["annotate", "db-url", "--tag", "a"]).ok();
    team.of("bob", &["annotate", "db-url", "--tag", "b"]).ok();
    for who in ["alice", "bob"] {
        team.of(who, &["sync"]).ok();
    }
    team.of("bob", &["undo"]).fails(7).stderr_has("brought in what others did");
}

#[test]
fn a_later_change_that_is_not_committed_is_not_passed_over() {
    let t = stocked();
    t.authy(["rotate", "db-url"]).stdin("two").ok();
    t.authy(["config", "set", "commit", "manual"]).ok();
    t.authy(["rotate", "db-key"]).stdin("later").ok();
    let refused = t.authy(["undo"]).fails(7);
    refused.stderr_has("secrets/db-key").stderr_has("not committed");
    t.git(["commit", "-qam", "Rotate the key"]);
    t.authy(["undo"]).ok();
    t.authy(["get", "db-key"]).ok().stdout_is("two");
    t.authy(["get", "db-url"]).ok().stdout_is("two");
}

#[test]
fn a_shallow_clone_says_that_it_is_one() {
    let t = stocked();
    t.authy(["rotate", "db-url"]).stdin("two").ok();
    let clone = t.path("clone");
    let url = format!("file://{}", t.vault().display());
    t.program("git", ["clone", "-q", "--depth", "1", &url, clone.to_str().unwrap()]).ok();
    let there = |words: &[&str]| {
        let call = t.authy(words).env("AUTHY_VAULT", &clone).env("AUTHY_KEYFILE", t.key());
        call.env("AUTHY_STATE_DIR", t.path("other"))
    };
    there(&["undo"]).fails(7).stderr_has("--unshallow");
    there(&["history", "db-url"]).ok().stderr_has("--unshallow");
    there(&["restore", "db-url"]).fails(3).stderr_has("--unshallow");
    t.authy(["history", "db-url"]).ok().stderr_lacks("shallow");
}

#[test]
fn a_removed_secret_comes_back_for_all_who_read_it() {
    let team = Team::with_bob();
    team.of("alice", &["remove", "db-url"]).ok();
    team.of("alice", &["undo"]).ok();
    team.holds("alice", "db-url", "one");
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "one");
    team.of("alice", &["check", "--strict"]).ok();
}
