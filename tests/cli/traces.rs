//! Canary values through the whole command line, every system call watched: a value is written
//! to standard output or to the child where that is asked for, into memory, and nowhere else.
//!
//! Without strace they are left out.

use crate::harness::{AUTHY, Sandbox, strace_works};
use crate::score::Score;
use crate::vault::text;

const CANARY: &str = "canary-91f2";

/// Where a command may write a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Nowhere,
    /// Its own standard output.
    Out,
    /// The environment of the program that it starts, and what that prints.
    Child,
    /// A file that was named: `out`.
    File,
    /// A file in memory, and the program that opens it.
    Memory,
}

const COMMANDS: &[(May, &[&str])] = &[
    (May::Nowhere, &["store", "new", "--raw"]),
    (May::Nowhere, &["store", "key"]),
    (May::Nowhere, &["store", "generated", "--generate"]),
    (May::Nowhere, &["rotate", "key", "--raw"]),
    (May::Nowhere, &["import", "values.env"]),
    (May::Nowhere, &["import", "values.env", "--dry-run", "--force"]),
    (May::Nowhere, &["rename", "new", "other"]),
    (May::Nowhere, &["annotate", "key", "--tag", "t"]),
    (May::Nowhere, &["restore", "key", "--version", "1"]),
    (May::Nowhere, &["history", "key"]),
    (May::Nowhere, &["list", "--long", "--json"]),
    (May::Nowhere, &["check", "--json"]),
    (May::Nowhere, &["audit", "verify", "--json"]),
    (May::Nowhere, &["audit", "export"]),
    (May::Nowhere, &["session", "create", "--scope", "all"]),
    (May::Nowhere, &["rekey"]),
    (May::Nowhere, &["sync"]),
    (May::Nowhere, &["policy", "diff"]),
    (May::Nowhere, &["run", "--scope", "all", "--prefix", "9", "--", "true"]),
    (May::Nowhere, &["--json", "env", "--scope", "all", "--prefix", "9"]),
    (May::Nowhere, &["run", "--scope", "all", "--", "no-such-program"]),
    (May::Nowhere, &["run", "--scope", "agent", "--mask", "--", "sh", "-c", "echo $key"]),
    (May::Nowhere, &["get", "key", "--scope", "agent"]),
    (May::Out, &["get", "key"]),
    (May::Out, &["get", "key", "--json"]),
    (May::Out, &["env", "--scope", "all"]),
    (May::Out, &["export", "--scope", "all", "--format", "yaml"]),
    (May::Out, &["resolve", "template"]),
    (May::Child, &["run", "--scope", "all", "--", "printenv", "key"]),
    (May::File, &["resolve", "template", "-o", "out"]),
    (
        May::Memory,
        &["run", "--scope", "all", "--file", "CONF=template", "--", "sh", "-c", "cat $CONF"],
    ),
    (May::Memory, &["edit", "key"]),
];

/// Whether the call in `line` of a trace (`strace -f -y -v -s`) may hold a value.
fn is_asked_for(may: May, line: &str) -> bool {
    let Some((_, call)) = line.split_once(' ') else { return false };
    let call = call.trim_start();
    if let Some(words) = call.strip_prefix("execve(") {
        // Program and arguments never, the environment where the child may.
        let arguments = words.split_once(']').map_or(words, |cut| cut.0);
        let in_child = matches!(may, May::Child) || words.contains("\"AUTHY_SCOPE=");
        return !arguments.contains(CANARY) && in_child;
    }
    let to =
        call.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |cut| cut.0);
    // Standard output, under whichever number; that it is not standard error the test sees.
    let is_out = to.starts_with("pipe:");
    let in_memory =
        to.starts_with("/memfd:") || to.starts_with("memfd:") || to.starts_with("/dev/shm/");
    match may {
        May::Nowhere => false,
        May::Out | May::Child => is_out,
        May::File => to.ends_with("/work/out") || to.ends_with(".tmp") && to.contains("/work/"),
        May::Memory => in_memory || is_out,
    }
}

#[test]
fn a_value_goes_where_it_is_meant_to_go_and_nowhere_else() {
    if !cfg!(target_os = "linux") || !strace_works(&Sandbox::empty()) {
        return;
    }
    let t = Sandbox::new();
    t.store([("key", &format!("{CANARY}-key"))]);
    t.policy("all", ["*"]);
    t.authy(["policy", "create", "agent", "--allow", "*", "--run-only"]).ok();
    t.write("values.env", format!("FIRST={CANARY}-1\nSECOND='{CANARY}-2'\n"));
    t.write("template", "value = <authy:key>\n");
    let editor = t.script("editor", "printf %s \"$(cat \"$1\")-edited\" > \"$1\"");
    let origin = t.path("origin.git");
    t.program("git", ["init", "-q", "--bare", "-b", "main", origin.to_str().unwrap()]).ok();
    t.git(["remote", "add", "origin", origin.to_str().unwrap()]);
    let log = t.path("strace.log");
    let mut score = Score::new("values where they are meant to be, command by command");
    for (may, words) in COMMANDS {
        score.point(&format!("{words:?}"), || {
            let calls = "trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg,open,openat,\
                rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat,\
                setxattr,memfd_create,prctl";
            let strace = [
                "-f",
                "-y",
                "-v",
                "-qq",
                "-s",
                "2000000",
                "-e",
                calls,
                "-o",
                log.to_str().unwrap(),
                AUTHY,
            ];
            let call = t.program("strace", strace.iter().chain(*words)).env("EDITOR", &editor);
            let done = call.env("RUST_BACKTRACE", "full").stdin(format!("{CANARY}-in")).ends();
            assert!(!done.messages().contains(CANARY), "a message has it\n{done}");
            assert_ne!(done.code, 101, "{done}");
            // What the programs do that were given it is their own: cat, sh, printenv.
            let trace = text(&log);
            let own = authys(&trace);
            let with = trace.lines().filter(|line| line.contains(CANARY));
            let with = with.filter(|line| own.iter().any(|pid| line.starts_with(pid)));
            let wrong: Vec<_> = with.filter(|line| !is_asked_for(*may, line)).collect();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            assert_eq!(
                *may == May::Out,
                done.text().contains(CANARY) && !is_started(words),
                "{done}"
            );
        });
    }
    score.settle();
}

fn is_started(words: &[&str]) -> bool {
    words.contains(&"run")
}

/// The processes and threads of a trace that are authy itself: all that started no other program.
fn authys(trace: &str) -> Vec<String> {
    let pid = |line: &str| line.split(' ').next().unwrap_or_default().to_owned() + " ";
    let others: Vec<String> = trace
        .lines()
        .filter(|line| line.contains(" execve(") && !line.contains(&format!("\"{AUTHY}\"")))
        .map(pid)
        .collect();
    let mut all: Vec<String> = trace.lines().map(pid).filter(|pid| !others.contains(pid)).collect();
    all.sort();
    all.dedup();
    // The call that starts a program is authy's own, too.
    all.extend(others.iter().map(|other| format!("{other}execve(")));
    all
}
