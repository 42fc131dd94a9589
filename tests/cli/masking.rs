//! `run` where values may go into processes only: what the program prints reaches us with
//! names in place of values, and nothing else about the program changes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use rustix::process::Signal;

use crate::harness::{AUTHY, Call, Sandbox, finish, needs, signal};
use crate::vault::text;

const URL: &str = "postgres://u:hunter2@db/x?a=\"b\"";
const KEY: &str = "sk_live_51HxYzAbCdEf";

/// A vault whose scope is run-only.
fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", URL), ("api-key", KEY), ("other", "not-in-the-scope")]);
    t.authy(["policy", "create", "agent", "--allow", "db-*", "--allow", "api-*", "--run-only"])
        .ok();
    t
}

fn run<'t>(t: &'t Sandbox, child: &[&str]) -> Call<'t> {
    t.authy(["run", "--scope", "agent", "--uppercase", "--"].iter().chain(child))
}

fn sh<'t>(t: &'t Sandbox, script: &str) -> Call<'t> {
    run(t, &["sh", "-c", script])
}

#[test]
fn printenv_shows_the_names_of_all_values() {
    let t = stocked();
    for printenv in [&["printenv"][..], &["sh", "-c", "printenv"], &["env"]] {
        let done = run(&t, printenv).ok();
        let done =
            done.stdout_has("DB_URL=[authy:db-url]\n").stdout_has("API_KEY=[authy:api-key]\n");
        done.stdout_lacks("hunter2").stdout_lacks("sk_live").stdout_has("AUTHY_SCOPE=agent\n");
    }
}

#[test]
fn a_value_is_hidden_however_it_is_written() {
    let t = stocked();
    for script in [
        // One byte at a time, each with a write of its own.
        r#"rest=$API_KEY; while [ -n "$rest" ]; do
            printf %s "${rest%"${rest#?}"}"; rest=${rest#?}; done"#,
        r#"printf %s "$API_KEY" | dd bs=1 2>/dev/null"#,
        // Over two writes, from two programs.
        r#"printf sk_live_; sh -c 'printf 51HxYzAbCdEf'"#,
        r#"printf %s "$API_KEY""#,
    ] {
        sh(&t, script).ok().stdout_is("[authy:api-key]");
    }
    sh(&t, r#"echo "$API_KEY,$API_KEY;$DB_URL""#)
        .ok()
        .stdout_is("[authy:api-key],[authy:api-key];[authy:db-url]\n");
}

#[test]
fn a_value_is_hidden_in_the_usual_encodings() {
    if !needs(["python3"]) {
        return;
    }
    let t = stocked();
    sh(&t, r#"printf %s "$API_KEY" | base64"#).ok().stdout_is("[authy:api-key]\n");
    sh(&t, r#"echo "$API_KEY" | base64"#).ok().stdout_is("[authy:api-key]\n");
    sh(&t, r#"printf 'u:%s' "$API_KEY" | base64"#).ok().stdout_has("[authy:api-key]");
    sh(&t, r#"printf 'a:%s:b' "$API_KEY" | base64"#).ok().stdout_has("[authy:api-key]");
    sh(&t, r#"printf %s "$API_KEY" | od -An -v -tx1 | tr -d ' \n'"#)
        .ok()
        .stdout_is("[authy:api-key]");
    let python = "import json, os, urllib.parse as u; v = os.environ['DB_URL']; \
        print(json.dumps({'v': v}), u.quote(v), u.quote_plus(v), repr(v.encode().hex()))";
    run(&t, &["python3", "-c", python])
        .ok()
        .stdout_is("{\"v\": \"[authy:db-url]\"} [authy:db-url] [authy:db-url] '[authy:db-url]'\n");
}

#[test]
fn standard_error_is_masked_too_and_the_exit_code_is_the_programs() {
    let t = stocked();
    let done = sh(&t, r#"echo "out $API_KEY"; echo "err $API_KEY" >&2; exit 7"#).ends();
    done.code_is(7).stdout_is("out [authy:api-key]\n").stderr_has("err [authy:api-key]\n");
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("PIPE", 13), ("INT", 2)] {
        sh(&t, &format!("kill -{name} $$")).ends().code_is(128 + number);
    }
    run(&t, &["no-such-program-anywhere"]).fails(127).stderr_has("no-such-program-anywhere");
    run(&t, &["/"]).fails(126);
}

#[test]
fn both_streams_into_one_place_keep_their_order() {
    let t = stocked();
    let script = "exec 2>&1; authy run --scope agent -- \
        sh -c 'for i in 1 2 3 4 5 6; do echo out $i; echo err $i >&2; done'";
    let lines = t.sh(script).ok().lines();
    let expected: Vec<_> = (1..=6).flat_map(|i| [format!("out {i}"), format!("err {i}")]).collect();
    assert_eq!(lines, expected);
}

#[test]
fn binary_output_passes_unharmed() {
    let t = stocked();
    let mut bytes: Vec<u8> = (0..=255).cycle().take(300_001).collect();
    bytes.extend(b"\xff\xfe\r\n\0 sk_live_51HxYzAbCdE\x80 [authy:api-key]");
    t.write("blob", &bytes);
    run(&t, &["cat", "blob"]).ok().stdout_is(&bytes);
    run(&t, &["cat"]).stdin(&bytes).ok().stdout_is(&bytes);
}

#[test]
fn output_arrives_while_the_program_runs() {
    let t = stocked();
    let mut child = sh(&t, "echo \"first $API_KEY\"; read line; echo \"then $line\"").spawn();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "first [authy:api-key]\n");
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"go on\n").unwrap();
    line.clear();
    out.read_to_string(&mut line).unwrap();
    assert_eq!(line, "then go on\n");
    assert_eq!(finish(child), 0);
}

#[test]
fn a_signal_to_authy_reaches_the_program() {
    if !needs(["bash"]) {
        return;
    }
    let t = stocked();
    for (number, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::USR1, "USR1")] {
        let script =
            format!("sleep 600 & trap 'echo got {name}; kill $!; exit 9' {name}; echo ready; wait");
        let mut child = run(&t, &["bash", "-c", &script]).spawn();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        signal(child.id(), number);
        line.clear();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, format!("got {name}\n"));
        assert_eq!(finish(child), 9);
    }
}

#[test]
fn a_reader_who_leaves_ends_the_program() {
    if !needs(["bash"]) {
        return;
    }
    let t = stocked();
    let script = "authy run --scope agent -- yes | head -2; echo ${PIPESTATUS[0]}";
    t.program("bash", ["-c", script]).ok().stdout_is("y\ny\n141\n");
}

#[test]
fn a_full_disk_is_an_error_and_not_silence() {
    let t = stocked();
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let done = t.sh("authy run --scope agent -- sh -c 'echo lost; exit 0' >/dev/full").ends();
    assert_ne!(done.code, 0, "{done}");
    done.stderr_has("sh");
}

#[test]
fn what_the_program_left_running_does_not_keep_us() {
    let t = stocked();
    let done = sh(&t, "sleep 600 & echo $! >left; echo \"$API_KEY\"").ok();
    done.stdout_is("[authy:api-key]\n");
    let pid = text(&t.work().join("left"));
    t.program("kill", [pid.trim()]).ok();
}

#[test]
fn mask_asks_for_it_and_no_masking_refuses_it_but_in_a_run_only_scope() {
    let t = stocked();
    t.policy("open", ["api-*"]);
    let script = ["--", "sh", "-c", "echo $api_key"];
    let open = |flags: &[&str]| {
        t.authy(["run", "--scope", "open"].iter().chain(flags).chain(&script)).ok()
    };
    open(&[]).stdout_is(format!("{KEY}\n"));
    open(&["--no-masking"]).stdout_is(format!("{KEY}\n"));
    open(&["--mask"]).stdout_is("[authy:api-key]\n");
    t.authy(["run", "--scope", "agent", "--no-masking"].iter().chain(&script))
        .ok()
        .stdout_is("[authy:api-key]\n")
        .stderr_has("run-only");
    t.authy(["run", "--scope", "open", "--mask", "--no-masking", "--", "true"]).fails(2);
}

#[test]
fn a_token_masks_unless_it_is_told_not_to() {
    let t = stocked();
    t.policy("open", ["api-*"]);
    let create = ["session", "create", "--scope", "open"];
    let token = t.authy(create).ok().text();
    let with = |words: &[&str]| t.authy(words).env("AUTHY_TOKEN", token.trim()).ok();
    with(&["run", "--", "sh", "-c", "echo $api_key"]).stdout_is("[authy:api-key]\n");
    with(&["run", "--no-masking", "--", "sh", "-c", "echo $api_key"]).stdout_is(format!("{KEY}\n"));
    let token = t.authy(create.iter().chain(&["--run-only"])).ok().text();
    t.authy(["run", "--no-masking", "--", "sh", "-c", "echo $api_key"])
        .env("AUTHY_TOKEN", token.trim())
        .ok()
        .stdout_is("[authy:api-key]\n");
}

#[test]
fn each_masked_secret_is_one_line_of_the_trail() {
    let t = stocked();
    sh(&t, "echo $API_KEY $API_KEY; echo $DB_URL; echo $API_KEY >&2").ok();
    let masked: Vec<_> = t.trail().into_iter().filter(|entry| entry["op"] == "run.mask").collect();
    let secrets: Vec<_> = masked.iter().map(|entry| entry["secrets"].to_string()).collect();
    assert_eq!(masked.len(), 2, "{secrets:?}");
    assert!(secrets.contains(&r#"["api-key"]"#.into()), "{secrets:?}");
    assert!(secrets.contains(&r#"["db-url"]"#.into()), "{secrets:?}");
    for entry in &masked {
        assert_eq!((&entry["scope"], &entry["detail"]), (&"agent".into(), &"sh".into()));
    }
    t.verifies();
    sh(&t, "echo nothing to hide").ok();
    assert_ne!(t.last_entry()["op"], "run.mask");
}

#[test]
fn a_program_that_is_killed_leaves_the_line_behind() {
    let t = stocked();
    let mut child = sh(&t, "echo $API_KEY; read line").spawn();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    signal(child.id(), Signal::KILL);
    finish(child);
    let trail = t.trail();
    assert!(trail.iter().any(|entry| entry["op"] == "run.mask"), "{trail:?}");
}

#[test]
fn values_too_short_to_mask_well_are_noted() {
    let t = Sandbox::new();
    t.store([("pin", "42"), ("flag", "on")]);
    t.authy(["policy", "create", "agent", "--allow", "*", "--run-only"]).ok();
    let done = run(&t, &["echo", "no 421, but 42 is only one"]).ok();
    let done = done.stdout_is("no 421, but [authy:pin] is only one\n");
    done.stderr_has("the values of 'flag', 'pin' are so short that masking finds them only as");
    t.authy(["-q", "run", "--scope", "agent", "--", "true"]).ok().stderr_is_empty();
}

#[test]
fn what_is_no_secret_is_not_masked() {
    let t = stocked();
    t.authy(["store", "db-user", "--not-secret"]).stdin("app\n").ok();
    let script = r#"echo "$DB_USER is an application for $DB_URL""#;
    let plain = "app is an application for [authy:db-url]\n";
    sh(&t, script).ok().stdout_is(plain).stderr_is_empty();
    t.authy(["annotate", "db-user", "--not-secret=false"]).ok();
    let masked = "[authy:db-user] is an application for [authy:db-url]\n";
    sh(&t, script).ok().stdout_is(masked);
    // The mark outlives a new value, and is told.
    t.authy(["annotate", "db-user", "--not-secret"]).ok();
    t.authy(["rotate", "db-user"]).stdin("app-two\n").ok();
    sh(&t, script).ok().stdout_is(plain.replacen("app", "app-two", 1));
    assert_eq!(t.authy(["list", "--json", "db-user"]).ok().json()[0]["not_secret"], true);
    t.authy(["list", "--long", "db-user"]).ok().stdout_has("not secret");
    let past = t.authy(["history", "db-user"]).ok();
    past.stdout_has("not_secret");
    t.authy(["get", "db-user", "--scope", "agent"]).fails(4);
    // No agent makes values visible.
    let agent = t.authy(["annotate", "api-key", "--not-secret"]).env("CLAUDECODE", "1");
    agent.fails(4).stderr_has("AI agent detected");
}

#[test]
fn a_program_inherits_nothing_that_authy_opened() {
    let t = stocked();
    let before = t.sh("ls /proc/self/fd").ok();
    run(&t, &["ls", "/proc/self/fd"]).ok().stdout_is(before.stdout);
}

#[test]
fn an_ignored_hangup_stays_ignored() {
    let t = stocked();
    let script =
        format!("trap '' HUP; {AUTHY} run --scope agent -- sh -c 'kill -HUP $$; echo still here'");
    t.sh(&script).ok().stdout_is("still here\n");
}

#[test]
fn the_programs_input_is_ours() {
    let t = stocked();
    let done = run(&t, &["sh", "-c", "read line; echo \"$line\"; cat"]).stdin("one\ntwo\n").ok();
    done.stdout_is("one\ntwo\n");
    let file = t.write("input", "from a file\n");
    t.sh(&format!("authy run --scope agent -- cat <{}", file.display()))
        .ok()
        .stdout_is("from a file\n");
    assert_eq!(fs::read_to_string(file).unwrap(), "from a file\n");
}
