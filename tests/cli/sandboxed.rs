//! Runs in the sandboxes of agents, and beside what agents do to an environment.

#![cfg(target_os = "linux")]

use crate::harness::{Sandbox, needs, signal, strace_works};
use crate::screen::Screen;

const KEY: &str = "sk_live_51HxYzAbCdEf";

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("key", KEY)]);
    t.policy("s", ["*"]);
    t.authy([
        "policy",
        "create",
        "sealed",
        "--allow",
        "*",
        "--seal-only",
        "--seal",
        "key=api.test",
    ])
    .ok();
    t
}

/// Everything can be read and nothing written, and `/dev/shm` is another one: the place of the test is
/// there all the same, wherever it lies.
fn bwrap(t: &Sandbox) -> String {
    let root = t.path("").display().to_string();
    format!("bwrap --ro-bind / / --dev /dev --proc /proc --ro-bind {root} {root}")
}

fn bwrap_works(t: &Sandbox) -> bool {
    if !needs(["bwrap"]) {
        return false;
    }
    let works = t.sh(&format!("{} true", bwrap(t))).ends().code == 0;
    if !works {
        eprintln!("left out: no namespaces here");
    }
    works
}

#[test]
fn a_masked_run_ends_where_sendto_is_refused() {
    let t = stocked();
    if !strace_works(&t) {
        return;
    }
    let refused =
        "timeout -k 1 20 strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:error=EPERM";
    for run in ["--scope s --mask -- true", "--scope sealed -- true"] {
        t.sh(&format!("{refused} authy run {run}")).ok();
    }
    let edit = format!("EDITOR=true {refused} authy edit key");
    t.sh(&edit).ok();
}

#[test]
fn the_files_of_a_sealed_run_are_there_behind_bubblewrap() {
    let t = stocked();
    if !bwrap_works(&t) {
        return;
    }
    let bwrap = bwrap(&t);
    let script =
        format!("{bwrap} sh -c 'grep -c BEGIN \"$SSL_CERT_FILE\" >/dev/null && echo there'");
    let run = ["run", "--scope", "sealed", "--", "sh", "-c", &script];
    t.authy(run).ok().stdout_is("there\n");
    t.write("t.tmpl", "<authy:key>");
    let script = format!("{bwrap} sh -c 'wc -c <\"$F\"'");
    let run = ["run", "--scope", "s", "--file", "F=t.tmpl", "--", "sh", "-c", &script];
    t.authy(run).ok().stdout_is(format!("{}\n", KEY.len()));
}

#[test]
fn a_home_that_cannot_be_written_is_done_without() {
    let t = stocked();
    if !bwrap_works(&t) {
        return;
    }
    let (tmp, bwrap) = (t.tmp(), bwrap(&t));
    let bind = format!("{bwrap} --bind {0} {0}", tmp.display());
    let done = t.sh(&format!("{bind} authy run --scope s -- printenv key")).ok();
    done.stdout_is(format!("{KEY}\n")).stderr_has("AUTHY_STATE_DIR");
    // Where memory alone can be written it is recorded there.
    let done = t.sh(&format!("{bwrap} authy run --scope s -- printenv key")).ok();
    done.stdout_is(format!("{KEY}\n")).stderr_has("/dev/shm/authy-state-");
    // Where there is no place at all nothing leaves.
    let nowhere = "--remount-ro /dev authy run --scope s -- printenv key";
    let done = t.sh(&format!("{bwrap} {nowhere}")).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
    // A place that others may write to is none.
    let made = std::fs::read_dir(&tmp).unwrap().next().unwrap().unwrap().path();
    crate::vault::chmod(&made, 0o777);
    let done = t.sh(&format!("{bind} {nowhere}")).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
}

#[test]
fn git_finds_the_roots_of_a_sealed_run_in_two_ways() {
    let t = stocked();
    let run = |script: &str| {
        let run = t.authy(["run", "--scope", "sealed", "--no-masking", "--", "sh", "-c", script]);
        run.env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "user.name")
            .env("GIT_CONFIG_VALUE_0", "Somebody Else")
            .ok()
    };
    run("git config user.name; test \"$(git config http.sslCAInfo)\" = \"$GIT_SSL_CAINFO\" && echo same")
        .stdout_is("Somebody Else\nsame\n");
    let clean =
        ["run", "--scope", "sealed", "--clean-env", "--", "git", "config", "http.sslCAInfo"];
    t.authy(clean).env("GIT_CONFIG_COUNT", "7").ok().stdout_has("roots");
}

#[test]
fn a_placeholder_says_whose_it_is_and_who_never_asked_for_it() {
    let t = stocked();
    let rule = "key=api.test;placeholder=sk-";
    t.authy(["policy", "update", "sealed", "--remove-seal", "key", "--seal", rule]).ok();
    let run = ["run", "--scope", "sealed", "--no-masking", "--", "printenv", "key"];
    let done = t.authy(run).ok().stdout_has("sk-authy-sealed-");
    done.stderr_has("no request through the proxy").stderr_has("key");
}

#[test]
fn a_program_that_asks_the_terminal_gets_keys_whatever_its_input_is() {
    let t = stocked();
    let script =
        "authy run --scope s --mask -- sh -c 'read line </dev/tty; echo got $line' </dev/null";
    let mut screen = Screen::sh(&t, script);
    screen.keys("hello\r").until("got hello");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn two_runs_on_one_terminal_leave_it_as_it_was() {
    let t = stocked();
    let run = |name: &str| {
        format!(
            "authy run --scope s --mask -- sh -c 'echo {name} ready; read x <{name}; echo {name} done' \
             </dev/tty &"
        )
    };
    let script = format!(
        "mkfifo one two; stty -a >before; {} {} wait; stty -a >after; cmp before after && echo same",
        run("one"),
        run("two")
    );
    for (first, second) in [("one", "two"), ("two", "one")] {
        let mut screen = Screen::sh(&t, &format!("rm -f one two; {script}"));
        screen.shows("one ready").shows("two ready");
        for name in [first, second] {
            std::fs::write(t.work().join(name), "x\n").unwrap();
            screen.shows(&format!("{name} done"));
        }
        screen.shows("same");
        assert_eq!(screen.end().0, 0);
    }
}

#[test]
fn a_script_without_an_interpreter_runs_masked_as_it_does_otherwise() {
    let t = stocked();
    let script = t.write("bin/tool", "echo \"$1 $key\"\nexit 3\n");
    crate::vault::chmod(&script, 0o755);
    let path = format!("{}:{}", t.work().join("bin").display(), std::env::var("PATH").unwrap());
    for (flag, shown) in [("--no-masking", KEY), ("--mask", "[authy:key]")] {
        for program in ["tool", script.to_str().unwrap()] {
            let run = ["run", "--scope", "s", flag, "--", program, "word"];
            let done = t.authy(run).env("PATH", &path).ends().code_is(3);
            done.stdout_is(format!("word {shown}\n"));
        }
    }
    let mut screen = Screen::sh(&t, "authy run --scope s --mask -- ./bin/tool word");
    screen.until("word [authy:key]");
    assert_eq!(screen.end().0, 3);
}

#[test]
fn what_stays_behind_is_named_and_seen_to_its_end() {
    let t = stocked();
    // Named is what it is by then, so the shell waits until it has become that.
    let script = "setsid sh -c 'exec sleep 987' >/dev/null 2>&1 </dev/null & \
                  until read -r name </proc/$!/comm && [ \"$name\" = sleep ]; do :; done; echo started";
    let done = t.authy(["run", "--scope", "s", "--mask", "--", "sh", "-c", script]).ok();
    done.stdout_has("started").stderr_has("still running").stderr_has("sleep (");
    let said = t.authy(["run", "--scope", "s", "--mask", "--", "true"]).ok();
    said.stderr_lacks("still running");
    for pid in pids_of("sleep\u{0}987") {
        signal(pid, rustix::process::Signal::KILL);
    }
    // An orphan that ended is nobody's zombie while the run goes on.
    let script = "sh -c 'sh -c \"exit 0\" & exit 0'; \
                  zombies() { grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | \
                  xargs -r grep -l \"^PPid:.$PPID$\" 2>/dev/null; }; \
                  while [ \"$(zombies)\" ]; do :; done; echo none";
    t.authy(["run", "--scope", "s", "--mask", "--", "sh", "-c", script]).ok().stdout_is("none\n");
}

/// The processes with this in their command line.
pub(crate) fn pids_of(words: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let has = |entry: &std::fs::DirEntry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(words))
    };
    entries.filter(has).filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[test]
fn codex_is_started_without_a_server_that_keeps_its_values() {
    let t = stocked();
    t.authy(["alias", "s", "codex"]).ok().stdout_has("-- codex --no-daemon");
    let codex = t.script("codex", "exit 0");
    let run = |words: &[&str]| {
        let base = ["run", "--scope", "s", "--", codex.to_str().unwrap()];
        t.authy(base.iter().chain(words)).ok()
    };
    run(&[]).stderr_has("codex --no-daemon");
    run(&["--no-daemon"]).stderr_lacks("--no-daemon");
}
