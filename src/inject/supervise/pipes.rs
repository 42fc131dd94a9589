//! Without a terminal: the program writes to pipes and stays in our process group, so that
//! whoever watches or stops the group has both.

use std::io::{self, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::process::{Pid, Signal, WaitOptions, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;

use super::super::child::Command;
use super::super::error::InjectError;
use super::super::signals::Signals;
use super::family;
use super::relay::Relay;
use super::wait::{MOMENT, QUIET, Woken, wait};
use super::{Ended, NewFilter, Shown, SideTask, catch, failed};

/// Runs the program to its end.
///
/// # Errors
/// [`InjectError`] where it cannot be started, or the system fails on the way.
pub(super) fn run(
    command: &Command,
    filter: &NewFilter<'_>,
    shown: &Shown<'_>,
) -> Result<Ended, InjectError> {
    let failed = failed(command);
    let signals = catch(&[]).map_err(&failed)?;
    let (sources, (out, errors)) = connect(shown).map_err(&failed)?;
    let child = command.spawn(|program| {
        program.stdout(out.try_clone()?).stderr(errors.try_clone()?);
        Ok(())
    })?;
    // Our copies of the ends that the program writes to.
    drop((out, errors));
    let to = [shown.stdout.as_fd(), shown.stderr.as_fd()];
    let relays = sources.into_iter().zip(to);
    let relays = relays.map(|(source, to)| Relay::new(Rc::new(source), to, filter()));
    let relays = relays.collect::<io::Result<_>>().map_err(&failed)?;
    Pipes { pid: Pid::from_child(&child), signals, relays, shown, ended: None }
        .run()
        .map_err(&failed)
}

/// Makes pipes: our ends, and those that the program writes its two streams to. Where both go to
/// one place there is one pipe, which keeps their order.
fn connect(shown: &Shown<'_>) -> io::Result<(Vec<OwnedFd>, (PipeWriter, PipeWriter))> {
    let (read, write) = io::pipe()?;
    if is_same(shown) {
        return Ok((vec![read.into()], (write.try_clone()?, write)));
    }
    let (errors, write_errors) = io::pipe()?;
    Ok((vec![read.into(), errors.into()], (write, write_errors)))
}

fn is_same(shown: &Shown<'_>) -> bool {
    let place = |fd| fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino));
    let stdout = place(shown.stdout.as_fd());
    stdout.is_some() && stdout == place(shown.stderr.as_fd())
}

struct Pipes<'f> {
    pid: Pid,
    signals: Signals,
    relays: Vec<Relay<'f>>,
    shown: &'f Shown<'f>,
    ended: Option<Ended>,
}

enum Event {
    Signals,
    Relay(usize),
    SideTask,
}

impl<'f> Pipes<'f> {
    fn run(&mut self) -> io::Result<Ended> {
        loop {
            if let Some(ended) = self.ended
                && self.relays.iter().all(|relay| relay.watch().is_none())
            {
                self.relays.iter_mut().try_for_each(Relay::result)?;
                return Ok(ended);
            }
            match self.wait()? {
                Woken::By(events) => {
                    for event in events {
                        match event {
                            Event::Signals => self.heed(),
                            Event::Relay(at) => self.relays[at].proceed(),
                            Event::SideTask => {
                                self.shown.beside.into_iter().for_each(SideTask::proceed);
                            }
                        }
                    }
                }
                Woken::Silence if self.ended.is_some() => {
                    self.relays.iter_mut().for_each(Relay::close);
                }
                Woken::Silence => self.relays.iter_mut().for_each(Relay::idle),
            }
        }
    }

    fn wait(&self) -> io::Result<Woken<Event>> {
        let signals = PollFd::new(&self.signals, PollFlags::IN);
        let relays = self.relays.iter().enumerate();
        let watched =
            [(Event::Signals, Some(signals)), (Event::SideTask, self.shown.watch_beside())]
                .into_iter()
                .chain(relays.map(|(at, relay)| (Event::Relay(at), relay.watch())));
        let any = |is: fn(&Relay<'f>) -> bool| self.relays.iter().any(is);
        let timeout = if self.ended.is_some() && !any(Relay::is_pending) {
            Some(QUIET)
        } else {
            any(Relay::is_waiting).then_some(MOMENT)
        };
        wait(watched, timeout)
    }

    /// Passes signals on, and sees the program's end.
    fn heed(&mut self) {
        for signal in self.signals.take() {
            if signal == Signal::CHILD {
                if let Some(status) = family::ended(self.pid, WaitOptions::NOHANG) {
                    self.ended = self.ended.or(Ended::of(status));
                }
            } else if self.ended.is_some() {
                // Only what the program left running is still writing: enough of that.
                self.relays.iter_mut().for_each(Relay::close);
            } else if !(is_typed(signal) && is_foreground()) {
                // It may have ended meanwhile, or run as somebody else.
                let _ = kill_process(self.pid, signal);
            }
        }
    }
}

/// Whether the terminal sends this signal itself, to all of the foreground.
fn is_typed(signal: Signal) -> bool {
    matches!(signal, Signal::INT | Signal::QUIT)
}

/// Whether we, and with us the program, are in the foreground of a terminal.
fn is_foreground() -> bool {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    let tty = open("/dev/tty", flags, Mode::empty());
    tty.is_ok_and(|tty| tcgetpgrp(tty).is_ok_and(|group| group == getpgrp()))
}
