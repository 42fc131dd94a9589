//! The processes of a run: those that ended, those that wait for keys, those that stay behind.
//!
//! On Linux what the program leaves running becomes a child of ours, and is known by that. As the
//! first process of a container we have such children anyway, and have to see their end.

#[cfg(not(target_os = "linux"))]
use std::os::fd::AsFd;

use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};

/// A program that goes on after the one that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftBehind {
    /// Its name, as the system keeps it.
    pub(crate) name: String,
    pub(crate) id: u32,
}

/// Makes what the program leaves running a child of ours.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Says what became of `program`, and sees the end of what it had left running.
pub(super) fn ended(program: Pid, options: WaitOptions) -> Option<WaitStatus> {
    let status = waitpid(Some(program), options).ok().flatten();
    for orphan in ended_orphans(program) {
        let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
    }
    status.map(|(_, status)| status)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::os::fd::AsFd;
    use std::path::Path;

    use rustix::process::Pid;
    use rustix::pty::ptsname;
    use rustix::termios::tcgetpgrp;

    use super::LeftBehind;

    /// What a process is, as far as it is asked here (proc_pid_stat(5)).
    struct Stat {
        id: u32,
        name: String,
        state: char,
        parent: u32,
        group: u32,
    }

    fn all() -> impl Iterator<Item = Stat> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read(entry.path().join("stat")).ok()?;
            let stat = String::from_utf8_lossy(&stat);
            let (start, rest) = stat.rsplit_once(") ")?;
            let (_, name) = start.split_once(" (")?;
            let mut fields = rest.split(' ');
            Some(Stat {
                id,
                name: name.to_owned(),
                state: fields.next()?.chars().next()?,
                parent: fields.next()?.parse().ok()?,
                group: fields.next()?.parse().ok()?,
            })
        })
    }

    /// Whether a program in the foreground of the pseudo-terminal waits for a line of it.
    pub(crate) fn reads_from(master: impl AsFd) -> bool {
        let Ok(group) = tcgetpgrp(&master) else { return false };
        let Ok(name) = ptsname(&master, Vec::new()) else { return false };
        let terminal = name.to_string_lossy().into_owned();
        let is_in_front = |stat: &Stat| Pid::from_raw(stat.group.cast_signed()) == Some(group);
        all().filter(is_in_front).any(|stat| waits_for(stat.id, &terminal))
    }

    /// Whether a process is in the middle of reading the terminal (proc_pid_syscall(5)).
    fn waits_for(id: u32, terminal: &str) -> bool {
        let read = || -> Option<bool> {
            let call = fs::read_to_string(format!("/proc/{id}/syscall")).ok()?;
            let mut fields = call.split(' ');
            let is_read = fields.next()?.parse() == Ok(nix::libc::SYS_read);
            let file = u32::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok()?;
            let target = fs::read_link(format!("/proc/{id}/fd/{file}")).ok()?;
            Some(is_read && [Path::new(terminal), Path::new("/dev/tty")].contains(&&*target))
        };
        read().unwrap_or(false)
    }

    /// The children that ended unseen, but for `program`.
    pub(crate) fn ended_orphans(program: Pid) -> Vec<Pid> {
        let own = std::process::id();
        let is_over = |stat: &Stat| stat.parent == own && stat.state == 'Z';
        let ids = all().filter(is_over).filter_map(|stat| Pid::from_raw(stat.id.cast_signed()));
        ids.filter(|id| *id != program).collect()
    }

    /// The children that go on.
    pub(crate) fn left_behind() -> Vec<LeftBehind> {
        let own = std::process::id();
        let goes_on = |stat: &Stat| stat.parent == own && !matches!(stat.state, 'Z' | 'X');
        let found = all().filter(goes_on);
        found.map(|stat| LeftBehind { name: stat.name, id: stat.id }).collect()
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{ended_orphans, left_behind, reads_from};

#[cfg(not(target_os = "linux"))]
pub(super) fn reads_from(_: impl AsFd) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn ended_orphans(_: Pid) -> Vec<Pid> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn left_behind() -> Vec<LeftBehind> {
    Vec::new()
}
