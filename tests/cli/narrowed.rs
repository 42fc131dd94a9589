//! A scope or a token holds though its variable is lost on the way, as agents lose them; and how
//! a token is handed on instead.

#![cfg(target_os = "linux")]

use crate::harness::{Call, Sandbox};
use crate::screen::Screen;
use crate::vault::{chmod, mode, text};

const KEY: &str = "sk_live_51HxYzAbCdEf";

/// A vault with two scopes.
fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("key", KEY), ("other-key", "another-value-of-another-scope")]);
    t.policy("narrow", ["key"]);
    t.policy("other", ["other-*"]);
    t
}

fn token(t: &Sandbox, flags: &[&str]) -> String {
    let create = ["session", "create", "--scope", "narrow"];
    t.authy(create.iter().chain(flags)).ok().text().trim().to_owned()
}

/// A program that loses what an agent's server loses, and asks for the other scope.
const LOST: &str = "env -u AUTHY_TOKEN -u AUTHY_TOKEN_FILE -u AUTHY_SCOPE";

fn below<'t>(t: &'t Sandbox, script: &str) -> Call<'t> {
    t.authy(["run", "--scope", "narrow", "--", "sh", "-c", script])
}

#[test]
fn below_a_token_nothing_runs_without_it() {
    let t = stocked();
    let token = token(&t, &[]);
    for ask in [
        "AI_AGENT=x authy run --scope other -- env",
        "authy run --scope narrow -- env",
        "authy get key",
        "authy store new --generate",
        "authy --keyfile $HOME/.authy/keys/master.key get other-key",
    ] {
        let done = t.sh(&format!("{LOST} {ask} </dev/null")).env("AUTHY_TOKEN", &token).fails(6);
        done.stdout_is("").stderr_has("--token-file").stderr_has("env_vars");
    }
    // Under a run-only token the program has none, and below it neither.
    let hidden = self::token(&t, &["--run-only"]);
    below(&t, &format!("{LOST} authy get other-key"))
        .env("AUTHY_TOKEN", &hidden)
        .ends()
        .code_is(6)
        .stdout_is("");
}

#[test]
fn below_a_run_the_scope_stays() {
    let t = stocked();
    for ask in ["authy run --scope other -- env", "authy get other-key", "authy list --scope other"]
    {
        let done = below(&t, &format!("{LOST} {ask}")).ends().code_is(4).stdout_is("");
        done.stderr_has("'narrow'");
    }
    below(&t, &format!("{LOST} authy get key")).ok().stdout_is(KEY);
    below(&t, &format!("{LOST} authy run -- printenv key")).ok().stdout_is(format!("{KEY}\n"));
    // Another one in its place is no way out.
    let done = below(&t, "AUTHY_SCOPE=other authy get other-key").ends().code_is(4);
    done.stdout_is("").stderr_has("confines");
}

#[test]
fn a_file_hands_a_token_on_to_what_gets_no_variables() {
    let t = stocked();
    let file = t.path("narrow.token");
    let file = file.to_str().unwrap();
    let done = t.authy(["session", "create", "--scope", "narrow", "--out", file]).ok();
    done.stdout_is("");
    assert_eq!(mode(file.as_ref()), 0o600);
    t.authy(["--token-file", file, "get", "key"]).ok().stdout_is(KEY);
    t.authy(["get", "key"]).env("AUTHY_TOKEN_FILE", file).ok().stdout_is(KEY);
    for words in [&["get", "other-key"][..], &["remove", "key"]] {
        t.authy(words).env("AUTHY_TOKEN_FILE", file).fails(4);
    }
    // As Claude Code starts its `apiKeyHelper`.
    let helper = format!("authy get key --token-file {file}");
    t.sh(&helper).env("AI_AGENT", "claude-code_2-1-332_harness").ok().stdout_is(KEY);
    // Lost below, it is found above.
    let ask = format!("{LOST} authy get other-key; {LOST} authy get key");
    t.sh(&ask).env("AUTHY_TOKEN_FILE", file).ends().stdout_is(KEY).stderr_has("narrow");
    let run = ["--token-file", file, "run", "--no-masking", "--", "sh", "-c", "authy get key"];
    t.authy(run).ok().stdout_is(KEY);
    // A new token takes the old one's place, and nothing else's.
    t.authy(["session", "create", "--scope", "narrow", "--out", file]).ok();
    t.authy(["--token-file", file, "get", "key"]).ok();
    let notes = t.write("notes", "mine\n");
    let out = ["session", "create", "--scope", "narrow", "--out", "notes"];
    t.authy(out).fails(7).stderr_has("something else");
    assert_eq!(text(&notes), "mine\n");
    let json = t.authy([&out[..5], &[file, "--json"]].concat()).ok().json();
    assert_eq!(json["token_file"], file);
    assert_eq!(json.get("token"), None);
}

#[test]
fn a_token_file_is_the_users_own_and_holds_a_token() {
    let t = stocked();
    let file = t.write("token", format!("  {}\r\n", token(&t, &[])));
    let get = |file: &str| t.authy(["--token-file", file, "get", "key"]);
    chmod(&file, 0o644);
    get("token").fails(6).stderr_has("chmod 600");
    chmod(&file, 0o600);
    get("token").ok().stdout_is(KEY);
    get("missing").fails(6).stderr_has("--out 'missing'");
    for (content, says) in [("", "empty"), (" \n", "empty"), ("authy_v1.x", "no session token")] {
        std::fs::write(&file, content).unwrap();
        get("token").fails(6).stdout_is("").stderr_has(says).stderr_has("'token'");
    }
    t.program("mkfifo", ["pipe"]).ok();
    get("pipe").fails(6);
}

#[test]
fn a_token_is_not_written_where_git_would_pick_it_up() {
    let t = stocked();
    t.program("git", ["init", "-q", "."]).ok();
    let out = |file: &str| t.authy(["session", "create", "--scope", "narrow", "--out", file]);
    out("token").fails(2).stderr_has(".gitignore");
    assert!(!t.work().join("token").exists());
    t.write(".gitignore", "*.token\n");
    out("a.token").ok();
    out("[a].token").ok();
    t.authy(["--token-file", "a.token", "get", "key"]).ok().stdout_is(KEY);
}

#[test]
fn a_project_file_names_a_token_file_once_it_is_allowed() {
    let t = stocked();
    let file = t.path("narrow.token");
    t.authy(["session", "create", "--scope", "narrow", "--out", file.to_str().unwrap()]).ok();
    t.write(".authy.toml", format!("[authy]\ntoken_file = \"{}\"\n", file.display()));
    t.authy(["get", "key"]).fails(4).stderr_has("authy allow");
    t.authy(["allow", "--yes"]).ok();
    t.authy(["get", "key"]).ok().stdout_is(KEY);
    t.authy(["get", "other-key"]).fails(4);
    t.authy(["project-info"]).ok().stdout_has("token-file:");
}

#[test]
fn blanks_around_a_token_do_not_count_and_an_empty_one_is_called_so() {
    let t = stocked();
    let token = token(&t, &[]);
    let get = |token: &str| t.authy(["get", "key"]).env("AUTHY_TOKEN", token);
    get(&format!(" {token}\n")).ok().stdout_is(KEY);
    get("").fails(6).stderr_has("empty");
    get(" \n").fails(6).stderr_has("empty");
    get("x").fails(6).stderr_has("no session token");
}

#[test]
fn only_a_person_at_a_terminal_is_told_to_unset_the_token() {
    let mut t = stocked();
    t.authy(["get", "key"]).env("AUTHY_TOKEN", "x").fails(6).stderr_lacks("unset");
    t.set("AUTHY_TOKEN", "x");
    let screen = Screen::start(&t, &["authy", "get", "key"]).end().1;
    assert!(screen.contains("unset AUTHY_TOKEN"), "{screen}");
    t.set("GEMINI_CLI", "1");
    let screen = Screen::start(&t, &["authy", "get", "key"]).end().1;
    assert!(!screen.contains("unset"), "{screen}");
}

#[test]
fn wrappers_get_what_a_token_may_show() {
    let t = stocked();
    let token = token(&t, &[]);
    let wrapper = "test \"$(authy get key)\" = \"$key\" && echo same; authy get other-key";
    let done = below(&t, wrapper).env("AUTHY_TOKEN", &token).ends();
    done.stdout_is("same\n").stderr_has("narrow");
    // What is printed of the token itself is masked, as values are.
    let printed = below(&t, "printenv AUTHY_TOKEN").env("AUTHY_TOKEN", &token).ok();
    printed.stdout_is("[authy:authy-token]\n");
    assert!(t.trail().iter().all(|line| line["secrets"][0] != "authy-token"));
    let run_only = self::token(&t, &["--run-only"]);
    below(&t, "authy get key").env("AUTHY_TOKEN", &run_only).ends().code_is(6).stdout_is("");
}

#[test]
fn a_nested_authy_finds_the_identity_of_the_run() {
    let t = stocked();
    let (from, to) = (t.key(), t.path("elsewhere.key"));
    std::fs::rename(from, &to).unwrap();
    let script = "cd / && authy get key && ! printenv AUTHY_KEYFILE";
    below(&t, script).env("AUTHY_KEYFILE", "../elsewhere.key").ok().stdout_is(KEY);
    let flag = ["--keyfile", to.to_str().unwrap(), "run", "--scope", "narrow", "--"];
    t.authy(flag.iter().chain(&["authy", "get", "key"])).ok().stdout_is(KEY);
}
