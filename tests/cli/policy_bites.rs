//! Policies at work: what a scope, a run-only policy, an unapproved policy gives and withholds.

use crate::harness::Sandbox;
use crate::vault::{edit, text};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("db-prod-url", "2"), ("api-key", "3")]);
    t.authy(["policy", "create", "backend", "--allow", "db-*", "--deny", "db-prod-*"]).ok();
    t
}

#[test]
fn every_command_keeps_to_the_scope() {
    let t = stocked();
    let child = [
        "run",
        "--scope",
        "backend",
        "--",
        "sh",
        "-c",
        "echo ${db_url-} ${db_prod_url-} ${api_key-}",
    ];
    t.authy(child).ok().stdout_is("1\n");
    t.authy(["env", "--scope", "backend", "--format", "json"])
        .ok()
        .stdout_is_json(r#"{"db_url":"1"}"#);
    t.authy(["list", "--scope", "backend"]).ok().stdout_is("db-url\n");
    t.authy(["get", "--scope", "backend", "db-prod-url"]).fails(4);
}

#[test]
fn run_only_gives_values_to_children_alone() {
    let t = stocked();
    t.authy(["policy", "create", "agent", "--allow", "api-*", "--run-only"]).ok();
    let child = "test \"$api_key\" = 3 && echo \"got $api_key\"";
    let done = t.authy(["run", "--scope", "agent", "--", "sh", "-c", child]).ok();
    done.stdout_is("got [authy:api-key]\n").stderr_has("so short that masking");
    t.authy(["list", "--scope", "agent"]).ok().stdout_is("api-key\n");
    t.authy(["get", "api-key", "--scope", "agent"]).fails(4).stdout_is("").stderr_has("run-only");
    t.authy(["env", "--scope", "agent"]).fails(4).stdout_is("").stderr_has("run-only");
    t.authy(["export", "--scope", "agent"]).fails(4).stdout_is("");
    t.authy(["edit", "api-key"]).env("AUTHY_SCOPE", "agent").env("EDITOR", "true").fails(4);
}

#[test]
fn commands_of_a_policy_limit_what_run_starts() {
    let t = stocked();
    t.authy(["policy", "create", "tools", "--allow", "api-*", "--command", "tr*"]).ok();
    t.authy(["run", "--scope", "tools", "--", "true"]).ok();
    t.authy(["run", "--scope", "tools", "--", "false"]).fails(4).stderr_has("false");
}

#[test]
fn a_bare_name_means_the_program_of_the_system() {
    let t = stocked();
    let real = t.sh("command -v uname").ok().text().trim().to_owned();
    let fake = t.script("bin/uname", "echo fake $api_key");
    t.authy(["policy", "create", "tools", "--allow", "api-*", "--command", "uname"]).ok();
    let path = format!("{}:{}", fake.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run = ["run", "--scope", "tools", "--no-masking", "--", "uname"];
    let done = t.authy(run).env("PATH", &path).ends().code_is(4).stdout_is("");
    done.stderr_has(fake.to_str().unwrap()).stderr_has("by its path");
    let line = t.last_entry();
    assert_eq!((&line["outcome"], &line["detail"]), (&"denied".into(), &fake.to_str().into()));
    // A link in a folder of one's own can be turned.
    std::fs::remove_file(&fake).unwrap();
    std::os::unix::fs::symlink(&real, &fake).unwrap();
    t.authy(run).env("PATH", &path).ends().code_is(4);
    // Named by its path it may lie anywhere, and only there.
    std::fs::remove_file(&fake).unwrap();
    t.script("bin/uname", "echo fake $api_key");
    t.authy(["policy", "update", "tools", "--command", fake.to_str().unwrap()]).ok();
    t.authy(run).env("PATH", &path).ok().stdout_is("fake 3\n");
    t.authy(run).ok().stdout_lacks("fake");
    assert_eq!(t.last_entry()["detail"], real.as_str());
}

#[test]
fn where_any_program_may_be_started_its_name_is_recorded() {
    let t = stocked();
    t.authy(["policy", "create", "any", "--allow", "api-*"]).ok();
    t.authy(["run", "--scope", "any", "--", "/bin/sh", "-c", "true"]).ok();
    assert_eq!(t.last_entry()["detail"], "sh");
}

#[test]
fn a_policy_edited_by_hand_is_unapproved() {
    let t = stocked();
    edit(&t.file("policies/backend.toml"), "\"db-*\"", "\"*\"");
    for words in [
        &["run", "--scope", "backend", "--", "true"][..],
        &["env", "--scope", "backend"],
        &["get", "db-url", "--scope", "backend"],
    ] {
        t.authy(words).fails(4).stdout_is("").stderr_has("backend").stderr_has("approve");
    }
    t.authy(["policy", "list"]).ok().stdout_has("unapproved");
    let list = t.authy(["--json", "policy", "list"]).ok().json();
    assert_eq!(list[0]["status"], "unapproved");
    t.holds("api-key", "3");
}

#[test]
fn a_policy_without_a_signature_is_unapproved() {
    let t = stocked();
    std::fs::write(t.file("policies/mine.toml"), "version = 1\nallow = [\"*\"]\ndeny = []\n")
        .unwrap();
    t.authy(["run", "--scope", "mine", "--", "true"]).fails(4).stderr_has("mine");
}

#[test]
fn a_policy_copied_to_another_name_is_unapproved() {
    let t = stocked();
    std::fs::copy(t.file("policies/backend.toml"), t.file("policies/copied.toml")).unwrap();
    let done = t.authy(["run", "--scope", "copied", "--", "true"]).ends();
    assert!(done.code == 4 || done.code == 5, "{done}");
}

#[test]
fn an_older_policy_does_not_come_back() {
    let t = stocked();
    let generous = text(&t.file("policies/backend.toml"));
    t.authy(["policy", "update", "backend", "--remove-allow", "db-*", "--allow", "none-*"]).ok();
    std::fs::write(t.file("policies/backend.toml"), generous).unwrap();
    let done = t.authy(["get", "db-url", "--scope", "backend"]).ends();
    assert!(done.code == 4 || done.code == 5, "{done}");
    assert_eq!(done.text(), "");
}

#[test]
fn a_scope_in_the_environment_cannot_be_left() {
    let t = stocked();
    t.policy("other", ["*"]);
    t.authy(["get", "db-url"]).env("AUTHY_SCOPE", "backend").ok().stdout_is("1");
    t.authy(["get", "api-key"]).env("AUTHY_SCOPE", "backend").fails(4);
    t.authy(["get", "api-key", "--scope", "other"]).env("AUTHY_SCOPE", "backend").fails(4);
    t.authy(["run", "--scope", "other", "--", "true"]).env("AUTHY_SCOPE", "backend").fails(4);
    t.authy(["run", "--", "sh", "-c", "echo $db_url$api_key"])
        .env("AUTHY_SCOPE", "backend")
        .ok()
        .stdout_is("1\n");
    t.authy(["policy", "update", "backend", "--allow", "*"]).env("AUTHY_SCOPE", "backend").fails(4);
    t.authy(["get", "db-url"]).env("AUTHY_SCOPE", "Not Valid").fails(2);
}

#[test]
fn denied_attempts_are_recorded() {
    let t = stocked();
    t.authy(["get", "api-key", "--scope", "backend"]).fails(4);
    let entry = t.last_entry();
    assert_eq!(entry["op"], "get");
    assert_eq!(entry["outcome"], "denied");
    assert_eq!(entry["scope"], "backend");
    assert_eq!(entry["secrets"], serde_json::json!(["api-key"]));
}
