//! The child of `run`: its words, its input, its signals, its exit code, what it must not know.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::Signal;

use crate::harness::{Sandbox, finish, needs, signal};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2")]);
    t.policy("backend", ["db-*"]);
    t.policy("other", ["api-*"]);
    t
}

fn run<'t>(t: &'t Sandbox, child: &[&str]) -> crate::harness::Call<'t> {
    t.authy(["run", "--scope", "backend", "--"].iter().chain(child))
}

#[test]
fn the_exit_code_is_the_childs() {
    let t = stocked();
    for code in [0, 1, 2, 3, 4, 7, 42, 255] {
        run(&t, &["sh", "-c", &format!("exit {code}")]).ends().code_is(code);
    }
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11)] {
        run(&t, &["sh", "-c", &format!("kill -{name} $$")]).ends().code_is(128 + number);
    }
}

#[test]
fn a_program_that_is_not_there_is_127() {
    let t = stocked();
    run(&t, &["no-such-program-anywhere"]).fails(127).stderr_has("no-such-program-anywhere");
    run(&t, &["/no/such/path"]).fails(127);
    run(&t, &[""]).ends();
}

#[test]
fn a_program_that_cannot_be_executed_is_126() {
    let t = stocked();
    let plain = t.write("plain", "#!/bin/sh\n");
    run(&t, &[plain.to_str().unwrap()]).fails(126).stderr_has("plain");
    run(&t, &["/"]).fails(126);
}

#[test]
fn a_script_without_a_first_line_runs_as_in_a_shell_or_is_126() {
    let t = stocked();
    let script = t.script("bare", "");
    std::fs::write(&script, "exit 7\n").unwrap();
    let code = run(&t, &[script.to_str().unwrap()]).ends().code;
    assert!(code == 7 || code == 126, "{code}");
}

#[test]
fn a_value_too_large_for_the_environment_is_126_naming_the_secret() {
    let t = stocked();
    t.authy(["store", "db-dump"]).stdin(vec![b'x'; 1 << 20]).ok();
    run(&t, &["true"]).fails(126).stderr_has("db-dump");
}

#[test]
fn the_words_of_the_command_are_untouched() {
    let t = stocked();
    let print = "for word; do printf '%s|' \"$word\"; done";
    let words: [&OsStr; 14] = [
        "two words".as_ref(),
        "quo'te\"s".as_ref(),
        "".as_ref(),
        "--".as_ref(),
        "--scope".as_ref(),
        "other".as_ref(),
        "-h".as_ref(),
        "--help".as_ref(),
        "$HOME".as_ref(),
        "{db-url}".as_ref(),
        "new\nline".as_ref(),
        "*".as_ref(),
        OsStr::from_bytes(b"\xff\xfe"),
        "--".as_ref(),
    ];
    let fixed: [&OsStr; 8] =
        ["run", "--scope", "backend", "--", "sh", "-c", print, "sh"].map(OsStr::new);
    let mut expected = Vec::new();
    for word in words {
        expected.extend_from_slice(word.as_bytes());
        expected.push(b'|');
    }
    t.authy(fixed.iter().chain(&words)).env("LC_ALL", "C").ok().stdout_is(expected);
}

#[test]
fn flags_of_the_child_are_not_ours() {
    let t = stocked();
    run(&t, &["echo", "--json", "-q", "--vault", "x"]).ok().stdout_is("--json -q --vault x\n");
}

#[test]
fn stdin_stdout_and_stderr_pass_through() {
    let t = stocked();
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    run(&t, &["cat"]).stdin(&bytes).ok().stdout_is(&bytes);
    run(&t, &["sh", "-c", "echo out; echo err >&2"]).ok().stdout_is("out\n").stderr_has("err");
}

#[test]
fn the_child_runs_in_the_same_folder() {
    let t = stocked();
    run(&t, &["pwd", "-P"])
        .ok()
        .stdout_is(format!("{}\n", t.work().canonicalize().unwrap().display()));
}

#[test]
fn a_signal_to_authy_reaches_the_child() {
    let t = stocked();
    for (sent, name, answer) in
        [(Signal::TERM, "TERM", 9), (Signal::HUP, "HUP", 10), (Signal::USR1, "USR1", 11)]
    {
        let script = format!(
            "sleep 100 >/dev/null 2>&1 & p=$!; trap \"kill $p; exit {answer}\" {name}; echo ready; wait"
        );
        let mut child = run(&t, &["sh", "-c", &script]).spawn();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        signal(child.id(), sent);
        assert_eq!(finish(child), answer);
    }
}

#[test]
fn a_child_killed_by_a_signal_sent_to_authy_is_128_plus_n() {
    let t = stocked();
    let mut child = run(&t, &["sh", "-c", "echo ready; exec sleep 100"]).spawn();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    signal(child.id(), Signal::TERM);
    assert_eq!(finish(child), 143);
}

#[test]
fn signal_settings_of_the_child_are_the_usual_ones() {
    let t = stocked();
    // `yes | head` ends only when SIGPIPE kills `yes`.
    run(&t, &["sh", "-c", "yes | head -n 1"]).ok().stdout_is("y\n");
    if cfg!(target_os = "linux") {
        let script = "grep -E 'Sig(Blk|Ign)' /proc/self/status";
        let out = run(&t, &["sh", "-c", script]).ok();
        for line in out.lines() {
            // Above bit 31 stand the real-time signals, two of which are glibc's own.
            let mask = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
            assert_eq!(mask & 0x7fff_ffff, 0, "{out}");
        }
    }
}

#[test]
fn no_credential_reaches_the_child() {
    let t = stocked();
    let key = t.key();
    let out = t
        .authy(["run", "--scope", "backend", "--", "env"])
        .env("AUTHY_KEYFILE", &key)
        .env("AUTHY_IDENTITY", "canary-identity")
        .env("AUTHY_PASSPHRASE", "canary-passphrase")
        .ok();
    out.stdout_lacks("AUTHY_KEYFILE")
        .stdout_lacks("AUTHY_IDENTITY")
        .stdout_lacks("AUTHY_PASSPHRASE")
        .stdout_lacks("canary");
}

#[test]
fn no_descriptor_leaks_into_the_child() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let t = stocked();
    let out = run(&t, &["sh", "-c", "ls -l /proc/$$/fd"]).ok();
    out.stdout_lacks(".authy").stdout_lacks("socket");
}

#[test]
fn authy_inside_the_child_is_confined() {
    let t = stocked();
    run(&t, &["sh", "-c", "echo $AUTHY_SCOPE"]).ok().stdout_is("backend\n");
    run(&t, &["authy", "get", "db-url"]).ok().stdout_is("1");
    run(&t, &["authy", "get", "api-key"]).fails(4);
    run(&t, &["authy", "get", "api-key", "--scope", "other"]).fails(4);
    run(&t, &["authy", "run", "--scope", "other", "--", "true"]).fails(4);
    run(&t, &["authy", "list"]).ok().stdout_is("db-url\n");
    run(&t, &["authy", "env", "--format", "json"]).ok().stdout_is_json(r#"{"db_url":"1"}"#);
}

#[test]
fn authy_inside_the_child_changes_nothing_outside_its_scope() {
    let t = stocked();
    run(&t, &["sh", "-c", "echo evil | authy rotate api-key"]).fails(4);
    run(&t, &["authy", "remove", "api-key"]).fails(4);
    run(&t, &["authy", "policy", "update", "backend", "--allow", "*"]).fails(4);
    t.holds("api-key", "2");
}

#[test]
fn run_works_as_process_one() {
    let t = stocked();
    if !rustix::process::getuid().is_root()
        || !needs(["unshare"])
        || t.program("unshare", ["-pf", "true"]).ends().code != 0
    {
        eprintln!("skipped: needs root and unshare");
        return;
    }
    let words = [
        "-pf",
        crate::harness::AUTHY,
        "run",
        "--scope",
        "backend",
        "--",
        "sh",
        "-c",
        "echo $$ $db_url; exit 5",
    ];
    t.program("unshare", words).ends().code_is(5).stdout_has(" 1\n");
}
