//! `rekey` killed in the middle: all of it or nothing, and the next run completes it.

use std::fs;

use crate::harness::{AUTHY, Sandbox, strace_works};
use crate::score::full;
use crate::screen::Screen;
use crate::team::Team;
use crate::vault::text;

/// A vault with `count` secrets that a second member may read and cannot yet.
fn waiting(count: usize) -> Sandbox {
    let t = Sandbox::new();
    for n in 0..count {
        t.authy(["store", &format!("s-{n}")]).stdin(format!("value {n}")).ok();
    }
    let (_, recipient) = t.outsider("elsewhere");
    t.authy(["member", "add", "zoe", "--recipient", &recipient]).ok();
    t.authy(["policy", "create", "all", "--allow", "*", "--member", "zoe"]).ok();
    t
}

#[test]
fn who_may_read_and_cannot_yet_is_told_what_he_waits_for() {
    let t = waiting(1);
    let zoe = t.path("elsewhere/.authy/keys/master.key");
    let told = t.authy(["get", "s-0"]).env("AUTHY_KEYFILE", &zoe).ends().code_is(4);
    told.stderr_has("not encrypted to this identity").stderr_has("authy rekey");
}

#[test]
fn killed_at_any_moment_it_is_done_or_not_and_goes_on() {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let t = waiting(12);
    t.sh("mkdir ../pristine && cp -a ../home ../state ../pristine/").ok();
    let zoe = t.path("elsewhere/.authy/keys/master.key");
    let log = t.path("strace.log");
    let traced = |how: &str| {
        let words = ["-f", "-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY, "rekey"];
        t.program("strace", words).ends()
    };
    let calls = ["openat", "fsync", "rename", "renameat", "renameat2", "write", "unlinkat"];
    traced(&format!("trace={}", calls.join(",")));
    let text = fs::read_to_string(&log).unwrap();
    let mut tried = 0;
    for call in calls {
        let total = text.lines().filter(|line| line.contains(&format!(" {call}("))).count();
        // Spread over all of them.
        let points = if full() { total.max(1) } else { 2 };
        for n in (1..=total).step_by((total / points).max(1)) {
            t.sh("rm -rf ../home ../state && cp -a ../pristine/home ../pristine/state ..").ok();
            traced(&format!("inject={call}:signal=KILL:when={n}"));
            tried += 1;
            let get = |key: bool, name: &str| {
                let call = t.authy(["get", name]);
                let done = if key { call.env("AUTHY_KEYFILE", &zoe).ends() } else { call.ends() };
                (done.code, done.text())
            };
            let at = format!("killed at {call} {n} of {total}");
            let hers: Vec<i32> = (0..12).map(|n| get(true, &format!("s-{n}")).0).collect();
            assert!(hers.iter().all(|code| *code == hers[0]), "{at}: {hers:?}");
            t.authy(["rekey"]).ok();
            for n in 0..12 {
                for key in [true, false] {
                    let (code, value) = get(key, &format!("s-{n}"));
                    assert_eq!((code, value), (0, format!("value {n}")), "{at}");
                }
            }
            t.authy(["check", "--repair"]).ok();
            t.authy(["check", "--strict"]).ok();
        }
    }
    assert!(tried >= 10, "{tried}");
}

#[test]
fn it_tells_who_gains_before_it_acts_and_shows_how_far_it_is() {
    let t = waiting(3);
    // The table is there although the change itself is refused.
    let blocked = t.file("secrets/s-1.age");
    fs::remove_file(&blocked).unwrap();
    fs::create_dir(&blocked).unwrap();
    t.authy(["rekey"]).fails(5).stdout_has("s-1").stdout_has("zoe");
    let many = waiting(100);
    let mut screen = Screen::sh(&many, "authy rekey");
    screen.until("100/100");
    let (code, shown) = screen.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("re-encrypted 100"), "{shown}");
}

#[test]
fn a_policy_that_cannot_be_read_just_now_stops_a_change_of_readers() {
    let t = Sandbox::empty();
    if !strace_works(&t) {
        return;
    }
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("backend", ["db-*"]);
    let (_, bob) = t.outsider("bob");
    t.authy(["member", "add", "bob", "--recipient", &bob]).ok();
    t.authy(["policy", "update", "backend", "--member", "bob"]).ok();
    t.sh("mkdir ../kept && cp -a ../home ../state ../kept/").ok();
    let log = t.path("strace.log");
    let traced = |how: &str| {
        t.program("strace", ["-f", "-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY, "rekey"])
    };
    traced("trace=openat").ok();
    let opened = text(&log);
    let at = opened.lines().position(|line| line.contains("\"backend.toml\"")).unwrap();
    let thread = opened.lines().nth(at).and_then(|line| line.split(' ').next()).unwrap();
    let own = opened.lines().take(at + 1).filter(|line| line.starts_with(thread)).count();
    t.sh("rm -rf ../home ../state && cp -a ../kept/home ../kept/state ..").ok();
    let done = traced(&format!("inject=openat:error=EMFILE:when={own}")).fails(1);
    done.stderr_has("backend.toml").stderr_lacks("every secret is encrypted");
    t.authy(["rekey"]).ok();
    t.authy(["check"]).ok();
}

#[test]
fn a_new_value_is_withheld_from_whoever_lost_access_and_given_to_nobody_new() {
    let team = Team::with_bob();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-url", "--allow", "prod-*"])
        .ok();
    let told = "the new value of 'db-url' is not encrypted to bob, who may not read it any more";
    // The same value is one that bob knows.
    team.of("alice", &["rotate", "db-url"]).stdin("one").ok().stderr_has(told);
    team.of("alice", &["check"]).fails(4).says("bob could read it").says("db-url");
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok().stderr_lacks("not encrypted");
    team.of("alice", &["rotate", "prod-key"]).stdin("new").ok().stderr_lacks("not encrypted");
    let readers =
        |name: &str| text(&team.file("alice", &format!("secrets/{name}.toml"))).contains("bob");
    assert!(!readers("db-url") && !readers("prod-key") && readers("db-key"));
    // What comes back is a new value, too.
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    let restored = team.of("alice", &["rotate", "db-key"]).stdin("three").ok();
    restored.stderr_has("'db-key' is not encrypted to bob");
    team.of("alice", &["policy", "update", "backend", "--remove-deny", "db-key"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    let restored = team.of("alice", &["restore", "db-key"]).ok();
    restored.stderr_has("'db-key' is not encrypted to bob");
    team.of("alice", &["policy", "update", "backend", "--remove-deny", "db-key"]).ok();
    team.of("alice", &["rekey"]).ok();
    // While an edit waits nobody knows who may.
    let policy = team.file("alice", "policies/backend.toml");
    std::fs::write(&policy, text(&policy).replace("\"prod-*\"", "\"other\"")).unwrap();
    team.of("alice", &["rotate", "db-key"]).stdin("kept").ok().stderr_lacks("not encrypted");
    assert!(readers("db-key"));
}
