//! An AI agent without a token: values go into processes, and nobody but the person at the
//! terminal can agree to more.

use crate::harness::{Call, Sandbox, needs};
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
    for marker in [
        "CLAUDECODE",
        "CLAUDE_CODE_CHILD_SESSION",
        "CURSOR_AGENT",
        "AI_AGENT",
        "AGENT",
        "GEMINI_CLI",
        "QWEN_CODE",
        "CODEX_SANDBOX",
        "CODEX_SESSION_ID",
        "OPENCLAW_SHELL",
        "OPENCLAW_CLI",
        "COPILOT_CLI",
        "COPILOT_AGENT_SESSION_ID",
        "CLINE_NO_INTERACTIVE",
        "PI_CODING_AGENT",
    ] {
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
    // Started by the agent itself, it shows what the run has, which is masked on the way out.
    t.sh(&run("open")).ends().stdout_is("[authy:key]");
    t.sh("authy run --scope open --except key -- authy get key").ends().code_is(4).stdout_is("");
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
fn what_is_lost_by_a_change_is_a_persons_to_change() {
    let t = stocked();
    t.authy(["rotate", "key", "--raw"]).env("CLAUDECODE", "").stdin(KEY).ok();
    for words in [
        &["remove", "key"][..],
        &["rename", "key", "new"],
        &["rotate", "key"],
        &["store", "key", "--force"],
        &["restore", "key", "--version", "1"],
        &["policy", "create", "new", "--allow", "*"],
        &["policy", "update", "open", "--allow", "x"],
        &["policy", "remove", "open"],
        &["member", "add", "eve", "--recipient", RECIPIENT],
        &["member", "update", "alice", "--group", "x"],
        &["member", "remove", "alice"],
        &["session", "create", "--scope", "open"],
        &["session", "revoke-all"],
        &["rekey"],
    ] {
        let done = t.authy(words).stdin("v").ends().code_is(4).stdout_is("");
        done.stderr_has("CLAUDECODE").stderr_has("person");
    }
    t.git(["diff", "--exit-code", "--", "secrets", "policies", "members"]);
    let line = t.last_entry();
    assert_eq!((&line["outcome"], &line["op"]), (&"denied".into(), &"rekey".into()));
    assert_eq!(line["actor"]["agent"], "CLAUDECODE");
    assert!(line["reason"].as_str().unwrap().contains("person"), "{line}");
    t.authy(["audit", "show"]).ok().stdout_has("alice by CLAUDECODE").stdout_has("person");
    t.verifies();
    without_marker(&t, "authy config set agents allow").ok();
    t.authy(["rotate", "key"]).stdin("v").ok();
    t.authy(["remove", "key"]).ok();
}

/// A run gives an agent values, and no say about them.
#[test]
#[cfg(target_os = "linux")]
fn below_a_run_of_a_person_an_agent_changes_nothing() {
    let t = stocked();
    for scope in ["open", "closed"] {
        for words in [
            "remove key",
            "rotate key --generate",
            "store key --force --generate",
            "rename key new",
            "session create --scope open",
            "allow --yes",
        ] {
            let agent = format!("sh -c 'CLAUDECODE=1 sh -c \"authy {words}\"; exit $?'");
            t.write(".authy.toml", "[authy]\nscope = \"open\"\n");
            let done = without_marker(&t, &format!("authy run --scope {scope} -- {agent}"));
            done.ends().code_is(4).stdout_is("");
        }
    }
    t.git(["diff", "--exit-code", "--", "secrets"]);
    // What it reads there is said to be read by it.
    let agent = "sh -c 'CLAUDECODE=1 sh -c \"authy get key\"; exit $?'";
    without_marker(&t, &format!("authy run --scope open -- {agent}")).ok().stdout_is(KEY);
    let line = t.last_entry();
    assert_eq!((&line["op"], &line["actor"]["agent"]), (&"get".into(), &"CLAUDECODE".into()));
    // A script of the person's own does what it is told.
    without_marker(&t, "authy run --scope open -- authy remove key").ok();
}

#[test]
fn what_a_project_file_may_do_a_person_says() {
    let t = stocked();
    t.write(".authy.toml", "[authy]\nscope = \"open\"\n");
    t.authy(["allow", "--yes"]).ends().code_is(4).stderr_has("person");
    t.authy(["allow", "--yes"]).env("AUTHY_VAULT", t.path("none")).ends().code_is(4);
    t.authy(["deny"]).ok();
    without_marker(&t, "authy config set agents allow").ok();
    t.authy(["allow", "--yes"]).ok();
}

const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

#[test]
fn the_person_at_the_terminal_can_let_an_agent_change_things() {
    let t = stocked();
    let mut screen = Screen::start(&t, &["authy", "remove", "key"]);
    screen.until("CLAUDECODE").until("to remove 'key'").keys("y\r");
    assert_eq!(screen.end().0, 0);
    without_marker(&t, "authy get key").fails(3);
}

#[test]
fn a_session_that_an_agent_was_let_make_is_what_was_asked_for() {
    let t = stocked();
    let create = "authy session create --scope open --out $HOME/token";
    let mut screen = Screen::sh(&t, create);
    screen.until("'open'").keys("y\r");
    assert_eq!(screen.end().0, 0);
    t.authy(["get", "key"]).env("AUTHY_TOKEN_FILE", t.home().join("token")).ok().stdout_is(KEY);
}

#[test]
#[cfg(target_os = "linux")]
fn a_wrapper_of_a_server_that_an_agent_starts_gets_what_its_run_has() {
    let t = stocked();
    t.store([("more", "a-value-that-was-not-given")]);
    // As in the configuration of a server: the marker was there before.
    let run = |scope: &str, script: &str| {
        let words = ["run", "--scope", scope, "--only", "key", "--", "sh", "-c", script];
        t.authy(words).ends()
    };
    let same = "test \"$(authy get key)\" = \"$key\" && echo same";
    run("open", same).code_is(0).stdout_is("same\n");
    run("open", "authy get more").code_is(4).stdout_is("").stderr_has("CLAUDECODE");
    run("open", "key=a-value-that-was-not-given authy get more").code_is(4).stdout_is("");
    run("closed", "authy get key").code_is(4).stdout_is("").stderr_has("run-only");
    // Nor does one say for themselves what they were given.
    let claimed = format!("AUTHY_SCOPE=open key={KEY} authy get key");
    t.sh(&claimed).ends().code_is(4).stdout_is("");
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_that_gets_no_marker_is_known_by_who_started_it() {
    if !needs(["bash"]) {
        return;
    }
    let t = stocked();
    let bin = t.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let bash = t.sh("command -v bash").ok().text();
    for name in ["codex", "codex-linux-sandbox", "openclaw-gateway"] {
        let program = bin.join(name);
        std::fs::copy(bash.trim(), &program).unwrap();
        let words = ["-c", "env -u CLAUDECODE authy get key; exit $?"];
        let done = t.program(&program, words).ends().code_is(4).stdout_is("");
        done.stderr_has(&format!("a process '{name}'"));
        let run = "env -u CLAUDECODE authy run --scope open -- printenv key; exit $?";
        t.program(&program, ["-c", run]).ok().stdout_is("[authy:key]\n");
        // A server that it starts by a run is its child all the same.
        let inner = "authy export; authy remove key; exit $?";
        let server =
            format!("env -u CLAUDECODE authy run --scope open -- sh -c '{inner}'; exit $?");
        let done = t.program(&program, ["-c", &server]).ends().code_is(4).stdout_is("");
        done.stderr_has(&format!("a process '{name}'"));
    }
}

/// In a list of processes of its own, where nothing above can be seen.
#[test]
#[cfg(target_os = "linux")]
fn where_nothing_above_can_be_seen_an_agent_has_the_projects_scope_alone() {
    let t = stocked();
    let apart = |script: &str| {
        let words = ["-Urpf", "--mount-proc", "sh", "-c", script];
        t.program("unshare", words).ends()
    };
    if !needs(["unshare"]) || apart("exit 0").code != 0 {
        eprintln!("left out: no namespaces here");
        return;
    }
    apart("authy run --scope open -- true; exit $?").code_is(4).stderr_has("cannot be seen");
    let own = "AUTHY_SCOPE=open authy run -- true; exit $?";
    apart(own).code_is(4).stderr_has("cannot be seen");
    t.write(".authy.toml", "[authy]\nscope = \"open\"\n");
    apart("authy run -- true; exit $?").code_is(4).stderr_has("authy allow");
    without_marker(&t, "authy allow --yes").ok();
    let print = "authy run -- printenv key; exit $?";
    apart(print).code_is(0).stdout_is("[authy:key]\n");
    apart("authy run --scope closed -- true; exit $?").code_is(4).stderr_has("'closed'");
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

#[test]
fn whoever_starts_an_agent_with_values_is_told_once_what_becomes_of_them() {
    let mut t = Sandbox::new();
    t.store([("key", KEY)]);
    t.policy("open", ["*"]);
    let bin = t.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for name in ["claude", "tool"] {
        std::os::unix::fs::symlink("/bin/sh", bin.join(name)).unwrap();
    }
    t.set("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    let run = |name: &str| t.authy(["run", "--scope", "open", "--", name, "-c", ":"]).ok();
    run("tool").stderr_is_empty();
    run("claude").stderr_has("goes to its model").stderr_has("--seal-only");
    run("claude").stderr_is_empty();
}
