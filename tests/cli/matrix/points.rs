//! The points at which a command can be cut or refused: system calls that change something,
//! read from a trace of the release binary and hit again by strace.

use std::collections::{BTreeMap, BTreeSet};

/// The calls that are traced.
pub(super) const TRACE: &str = "trace=openat,write,pwrite64,rename,renameat,renameat2,fsync,\
    fdatasync,syncfs,unlink,unlinkat,mkdir,mkdirat,link,linkat,symlink,symlinkat,ftruncate,chmod,fchmod,\
    fchmodat,copy_file_range";

/// One way to disturb a command: what strace injects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault(pub(super) String);

/// Reads where each call of a trace stands among those of its name and thread.
fn events(trace: &str) -> BTreeSet<(String, usize, bool)> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<...") || rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        let Some((call, arguments)) = rest.split_once('(') else { continue };
        let count = counts.entry((thread.to_owned(), call.to_owned())).or_default();
        *count += 1;
        // The loader's files and the system's say nothing about a vault.
        if call == "openat" && !arguments.contains("/authy-test-") {
            continue;
        }
        // A file that is only read leaves nothing behind.
        let changes = call != "openat"
            || ["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"].iter().any(|f| arguments.contains(f));
        found.insert((call.to_owned(), *count, changes));
    }
    found
}

/// Killed just before each call that changes something.
pub(super) fn kills(trace: &str) -> Vec<Fault> {
    let changing = events(trace).into_iter().filter(|(_, _, changes)| *changes);
    changing.map(|(call, n, _)| Fault(format!("inject={call}:signal=KILL:when={n}"))).collect()
}

/// The errors of a file system at the calls that can meet them: a disk that fills up or turns
/// read-only stays so, the others pass.
const ERRORS: [(&str, &[&str], bool); 5] = [
    (
        "ENOSPC",
        &["write", "pwrite64", "mkdir", "mkdirat", "fsync", "fdatasync", "syncfs", "ftruncate"],
        true,
    ),
    ("EROFS", &["mkdir", "mkdirat", "rename", "renameat", "unlink", "unlinkat", "linkat"], true),
    (
        "EIO",
        &["write", "pwrite64", "fsync", "fdatasync", "syncfs", "rename", "renameat", "openat"],
        false,
    ),
    ("EACCES", &["openat", "mkdirat", "rename", "renameat", "unlinkat", "linkat"], false),
    ("EMFILE", &["openat"], false),
];

/// Each error at each call.
pub(super) fn errors(trace: &str) -> Vec<Fault> {
    let events = events(trace);
    let of = |(error, calls, stays): &(&str, &[&str], bool)| {
        let hit = events.iter().filter(|(call, n, changes)| {
            // Descriptors run out where files are read, too: at every eighth of them.
            calls.contains(&call.as_str()) && (*changes || *error == "EMFILE" && n % 8 == 0)
        });
        let and_later = if *stays { "+" } else { "" };
        let fault = |(call, n, _): &(String, usize, bool)| {
            Fault(format!("inject={call}:error={error}:when={n}{and_later}"))
        };
        hit.map(fault).collect::<Vec<_>>()
    };
    ERRORS.iter().flat_map(of).collect()
}

#[test]
fn calls_are_counted_by_thread_and_reads_are_no_changes() {
    let trace = "7 openat(3</authy-test-1>, \"a\", O_RDONLY) = 4\n\
        8 openat(3</authy-test-1>, \"b\", O_RDWR|O_CREAT, 0600) = 5\n\
        7 openat(3</authy-test-1>, \"c\", O_WRONLY|O_CREAT) = 6\n\
        7 openat(3</etc>, \"d\", O_WRONLY|O_CREAT) = 6\n7 fsync(6 <unfinished ...>\n\
        7 <... fsync resumed>) = 0\n7 +++ exited with 0 +++\n";
    let kills: Vec<String> = kills(trace).into_iter().map(|fault| fault.0).collect();
    let at = |call: &str, n: usize| format!("inject={call}:signal=KILL:when={n}");
    assert_eq!(kills, [at("fsync", 1), at("openat", 1), at("openat", 2)]);
}
