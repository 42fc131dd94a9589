//! An AI agent without a token: values go into processes, and nobody but the person at the
//! terminal can agree to more.

use crate::harness::{Call, Sandbox};
use crate::screen::Screen;

const KEY: &str = "sk_live_51HxYzAbCdEf";

/// A vault with an open scope and a run-only one, and an agent at work.
fn stocked() -> Sandbox {
    let mut t = Sandbox::new();
    t.store([("key", KEY)]);
    t.policy("open", ["*"]);
    t.authy(["policy", "create", "closed", "--allow", "*", "--run-only"]).ok();
    t.set("CLAUDECODE", "1");
    t
}

/// Every command that shows values.
const READING: [&[&str]; 5] = [
    &["get", "key"],
    &["get", "key", "--scope", "open"],
    &["env", "--scope", "open"],
    &["export", "--scope", "open"],
    &["resolve", "template", "--scope", "open"],
];

fn resolvable(t: &Sandbox) {
    t.write("template", "key: <authy:key>\n");
}

fn without_marker<'t>(t: &'t Sandbox, script: &str) -> Call<'t> {
    t.sh(&format!("unset CLAUDECODE; {script}"))
}

#[test]
fn reading_is_refused_with_the_reason_and_the_way() {
    let t = stocked();
    resolvable(&t);
    for words in READING {
        let done = t.authy(words).ends().code_is(4).stdout_is("");
        done.stderr_has("CLAUDECODE").stderr_has("authy run").stderr_lacks(KEY);
    }
    assert_eq!(t.last_entry()["outcome"], "denied");
    t.verifies();
}

#[test]
fn names_and_policies_are_no_values() {
    let t = stocked();
    t.authy(["list"]).ok().stdout_has("key");
    t.authy(["policy", "show", "open"]).ok();
    t.authy(["policy", "test", "--scope", "open", "key"]).ok();
    t.authy(["store", "more"]).stdin("v").ok();
}

#[test]
fn run_works_and_is_masked() {
    let t = stocked();
    let show = ["--", "sh", "-c", "echo $key"];
    for flags in [&["run", "--scope", "open"][..], &["run", "--scope", "open", "--no-masking"]] {
        t.authy(flags.iter().chain(&show)).ok().stdout_is("[authy:key]\n");
    }
}

#[test]
fn any_marker_counts_and_an_empty_one_does_not() {
    let t = stocked();
    for marker in ["CLAUDECODE", "CURSOR_AGENT", "AI_AGENT", "GEMINI_CLI", "CODEX_SANDBOX"] {
        without_marker(&t, &format!("{marker}=1 authy get key"))
            .ends()
            .code_is(4)
            .stderr_has(marker);
        for none in ["", "0"] {
            without_marker(&t, &format!("{marker}={none} authy get key")).ok().stdout_is(KEY);
        }
    }
}

#[test]
fn no_flag_and_no_variable_is_consent() {
    let t = stocked();
    let before = ["--no-input", "-q", "--json", "--color=always"];
    for flag in before {
        t.authy([flag, "get", "key"]).stdin("y\ny\nyes\n").ends().code_is(4).stdout_is("");
    }
    for variable in ["AUTHY_YES", "AUTHY_SCOPE", "AUTHY_NON_INTERACTIVE", "AUTHY_AGENTS"] {
        for value in ["1", "open", "allow", "0"] {
            let done = t.authy(["get", "key"]).env(variable, value).stdin("y\n").ends();
            assert_ne!(done.code, 0, "{done}");
            done.stdout_lacks(KEY);
        }
    }
}

#[test]
fn the_person_at_the_terminal_can_agree() {
    let t = stocked();
    let mut screen = Screen::start(&t, &["authy", "get", "key"]);
    screen.until("CLAUDECODE").until("'key'").keys("y\r").until(KEY);
    assert_eq!(screen.end().0, 0);
    for no in ["n\r", "\r", "\x04"] {
        let mut screen = Screen::start(&t, &["authy", "get", "key"]);
        screen.until("'key'").keys(no);
        let (code, screen) = screen.end();
        assert_eq!(code, 4, "{screen}");
        assert!(!screen.contains(KEY), "{screen}");
    }
    // Standard input and output may be the agent's: the terminal is asked all the same.
    let mut screen = Screen::sh(&t, "echo n | authy get key >taken");
    screen.until("'key'").keys("y\r");
    assert_eq!(screen.end().0, 0);
    assert_eq!(crate::vault::text(&t.work().join("taken")), KEY);
}

#[test]
#[cfg(target_os = "linux")]
fn below_a_run_that_a_person_started_the_marker_alone_refuses_nothing() {
    let t = stocked();
    let agent = "sh -c 'CLAUDECODE=1 sh -c \"authy get key; true\"'";
    let run = |scope: &str| format!("authy run --scope {scope} -- {agent}");
    without_marker(&t, &run("open")).ok().stdout_is(KEY);
    without_marker(&t, &run("closed")).ends().stdout_is("").stderr_has("closed");
    // Started by the agent itself, it is the agent's.
    t.sh(&run("open")).ends().stdout_is("").stderr_has("CLAUDECODE");
    // Nor is the scope in its own environment anybody's word.
    t.authy(["get", "key"]).env("AUTHY_SCOPE", "open").ends().code_is(4).stderr_has("CLAUDECODE");
}

#[test]
fn the_vault_can_trust_agents_and_only_a_person_can_say_so() {
    let t = stocked();
    t.authy(["config", "set", "agents", "allow"]).ends().code_is(4).stderr_has("person");
    t.authy(["get", "key"]).ends().code_is(4);
    without_marker(&t, "authy config set agents allow").ok();
    t.authy(["get", "key"]).ok().stdout_is(KEY);
    t.authy(["run", "--scope", "open", "--", "sh", "-c", "echo $key"])
        .ok()
        .stdout_is(format!("{KEY}\n"));
    without_marker(&t, "authy config set agents run-only").ok();
    t.authy(["get", "key"]).ends().code_is(4);
    without_marker(&t, "authy config set agents often").ends().code_is(2);
}

#[test]
fn a_setting_that_nobody_signed_is_damage() {
    let t = stocked();
    let before = crate::vault::text(&t.file("authy.toml"));
    assert!(!before.contains("agents = \"allow\""));
    let path = t.file("authy.toml");
    if before.contains("agents = ") {
        crate::vault::edit(&path, "agents = \"run-only\"", "agents = \"allow\"");
    } else {
        crate::vault::edit(&path, "audit = ", "agents = \"allow\"\naudit = ");
    }
    t.authy(["get", "key"]).ends().code_is(5).stdout_is("");
}

#[test]
fn a_session_made_by_an_agent_is_run_only() {
    let t = stocked();
    let done = t.authy(["session", "create", "--scope", "open"]).ok().stderr_has("run-only");
    let token = done.text().trim().to_owned();
    without_marker(&t, "authy get key").env("AUTHY_TOKEN", &token).ends().code_is(4).stdout_is("");
    t.authy(["run", "--", "sh", "-c", "echo $key"])
        .env("AUTHY_TOKEN", &token)
        .ok()
        .stdout_is("[authy:key]\n");
}

#[test]
fn a_token_decides_itself_also_for_an_agent() {
    let t = stocked();
    let create = "authy session create --scope open";
    let token = without_marker(&t, create).ok().text().trim().to_owned();
    t.authy(["get", "key"]).env("AUTHY_TOKEN", &token).ok().stdout_is(KEY);
    let token = without_marker(&t, "authy session create --scope closed").ok().text();
    t.authy(["get", "key"]).env("AUTHY_TOKEN", token.trim()).ends().code_is(4).stdout_is("");
}
