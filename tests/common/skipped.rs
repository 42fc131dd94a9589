//! Tests that need a program are left out where it is missing: asking for it, and the notes
//! about that, a file for each test with what is missing in it, a line each.
//!
//! Who starts a program has to have asked for it ([`command`]): otherwise a test would fail
//! on a machine that has Rust and git and nothing else, and pass on every other.

#![allow(dead_code, reason = "not everybody who shares this both writes and reads the notes")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a machine has that builds and runs authy: git, and what POSIX asks of every system.
const BASE: [&str; 13] = [
    "cat", "chmod", "cp", "env", "git", "kill", "ln", "mkdir", "mkfifo", "mknod", "sh", "tail",
    "true",
];

thread_local! {
    /// What this test asked for, and found.
    static ASKED: RefCell<BTreeSet<String>> = RefCell::default();
}

/// Where the notes lie until `tests/skipped.rs` has read them: beside the test programs.
pub(crate) fn folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.parent().unwrap().join("left-out-tests")
}

/// Whether these programs are on PATH; otherwise the test is to return, as left out.
///
/// `tests/skipped.rs` says at the end of the run what was left out; with `AUTHY_NO_SKIP=1`,
/// as in `.ci/run`, a program that is missing fails the test instead.
pub(crate) fn needs<const N: usize>(programs: [&str; N]) -> bool {
    let (there, missing): (Vec<_>, Vec<_>) = programs.into_iter().partition(|program| has(program));
    ASKED.with_borrow_mut(|asked| asked.extend(there.into_iter().map(str::to_owned)));
    record(&missing.join("\n"));
    let may_skip = std::env::var_os("AUTHY_NO_SKIP").is_none();
    assert!(missing.is_empty() || may_skip, "needs {}", missing.join(", "));
    missing.is_empty()
}

/// The Python that has these modules; a distribution's are its own Python's. `None`: the test
/// is to return, as left out.
pub(crate) fn with_modules<const N: usize>(modules: [&str; N]) -> Option<String> {
    let import = format!("import {}", modules.join(", "));
    let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| can(python, &import));
    let missing = modules.map(|module| format!("the Python module '{module}'"));
    record(&if python.is_none() { missing.join("\n") } else { String::new() });
    let may_skip = std::env::var_os("AUTHY_NO_SKIP").is_none();
    assert!(python.is_some() || may_skip, "needs a python3 that can '{import}'");
    ASKED.with_borrow_mut(|asked| asked.extend(python.map(str::to_owned)));
    python.map(str::to_owned)
}

/// A program to start: one that every machine has, that the test asked for, or that is named
/// by its path because the test made it.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let program = program.as_ref();
    let name = program.to_string_lossy();
    let is_made = Path::new(program).components().count() > 1;
    let is_asked = ASKED.with_borrow(|asked| asked.contains(&*name));
    // A thread that a test started has no name, and did not ask.
    let is_helper = std::thread::current().name().is_none();
    assert!(
        is_made || is_asked || is_helper || BASE.contains(&&*name),
        "not every machine has '{name}': ask for it with 'needs' first"
    );
    Command::new(program)
}

/// Whether this Python can do `import`.
fn can(python: &str, import: &str) -> bool {
    let tried = Command::new(python).args(["-c", import]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Whether a program is there that the gate does not insist on; where not, the test is to
/// return, and nothing is said of it.
pub(crate) fn happens_to_have(program: &str) -> bool {
    if has(program) {
        ASKED.with_borrow_mut(|asked| asked.insert(program.to_owned()));
    }
    has(program)
}

/// Whether a program can be found on PATH.
fn has(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file())
}

/// Notes what the present test lacks; where it lacks nothing an older note goes.
fn record(missing: &str) {
    let thread = std::thread::current();
    let note = folder().join(thread.name().unwrap_or("unknown").replace("::", "."));
    if missing.is_empty() {
        let _ = std::fs::remove_file(note);
        return;
    }
    std::fs::create_dir_all(folder()).unwrap();
    std::fs::write(note, missing).unwrap();
}
