//! `.authy.toml`: found by walking up; what it may decide alone and what the user must allow.

use std::fs;

use crate::harness::Sandbox;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2")]);
    t.policy("backend", ["db-*"]);
    t.policy("all", ["*"]);
    t
}

fn project(t: &Sandbox, content: &str) {
    t.write(".authy.toml", content);
}

#[test]
fn scope_and_naming_come_from_the_nearest_file_above() {
    let t = stocked();
    project(
        &t,
        "[authy]\nscope = \"backend\"\nuppercase = true\nreplace_dash = \"_\"\nprefix = \"P_\"\n",
    );
    let deep = t.work().join("a/b/c");
    fs::create_dir_all(&deep).unwrap();
    t.authy(["run", "--", "sh", "-c", "echo $P_DB_URL$P_API_KEY"]).dir(&deep).ok().stdout_is("1\n");
    t.authy(["env", "--format", "json"]).dir(&deep).ok().stdout_is_json(r#"{"P_DB_URL":"1"}"#);
    fs::write(t.work().join("a/.authy.toml"), "[authy]\nscope = \"all\"\n").unwrap();
    t.authy(["env", "--format", "json"])
        .dir(&deep)
        .ok()
        .stdout_is_json(r#"{"api_key":"2","db_url":"1"}"#);
}

#[test]
fn flags_and_variables_win_over_the_file() {
    let t = stocked();
    project(&t, "[authy]\nscope = \"backend\"\nprefix = \"P_\"\n");
    t.authy(["env", "--scope", "all", "--prefix", "Q_", "--format", "json"])
        .ok()
        .stdout_is_json(r#"{"Q_api_key":"2","Q_db_url":"1"}"#);
    t.authy(["env", "--format", "json"]).env("AUTHY_SCOPE", "all").ok().stdout_has("api_key");
}

#[test]
fn the_example_of_the_guide_works() {
    let t = stocked();
    project(
        &t,
        "[authy]\nscope = \"backend\"\nkeyfile = \"~/.authy/keys/master.key\"\nuppercase = true\n\
         replace_dash = \"_\"\naliases = [\"claude\", \"aider\"]\n",
    );
    t.authy(["run", "--", "sh", "-c", "echo $DB_URL"]).ok().stdout_is("1\n");
}

const TEMPLATE: &str =
    "[authy]\nscope = \"all\"\n\n[env]\nDATABASE = \"pg://{db-url}:{api-key}@host\"\n";

#[test]
fn templates_need_to_be_allowed_once() {
    let t = stocked();
    project(&t, TEMPLATE);
    let marker = t.path("ran");
    let child = ["run", "--", "touch", marker.to_str().unwrap()];
    t.authy(child).fails(4).stderr_has("authy allow");
    t.authy(["env"]).fails(4).stdout_is("");
    assert!(!marker.exists());
    t.authy(["allow", "--yes"]).ok();
    t.authy(["run", "--", "sh", "-c", "echo $DATABASE"]).ok().stdout_is("pg://1:2@host\n");
    t.authy(["deny"]).ok();
    t.authy(["run", "--", "true"]).fails(4);
}

#[test]
fn a_changed_file_must_be_allowed_again() {
    let t = stocked();
    project(&t, TEMPLATE);
    t.authy(["allow", "--yes"]).ok();
    project(&t, &TEMPLATE.replace("host", "evil"));
    t.authy(["run", "--", "true"]).fails(4);
    project(&t, TEMPLATE);
    t.authy(["run", "--", "true"]).ok();
}

#[test]
fn an_allowed_file_is_not_allowed_elsewhere() {
    let t = stocked();
    project(&t, TEMPLATE);
    t.authy(["allow", "--yes"]).ok();
    let other = t.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join(".authy.toml"), TEMPLATE).unwrap();
    t.authy(["run", "--", "true"]).dir(&other).fails(4);
}

#[test]
fn an_allowed_file_is_allowed_in_the_worktrees_of_its_repository() {
    let t = stocked();
    let project = "[authy]\nscope = \"backend\"\n[env]\nX = \"{db-url}\"\n";
    t.sh("git init -q main && git init -q elsewhere").ok();
    for folder in ["main", "elsewhere"] {
        fs::write(t.work().join(folder).join(".authy.toml"), project).unwrap();
    }
    t.sh("cd main && git add . && git commit -qm x && git worktree add -q ../other").ok();
    let run =
        |folder: &str| t.authy(["run", "--", "sh", "-c", "echo $X"]).dir(t.work().join(folder));
    run("other").fails(4).stderr_has("authy allow");
    t.authy(["allow", "--yes"]).dir(t.work().join("main")).ok();
    run("other").ok().stdout_is("1\n");
    run("elsewhere").fails(4);
    // Other content is another file, in whichever of them.
    fs::write(t.work().join("other/.authy.toml"), format!("{project}Y = \"1\"\n")).unwrap();
    run("other").fails(4);
    run("main").ok();
    // What is denied in one is denied in all.
    fs::write(t.work().join("other/.authy.toml"), project).unwrap();
    t.authy(["deny"]).dir(t.work().join("other")).ok();
    run("main").fails(4);
    run("other").fails(4);
}

#[test]
fn allow_without_a_terminal_needs_yes() {
    let t = stocked();
    project(&t, TEMPLATE);
    let done = t.authy(["--no-input", "allow"]).ends();
    assert_ne!(done.code, 0, "{done}");
    t.authy(["run", "--", "true"]).fails(4);
    fs::remove_file(t.work().join(".authy.toml")).unwrap();
    t.authy(["allow", "--yes"]).fails(2).stderr_has(".authy.toml");
}

#[test]
fn templates_stay_inside_the_scope() {
    let t = stocked();
    project(&t, "[authy]\nscope = \"backend\"\n\n[env]\nLEAK = \"{api-key}\"\n");
    t.authy(["allow", "--yes"]).ok();
    t.authy(["run", "--", "sh", "-c", "echo $LEAK"]).fails(4).stdout_is("").stderr_has("api-key");
}

#[test]
fn templates_cannot_set_dangerous_variables() {
    let t = stocked();
    project(&t, "[authy]\nscope = \"all\"\n\n[env]\nLD_PRELOAD = \"{api-key}\"\n");
    t.authy(["allow", "--yes"]).ends();
    t.authy(["run", "--", "true"]).fails(2).stderr_has("LD_PRELOAD");
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line() {
    let t = stocked();
    project(&t, "[authy]\nscope = \"backend\"\nscpoe = \"all\"\n");
    t.authy(["run", "--", "true"])
        .fails(2)
        .stderr_has(".authy.toml")
        .stderr_has("scpoe")
        .stderr_has("3");
    project(&t, "[authy\n");
    t.authy(["run", "--", "true"]).fails(2).stderr_has(".authy.toml");
    project(&t, "[authy]\nscope = \"Bad Scope\"\n");
    t.authy(["run", "--", "true"]).fails(2);
}

#[test]
fn a_vault_never_seen_must_be_allowed() {
    let t = stocked();
    t.authy(["--vault", t.path("theirs").to_str().unwrap(), "init", "--member", "alice"]).ok();
    fs::remove_dir_all(t.path("state")).unwrap();
    project(&t, &format!("[authy]\nvault = \"{}\"\n", t.path("theirs").display()));
    t.authy(["store", "a"]).stdin("1").fails(4).stderr_has("authy allow");
    t.authy(["list"]).fails(4);
    t.authy(["allow", "--yes"]).ok();
    t.authy(["store", "a"]).stdin("1").ok();
    assert!(t.path("theirs/secrets/a.age").is_file());
}

#[test]
fn a_keyfile_outside_the_own_keys_must_be_allowed() {
    let t = stocked();
    let key = t.path("home/other.key");
    fs::rename(t.key(), &key).unwrap();
    project(&t, &format!("[authy]\nkeyfile = \"{}\"\n", key.display()));
    t.authy(["get", "db-url"]).fails(4).stderr_has("authy allow");
    t.authy(["allow", "--yes"]).ok();
    t.authy(["get", "db-url"]).ok().stdout_is("1");
}

#[test]
fn project_info_tells_what_was_found() {
    let t = stocked();
    project(&t, "[authy]\nscope = \"backend\"\n");
    t.authy(["project-info"]).ok().stdout_has("backend").stdout_has(".authy.toml");
}
