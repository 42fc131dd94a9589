//! The processes above this one: what each was started with.
//!
//! An environment that is read here is the one that a process was *started* with: what a shell
//! exported later, or took away, does not show. Only processes of the same user count; of
//! others, and of those that keep their memory to themselves, nothing is known.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;

use zeroize::Zeroizing;

use super::markers;

/// What programs start others by.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "fish", "env"];
/// How many processes above are looked at.
const DEPTH: usize = 64;

/// The processes above that are the user's own, the nearest first.
#[derive(Default)]
pub(crate) struct Above(Vec<Process>);

struct Process {
    name: String,
    /// Entries `NAME=VALUE`, each ended by a NUL; values of secrets may be among them.
    environment: Zeroizing<Vec<u8>>,
}

impl Above {
    /// Looks at the processes above this one.
    pub(crate) fn look() -> Self {
        let own = rustix::process::geteuid().as_raw();
        let mut found = Vec::new();
        let mut process = "self".to_owned();
        for _ in 0..DEPTH {
            let Some((_, Some(parent))) = status(&process) else { break };
            let folder = format!("/proc/{parent}");
            if fs::metadata(&folder).is_ok_and(|folder| folder.uid() == own)
                && let Ok(environment) = fs::read(format!("{folder}/environ"))
            {
                let name = status(&parent).map(|(name, _)| name).unwrap_or_default();
                found.push(Process { name, environment: Zeroizing::new(environment) });
            }
            process = parent;
        }
        Self(found)
    }

    /// What the nearest process that has one of `names` has there; it may be empty.
    pub(super) fn nearest<const N: usize>(&self, names: [&str; N]) -> Option<(usize, OsString)> {
        let of = |process: &Process| {
            let mut names = names.iter().enumerate();
            names.find_map(|(at, name)| Some((at, process.variable(name)?)))
        };
        self.0.iter().find_map(of)
    }

    /// Whether one of them was started by a `run` of a person in this scope: it was given the
    /// scope, and no marker, and no agent that marks nothing stands above it.
    pub(super) fn has_a_persons_run(&self, scope: &str) -> bool {
        let runs = self.0.iter().enumerate();
        let mut runs = runs.filter(|(_, one)| one.is_in(scope) && one.marker().is_none());
        runs.any(|(at, _)| self.0[at + 1..].iter().all(|one| one.agent().is_none()))
    }

    /// Whether one of them that runs in this scope was given the value, under whatever name.
    pub(crate) fn was_given(&self, scope: &str, value: &[u8]) -> bool {
        let has = |process: &Process| {
            process.entries().any(|entry| {
                entry.iter().position(|&b| b == b'=').is_some_and(|at| &entry[at + 1..] == value)
            })
        };
        !value.is_empty() && self.0.iter().any(|process| process.is_in(scope) && has(process))
    }

    /// The name of the nearest that is no shell.
    pub(crate) fn starter(&self) -> Option<&str> {
        let mut names = self.0.iter().map(|process| process.name.as_str());
        names.find(|name| !SHELLS.contains(name))
    }

    /// Whether the nearest is called like this, or none of them is.
    pub(super) fn is_below(&self, name: &str) -> bool {
        let mut named = self.0.iter().map(|process| process.name.starts_with(name));
        named.next().unwrap_or(true) || !named.any(|is| is)
    }

    /// The agent among them that marks nothing it starts.
    pub(super) fn agent(&self) -> Option<&'static str> {
        self.0.iter().find_map(Process::agent)
    }

    /// Whether whoever set the marker is out of sight: the topmost process that can be seen has
    /// it already, or is what an agent starts, as where a sandbox begins a list of processes of
    /// its own.
    pub(super) fn begins_below_an_agent(&self) -> bool {
        let is_sandbox = |process: &Process| markers::is_sandbox(&process.name);
        self.0.last().is_none_or(|topmost| topmost.marker().is_some() || is_sandbox(topmost))
    }
}

impl Process {
    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.environment.split(|byte| *byte == 0)
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let value = |entry: &'_ [u8]| {
            let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(OsStr::from_bytes(value).to_owned())
        };
        self.entries().find_map(value)
    }

    fn is_in(&self, scope: &str) -> bool {
        self.variable("AUTHY_SCOPE").is_some_and(|found| found == scope)
    }

    fn agent(&self) -> Option<&'static str> {
        markers::of_process(&self.name)
    }

    fn marker(&self) -> Option<&'static str> {
        markers::of_variables(&|name| self.variable(name))
    }
}

/// The name of a process and its parent; the name stands in brackets and may hold anything,
/// brackets and blanks too (proc_pid_stat(5)).
fn status(process: &str) -> Option<(String, Option<String>)> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (start, rest) = stat.rsplit_once(") ")?;
    let (_, name) = start.split_once(" (")?;
    let parent = rest.split(' ').nth(1).filter(|parent| *parent != "0");
    Some((name.to_owned(), parent.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::{Above, Process};

    fn above<const N: usize>(processes: [(&str, &[u8]); N]) -> Above {
        let of = |(name, environment): (&str, &[u8])| Process {
            name: name.to_owned(),
            environment: environment.to_vec().into(),
        };
        Above(processes.map(of).into())
    }

    #[test]
    fn a_run_of_a_person_gave_the_scope_and_no_marker() {
        assert!(above([("sh", b"PATH=/bin\0AUTHY_SCOPE=dev\0")]).has_a_persons_run("dev"));
        for other in [
            &b"PATH=/bin\0"[..],
            b"AUTHY_SCOPE=other\0",
            b"AUTHY_SCOPE=dev\0CLAUDECODE=1\0",
            b"XAUTHY_SCOPE=dev\0",
        ] {
            assert!(!above([("sh", other)]).has_a_persons_run("dev"));
        }
    }

    #[test]
    fn a_run_that_an_agent_without_marker_started_is_no_persons() {
        let run: (&str, &[u8]) = ("server", b"AUTHY_SCOPE=dev\0");
        assert!(!above([run, ("codex", b"")]).has_a_persons_run("dev"));
        assert!(!above([run, ("sh", b""), ("codex-linux-san", b"")]).has_a_persons_run("dev"));
        // The agent itself is what the person ran.
        let codex: (&str, &[u8]) = ("codex", b"AUTHY_SCOPE=dev\0");
        assert!(above([run, codex, ("bash", b"")]).has_a_persons_run("dev"));
    }

    #[test]
    fn the_nearest_says_what_holds() {
        let all = above([("a", b"B=1\0"), ("b", b"AUTHY_SCOPE=x\0"), ("c", b"AUTHY_SCOPE=y\0")]);
        assert_eq!(all.nearest(["AUTHY_SCOPE"]), Some((0, "x".into())));
        assert_eq!(all.nearest(["Z", "B"]), Some((1, "1".into())));
        assert_eq!(all.nearest(["AUTHY_TOKEN"]), None);
    }

    #[test]
    fn a_value_counts_whole_and_in_its_scope_alone() {
        let all = above([("a", b"AUTHY_SCOPE=x\0KEY=v=1\0EMPTY=\0"), ("b", b"OTHER=w\0")]);
        assert!(all.was_given("x", b"v=1"));
        for (scope, value) in
            [("x", &b"v="[..]), ("x", b"1"), ("x", b""), ("y", b"v=1"), ("x", b"w")]
        {
            assert!(!all.was_given(scope, value));
        }
    }

    #[test]
    fn whoever_marks_nothing_is_known_by_name() {
        assert_eq!(above([("sh", b""), ("codex", b"")]).agent(), Some("codex"));
        assert_eq!(above([("sh", b"")]).agent(), None);
    }

    #[test]
    fn a_marker_from_the_very_beginning_was_set_out_of_sight() {
        assert!(
            above([("sh", b"CLAUDECODE=1\0"), ("bwrap", b"CLAUDECODE=1\0")])
                .begins_below_an_agent()
        );
        assert!(above([]).begins_below_an_agent());
        assert!(above([("sh", b""), ("codex-linux-san", b"")]).begins_below_an_agent());
        assert!(!above([("sh", b""), ("codex", b"")]).begins_below_an_agent());
        assert!(!above([("sh", b"CLAUDECODE=1\0"), ("claude", b"A=1\0")]).begins_below_an_agent());
    }
}
