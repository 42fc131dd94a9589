//! `run`: which values the child gets, under which names.

use crate::harness::Sandbox;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("db.user", "2"), ("team/db-pass", "3"), ("api-key", "4")]);
    t.policy("backend", ["db*", "team/*"]);
    t
}

/// Gives the variables of a child, without what was there before, sorted.
fn variables(t: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut all = vec!["run", "--scope", "backend"];
    all.extend(words);
    all.extend(["--", "env"]);
    let mut lines = t.authy(all).ok().lines();
    lines.retain(|line| {
        ["1", "2", "3", "4"].contains(&line.split_once('=').map_or("", |pair| pair.1))
    });
    // `_` and SHLVL style variables of shells that exec.
    lines.retain(|line| !line.starts_with("SHLVL=") && !line.starts_with("GIT_CONFIG_NOSYSTEM="));
    lines.sort();
    lines
}

#[test]
fn names_become_variables() {
    let t = stocked();
    assert_eq!(variables(&t, &[]), ["db_url=1", "db_user=2", "team_db_pass=3"]);
    assert_eq!(variables(&t, &["--uppercase"]), ["DB_URL=1", "DB_USER=2", "TEAM_DB_PASS=3"]);
    assert_eq!(
        variables(&t, &["--prefix", "AUTHY_"]),
        ["AUTHY_db_url=1", "AUTHY_db_user=2", "AUTHY_team_db_pass=3"]
    );
    let all = ["--uppercase", "--replace-dash", "_", "--prefix", "X_"];
    assert_eq!(variables(&t, &all), ["X_DB_URL=1", "X_DB_USER=2", "X_TEAM_DB_PASS=3"]);
    assert_eq!(variables(&t, &["--replace-dash", "x"])[0], "dbxurl=1");
}

#[test]
fn naming_that_makes_no_variable_is_a_usage_error() {
    let t = stocked();
    t.authy(["run", "--scope", "backend", "--replace-dash", "=", "--", "true"]).fails(2);
    t.authy(["run", "--scope", "backend", "--prefix", "A=B", "--", "true"]).fails(2);
    t.authy(["run", "--scope", "backend", "--prefix", "1", "--", "true"]).fails(2);
    t.store([("db9", "x"), ("7db", "x")]);
    t.policy("digits", ["7*"]);
    t.authy(["run", "--scope", "digits", "--", "true"]).fails(2).stderr_has("7db");
}

#[test]
fn only_selects_secrets() {
    let t = stocked();
    assert_eq!(variables(&t, &["--only", "db-*"]), ["db_url=1"]);
    assert_eq!(
        variables(&t, &["--only", "db-*", "--only", "team/*"]),
        ["db_url=1", "team_db_pass=3"]
    );
    t.authy(["run", "--scope", "backend", "--only", "[", "--", "true"]).fails(2);
}

#[test]
fn only_never_widens_the_scope_and_says_where_it_means_nothing() {
    let t = stocked();
    let run = ["run", "--scope", "backend", "--only", "api-*", "--", "env"];
    let out =
        t.authy(run).fails(3).stderr_has("--only 'api-*' matches no secret in scope 'backend'");
    out.stderr_has("authy list --scope backend").stdout_is("");
}

#[test]
fn except_leaves_secrets_out() {
    let t = stocked();
    assert_eq!(variables(&t, &["--except", "team/*"]), ["db_url=1", "db_user=2"]);
    assert_eq!(
        variables(&t, &["--only", "*", "--except", "db-*"]),
        ["db_user=2", "team_db_pass=3"]
    );
    t.authy(["run", "--scope", "backend", "--except", "[", "--", "true"]).fails(2);
    let idle = t.authy(["run", "--scope", "backend", "--except", "bd-*", "--", "true"]).ok();
    idle.stderr_has("--except 'bd-*' matches no secret");
}

#[test]
fn a_variable_is_set_to_a_secret_or_a_text_with_secrets_in_it() {
    let t = stocked();
    let run = |mapping: &str, then: &str| {
        let words = ["run", "--scope", "backend", "--env", mapping, "--", "sh", "-c", then];
        t.authy(words)
    };
    run("GITHUB_PERSONAL_ACCESS_TOKEN=db-url", "echo $GITHUB_PERSONAL_ACCESS_TOKEN $db_url")
        .ok()
        .stdout_is("1 1\n");
    run("URL=pg://u:{team/db-pass}@h/{db-url}", "echo $URL").ok().stdout_is("pg://u:3@h/1\n");
    // Not in the scope, not there, no name, no variable, one that is refused.
    run("A=api-key", "env").fails(4);
    run("A=db-absent", "env").fails(3).stderr_has("db-absent");
    run("A=Hunter2", "env").fails(2).stderr_has("VARIABLE=NAME");
    run("=db-url", "env").fails(2);
    run("LD_PRELOAD=db-url", "env").fails(2).stderr_has("LD_PRELOAD");
}

#[test]
fn an_admin_who_names_what_a_program_gets_needs_no_scope() {
    let t = stocked();
    let run = ["run", "--only", "db-*", "--", "sh", "-c", "echo $db_url ${AUTHY_SCOPE-none}"];
    t.authy(run).ok().stdout_is("1 none\n");
    t.authy(["run", "--", "true"]).fails(2).stderr_has("run --only");
    t.authy(["env", "--only", "db-*"]).fails(2);
    // Not with an agent, and not below a run.
    t.authy(run).env("CLAUDECODE", "1").fails(2).stderr_has("--scope");
    let below = ["run", "--scope", "backend", "--", "authy", "run", "--only", "api-*", "--", "env"];
    t.authy(below).fails(3).stderr_has("in scope 'backend'");
}

#[test]
fn a_shell_line_is_told_from_a_program() {
    let t = stocked();
    let run = |word: &str| t.authy(["run", "--scope", "backend", "--", word, "x"]);
    run("echo a && echo b").fails(127).stderr_has("-- sh -c");
    run("FOO=1").fails(127).stderr_has("-- env NAME=VALUE");
    run("no-such-program").fails(127).stderr_lacks("hint");
}

#[test]
fn two_secrets_for_one_variable_are_an_error_naming_both() {
    let t = stocked();
    t.store([("db_url", "x")]);
    let marker = t.path("ran");
    let child = ["run", "--scope", "backend", "--", "touch", marker.to_str().unwrap()];
    t.authy(child).fails(2).stderr_has("db-url").stderr_has("db_url");
    t.authy(["env", "--scope", "backend"]).fails(2).stdout_is("").stderr_has("db-url");
    assert!(!marker.exists());
    t.authy(["run", "--scope", "backend", "--only", "db-url", "--", "true"]).ok();
}

#[test]
fn without_a_scope_nothing_runs() {
    let t = stocked();
    t.authy(["run", "--", "true"]).fails(2).stderr_has("scope");
    t.authy(["env"]).fails(2).stdout_is("").stderr_has("scope");
    t.authy(["export"]).fails(2).stdout_is("").stderr_has("scope");
    t.authy(["run", "--scope", "backend"]).fails(2);
    t.authy(["run", "--scope", "backend", "--"]).fails(2);
}

#[test]
fn the_child_inherits_the_environment() {
    let t = stocked();
    t.authy(["run", "--scope", "backend", "--", "sh", "-c", "echo $FOO"])
        .env("FOO", "bar")
        .ok()
        .stdout_is("bar\n");
}

#[test]
fn clean_env_gives_the_values_and_no_more_than_a_program_needs() {
    let t = stocked();
    let child =
        t.authy(["run", "--scope", "backend", "--clean-env", "--", "env"]).env("FOO", "bar").ok();
    child
        .stdout_lacks("FOO=")
        .stdout_lacks("XDG_STATE_HOME")
        .stdout_has("db_url=1")
        .stdout_has("PATH=");
}

#[test]
fn a_value_wins_over_an_inherited_variable() {
    let t = stocked();
    let child = ["run", "--scope", "backend", "--", "sh", "-c", "echo $db_url"];
    t.authy(child).env("db_url", "inherited").ok().stdout_is("1\n");
}

#[test]
fn an_unknown_scope_is_exit_3() {
    let t = stocked();
    t.authy(["run", "--scope", "bakcend", "--", "true"])
        .fails(3)
        .stderr_has("bakcend")
        .stderr_has("backend");
}

#[test]
fn a_scope_without_secrets_runs_the_child() {
    let t = stocked();
    t.policy("empty", ["none-*"]);
    t.authy(["run", "--scope", "empty", "--", "echo", "ran"]).ok().stdout_is("ran\n");
}

#[test]
fn a_value_with_a_nul_byte_cannot_be_a_variable() {
    let t = stocked();
    t.authy(["store", "db-bin", "--raw"]).stdin(b"a\0b").ok();
    let done = t.authy(["run", "--scope", "backend", "--", "true"]).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stderr_has("db-bin");
    t.authy(["run", "--scope", "backend", "--only", "db-url", "--", "true"]).ok();
}

#[test]
fn binary_values_reach_the_child_unchanged() {
    let t = stocked();
    let value: Vec<u8> = (1..=255).collect();
    t.authy(["store", "db-bin", "--raw"]).stdin(&value).ok();
    let child = [
        "run",
        "--scope",
        "backend",
        "--only",
        "db-bin",
        "--",
        "sh",
        "-c",
        "printf %s \"$db_bin\"",
    ];
    t.authy(child).env("LC_ALL", "C").ok().stdout_is(&value);
}
