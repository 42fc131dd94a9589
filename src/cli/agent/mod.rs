//! Is an AI agent at work? Told from the markers that agents set for what they start.
//!
//! A marker alone does not count below a `run` that a person started: whoever started it
//! chose the scope. That is read from the processes above, not from our own environment,
//! where an agent could write it.

use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt as _;

/// Variables that agents set, as their makers document them; `AI_AGENT` is for any of them.
const MARKERS: [&str; 14] = [
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "CODEX_CI",
    "OPENCODE",
    "OPENCODE_CLIENT",
    "AUGMENT_AGENT",
    "ANTIGRAVITY_AGENT",
    "CLINE_ACTIVE",
    "GOOSE_TERMINAL",
];

/// How many processes above are looked at.
#[cfg(target_os = "linux")]
const DEPTH: usize = 64;

/// Returns the marker that is set, if any.
pub(super) fn marker(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let is_set = |value: OsString| !value.is_empty() && value != "0";
    MARKERS.into_iter().find(|name| variable(name).is_some_and(is_set))
}

/// Tells whether a process above was started by a `run` of a person in this scope: it was
/// given the scope, and no marker.
#[cfg(target_os = "linux")]
pub(super) fn is_below_a_run(scope: &str) -> bool {
    let mut process = "self".to_owned();
    for _ in 0..DEPTH {
        let Some(parent) = parent(&process) else { return false };
        let Ok(environment) = std::fs::read(format!("/proc/{parent}/environ")) else {
            return false;
        };
        let environment = zeroize::Zeroizing::new(environment);
        if is_of_a_run(&environment, scope) {
            return true;
        }
        process = parent;
    }
    false
}

/// Without a list of processes there is no telling.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_below_a_run(_: &str) -> bool {
    false
}

/// The parent of a process; the name in brackets may hold anything, spaces too.
#[cfg(target_os = "linux")]
fn parent(process: &str) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let parent = rest.split(' ').nth(1)?;
    (parent != "0").then(|| parent.to_owned())
}

/// Whether an environment has the scope of a `run`, and no marker of an agent.
#[cfg(target_os = "linux")]
fn is_of_a_run(environment: &[u8], scope: &str) -> bool {
    let value = |name: &str| {
        environment
            .split(|byte| *byte == 0)
            .filter_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
            .map(|value| std::ffi::OsStr::from_bytes(value).to_owned())
            .next()
    };
    value("AUTHY_SCOPE").is_some_and(|found| found == scope) && marker(&value).is_none()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{is_of_a_run, marker};

    #[test]
    fn a_marker_is_a_variable_with_a_value() {
        let set = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.into())
        };
        assert_eq!(marker(&set("CLAUDECODE", "1")), Some("CLAUDECODE"));
        assert_eq!(marker(&set("AI_AGENT", "goose")), Some("AI_AGENT"));
        for none in [set("CLAUDECODE", ""), set("CLAUDECODE", "0"), set("EDITOR", "vi")] {
            assert_eq!(marker(&none), None);
        }
    }

    #[test]
    fn a_run_of_a_person_gave_the_scope_and_no_marker() {
        assert!(is_of_a_run(b"PATH=/bin\0AUTHY_SCOPE=dev\0", "dev"));
        for other in [
            &b"PATH=/bin\0"[..],
            b"AUTHY_SCOPE=other\0",
            b"AUTHY_SCOPE=dev\0CLAUDECODE=1\0",
            b"XAUTHY_SCOPE=dev\0",
        ] {
            assert!(!is_of_a_run(other, "dev"));
        }
    }
}
