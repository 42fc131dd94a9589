//! The leader of a pseudo-terminal's session: a second authy between the first and the
//! program, as sudo and script(1) have one.
//!
//! A session needs a leader, and job control a parent inside the session who waits: were the
//! program the leader, a stop from the keyboard would have no effect on it. The leader knows
//! no value but those in the environment that it hands on.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::{SigSet, Signal as Blocked};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, ioctl_tiocsctty, kill_process,
    kill_process_group, setsid, waitpid,
};
use rustix::termios::{Winsize, tcgetpgrp, tcgetwinsize, tcsetpgrp};
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU};

use super::super::child::{as_script, not_started};
use super::super::error::InjectError;
use super::super::signals::Signals;
use super::wait::wait;
use super::{Ended, catch};

/// Starts the program of `words` in a session of its own on the terminal of standard output.
///
/// # Errors
/// [`InjectError`] where it cannot be started, or standard output is no fresh terminal.
pub(crate) fn lead(words: &[OsString]) -> Result<Ended, InjectError> {
    let (program, arguments) = words.split_first().ok_or(InjectError::NoProgram)?;
    let failed = |source: io::Error| {
        let program = program.to_string_lossy().into_owned();
        InjectError::Supervise { program, source }
    };
    let signals = take_terminal().map_err(failed)?;
    let before = tcgetwinsize(io::stdout()).ok();
    let start = |program: &OsString, arguments: &[OsString]| {
        Command::new(program).args(arguments).process_group(0).spawn()
    };
    let child = start(program, arguments).or_else(|failure| {
        let path = std::env::var_os("PATH");
        match as_script(words, path.as_deref(), &failure) {
            Some(script) => start(&script[0], &script[1..]),
            None => Err(failure),
        }
    });
    let child = child.map_err(|source| not_started(Some(program), source))?;
    let program = Pid::from_child(&child);
    // It may have ended already.
    let _ = tcsetpgrp(io::stdout(), program);
    // A new size that came before that was told to us.
    if before.map(size_of) != tcgetwinsize(io::stdout()).ok().map(size_of) {
        let _ = kill_process_group(program, Signal::WINCH);
    }
    let ended = watch(signals, program).map_err(failed)?;
    // Our end hangs up the foreground; what the program left running is to go on.
    let _ = tcsetpgrp(io::stdout(), getpid());
    Ok(ended)
}

fn size_of(size: Winsize) -> (u16, u16) {
    (size.ws_row, size.ws_col)
}

/// Makes the terminal of standard output control this process, alone in its session.
fn take_terminal() -> io::Result<Signals> {
    // Caught, a stop that is typed before the program has the foreground is not lost: the system
    // takes it from a group that no shell would continue.
    let signals = catch(&[SIGCONT, SIGTSTP])?;
    setsid()?;
    ioctl_tiocsctty(io::stdout())?;
    // Or taking the foreground back at the end would fail. What is started gets no such mask.
    SigSet::from(Blocked::SIGTTOU).thread_block()?;
    Ok(signals)
}

/// Waits for the program's end; stops with it, and goes on with it.
fn watch(mut signals: Signals, program: Pid) -> io::Result<Ended> {
    let mut came = signals.take();
    // Typed before the program had the foreground, and meant for all of it: a shell alone
    // would wait for what it started.
    let is_typed = |signal: &mut Signal| matches!(*signal, Signal::INT | Signal::QUIT);
    for signal in came.extract_if(.., is_typed) {
        let _ = kill_process_group(program, signal);
    }
    let mut is_to_stop = came.extract_if(.., |signal| *signal == Signal::TSTP).count() > 0;
    loop {
        for signal in came {
            match signal {
                Signal::CHILD => {
                    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
                    if let Some((_, status)) = waitpid(Some(program), options)? {
                        if let Some(ended) = Ended::of(status) {
                            return Ok(ended);
                        }
                        stop(program, status)?;
                    }
                }
                Signal::CONT => {
                    let _ = kill_process_group(program, signal);
                }
                _ => {
                    let _ = kill_process(program, signal);
                }
            }
        }
        // Last: the system drops a stop that is pending when the group is told to go on.
        if std::mem::take(&mut is_to_stop) {
            let _ = kill_process_group(program, Signal::TSTP);
        }
        wait([((), Some(PollFd::new(&signals, PollFlags::IN)))], None)?;
        came = signals.take();
    }
}

/// The program stopped, so we do, which the first authy sees.
fn stop(program: Pid, status: WaitStatus) -> io::Result<()> {
    let is_terminal = status.stopping_signal().is_some_and(|n| n == SIGTTIN || n == SIGTTOU);
    if is_terminal && tcgetpgrp(io::stdout()).is_ok_and(|group| group == program) {
        // It touched the terminal before it was given the foreground, which it has now.
        kill_process_group(program, Signal::CONT)?;
    } else {
        // Woken again, we are sent SIGCONT, and hand it on.
        kill_process(getpid(), Signal::STOP)?;
    }
    Ok(())
}
