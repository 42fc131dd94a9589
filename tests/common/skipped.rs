//! Tests that need a program are left out where it is missing: asking for it, and the notes
//! about that, a file for each test with the missing programs in it.

#![allow(dead_code, reason = "not everybody who shares this both writes and reads the notes")]

use std::path::PathBuf;

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
    let missing: Vec<&str> = programs.into_iter().filter(|program| !have(program)).collect();
    record(&missing.join(" "));
    let may_skip = std::env::var_os("AUTHY_NO_SKIP").is_none();
    assert!(missing.is_empty() || may_skip, "needs {}", missing.join(", "));
    missing.is_empty()
}

/// The Python that can do `import`; a distribution's modules are its own Python's. `None`: the
/// test is to return, as left out.
pub(crate) fn with_module(import: &str) -> Option<String> {
    let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| can(python, import));
    record(if python.is_none() { import } else { "" });
    let may_skip = std::env::var_os("AUTHY_NO_SKIP").is_none();
    assert!(python.is_some() || may_skip, "needs a python3 that can '{import}'");
    python.map(str::to_owned)
}

/// Whether this Python can do `import`.
fn can(python: &str, import: &str) -> bool {
    let tried = std::process::Command::new(python).args(["-c", import]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Whether a program can be found on PATH.
fn have(program: &str) -> bool {
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
