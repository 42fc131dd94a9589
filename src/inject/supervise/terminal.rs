//! On a terminal: the program gets a pseudo-terminal, whose session a second authy leads
//! ([`super::lead`]), and the user's terminal becomes a wire to it.
//!
//! The terminal is raw only while keys are wanted and we are in its foreground. Keys are
//! wanted where standard input is the terminal, once the program changed the modes of its own,
//! or where it waits for a line of it: `producer | authy run -- less` and `… -- git credential
//! fill` read keys, `fzf | authy run -- xargs` leaves them to others.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{
    Pid, Signal, WaitOptions, kill_current_process_group, kill_process, kill_process_group,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr, tcsetwinsize,
};
use signal_hook::consts::{SIGCONT, SIGWINCH};

use super::super::child::Command;
use super::super::error::InjectError;
use super::super::signals::Signals;
use super::family;
use super::keyboard::Keyboard;
use super::relay::Relay;
use super::user::User;
use super::wait::{MOMENT, QUIET, Woken, wait};
use super::{Ended, HelperCommand, NewFilter, Shown, SideTask, catch, failed};
use crate::keyring;

/// How often we look whether the terminal became ours: not every shell says so.
const GLANCE: Duration = Duration::from_millis(250);

/// Runs the program to its end.
///
/// # Errors
/// [`InjectError`] where it cannot be started, or the system fails on the way.
pub(super) fn run(
    command: &Command,
    filter: &NewFilter<'_>,
    leader: &HelperCommand,
    shown: &Shown<'_>,
    user: User,
) -> Result<Ended, InjectError> {
    let mut led = command.led_by(leader)?;
    let failed = failed(command);
    let signals = catch(&[SIGWINCH, SIGCONT]).map_err(&failed)?;
    let (ours, theirs) = pair(&user).map_err(&failed)?;
    let (master, given) = (Rc::new(ours), user.modes().clone());
    let is_typed_at = isatty(io::stdin());
    let mut errors = None;
    let connect = || {
        let screen = Relay::new(Rc::clone(&master), shown.stdout.as_fd(), filter())?;
        if is_typed_at {
            led.stdin(theirs.try_clone()?);
        }
        if isatty(shown.stderr) {
            led.stderr(theirs.try_clone()?);
        } else {
            let (read, write) = io::pipe()?;
            led.stderr(write);
            errors = Some(Relay::new(Rc::new(read.into()), shown.stderr.as_fd(), filter())?);
        }
        led.stdout(Stdio::from(theirs));
        Ok(screen)
    };
    let screen = connect().map_err(&failed)?;
    let child = keyring::apart(|| led.spawn())
        .map_err(|source| command.within_reach(source))?
        .map_err(|source| command.explain(source))?;
    // It holds our copies of the ends that the program writes to.
    drop(led);
    let leader = Pid::from_child(&child);
    let keyboard = is_typed_at.then(Keyboard::new);
    let master = Some(master);
    let asks = cfg!(target_os = "linux");
    Session { user, master, given, leader, signals, screen, errors, keyboard, asks, shown }
        .run()
        .map_err(&failed)
}

/// Opens a pseudo-terminal with the modes and the size of the user's: our end, the program's.
fn pair(user: &User) -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // Not all systems take this as a flag of opening; nothing else is started meanwhile.
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = open(ptsname(&ours, Vec::new())?, flags, Mode::empty())?;
    tcsetattr(&theirs, OptionalActions::Now, user.modes())?;
    if let Ok(size) = user.size() {
        tcsetwinsize(&theirs, size)?;
    }
    Ok((ours, theirs))
}

/// What a program sets when it reads keys or draws; a pseudo-terminal has no speed.
fn is_alike(a: &Termios, b: &Termios) -> bool {
    (a.input_modes, a.output_modes, a.local_modes) == (b.input_modes, b.output_modes, b.local_modes)
}

struct Session<'f> {
    user: User,
    /// Our end; dropped to hang up.
    master: Option<Rc<OwnedFd>>,
    /// The modes that the program's terminal got from the user's.
    given: Termios,
    /// The process that leads the program's session.
    leader: Pid,
    signals: Signals,
    screen: Relay<'f>,
    errors: Option<Relay<'f>>,
    /// Once keys are wanted.
    keyboard: Option<Keyboard>,
    /// Whether the program may come to ask for keys on its terminal, whatever its input is.
    asks: bool,
    shown: &'f Shown<'f>,
}

enum Event {
    Signals,
    Screen,
    Errors,
    Keys,
    SideTask,
}

impl<'f> Session<'f> {
    fn run(&mut self) -> io::Result<Ended> {
        let mut ended = None;
        loop {
            if ended.is_none() {
                self.attend();
            }
            match self.wait(ended.is_some())? {
                Woken::By(events) => {
                    for event in events {
                        match event {
                            Event::Signals => self.heed(&mut ended),
                            Event::Screen => self.show(),
                            Event::Errors => self.errors.iter_mut().for_each(Relay::proceed),
                            Event::Keys => self.pass_keys(),
                            Event::SideTask => {
                                self.shown.beside.into_iter().for_each(SideTask::proceed);
                            }
                        }
                    }
                }
                Woken::Silence if ended.is_some() => self.relays().for_each(Relay::close),
                Woken::Silence => self.relays().for_each(Relay::idle),
            }
            if let Some(ended) = ended
                && self.relays().all(|relay| relay.watch().is_none())
            {
                self.relays().try_for_each(Relay::result)?;
                return Ok(ended);
            }
        }
    }

    fn relays(&mut self) -> impl Iterator<Item = &mut Relay<'f>> {
        [&mut self.screen].into_iter().chain(&mut self.errors)
    }

    fn wait(&self, has_ended: bool) -> io::Result<Woken<Event>> {
        let keys = self.keyboard.as_ref().zip(self.master.as_ref()).filter(|_| !has_ended);
        let user = self.user.is_raw().then_some(&self.user);
        let watched = [
            (Event::Signals, Some(PollFd::new(&self.signals, PollFlags::IN))),
            (Event::Screen, self.screen.watch()),
            (Event::Errors, self.errors.as_ref().and_then(Relay::watch)),
            (Event::Keys, keys.and_then(|(keys, master)| keys.watch(&**master, user))),
            (Event::SideTask, self.shown.watch_beside()),
        ];
        let any = |is: fn(&Relay<'f>) -> bool| is(&self.screen) || self.errors.iter().any(is);
        let timeout = if has_ended {
            (!any(Relay::is_pending)).then_some(QUIET)
        } else if any(Relay::is_waiting) {
            Some(MOMENT)
        } else {
            let is_idle = self.keyboard.is_some() && !self.user.is_raw();
            (is_idle || self.keyboard.is_none() && self.asks).then_some(GLANCE)
        };
        wait(watched, timeout)
    }

    /// Goes raw once keys are wanted and for us.
    fn attend(&mut self) {
        if self.keyboard.is_none()
            && self.asks
            && self.user.is_foreground()
            && self.master.as_ref().is_some_and(family::reads_from)
        {
            self.keyboard = Some(Keyboard::new());
        }
        if self.keyboard.is_some() && !self.user.is_raw() && self.user.is_foreground() {
            self.user.make_raw();
            self.hand_over();
        }
    }

    /// Gives the program's terminal the modes that the user's had before it went raw, unless
    /// the program set its own. Started in the background it got those that a shell edits
    /// its next line in, where the return key ends no line.
    fn hand_over(&mut self) {
        let modes = self.user.modes();
        if let Some(master) = &self.master
            && !is_alike(modes, &self.given)
            && tcgetattr(&**master).is_ok_and(|now| is_alike(&now, &self.given))
            && tcsetattr(&**master, OptionalActions::Now, modes).is_ok()
        {
            self.given = modes.clone();
        }
    }

    /// Shows what the program printed, and sees whether it began to read keys.
    fn show(&mut self) {
        self.screen.proceed();
        if !self.screen.is_open() {
            // The user's terminal is gone, or everybody left the program's.
            self.master = None;
        } else if self.keyboard.is_none()
            && let Some(master) = &self.master
            && tcgetattr(&**master).is_ok_and(|modes| modes.local_modes != self.given.local_modes)
        {
            self.keyboard = Some(Keyboard::new());
        }
    }

    fn pass_keys(&mut self) {
        let (Some(keyboard), Some(master)) = (&mut self.keyboard, &self.master) else { return };
        if !keyboard.proceed(&**master, &self.user) {
            self.hang_up();
        }
    }

    /// Takes the pseudo-terminal away, as a line that broke.
    fn hang_up(&mut self) {
        let _ = kill_process(self.leader, Signal::HUP);
        self.keyboard = None;
        self.screen.close();
        self.master = None;
    }

    /// Heeds signals: passes them on, sees the leader stop or end.
    fn heed(&mut self, ended: &mut Option<Ended>) {
        let came = self.signals.take();
        // First of all: what is sent to the program may make it ask for the size.
        if came.contains(&Signal::WINCH) {
            self.resize();
        }
        for signal in came {
            match signal {
                Signal::CHILD => {
                    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
                    if let Some(status) = family::ended(self.leader, options) {
                        if status.stopped() {
                            self.suspend();
                        }
                        *ended = ended.or(Ended::of(status));
                    }
                }
                Signal::WINCH => {}
                _ if ended.is_some() => self.relays().for_each(Relay::close),
                Signal::CONT => self.resume(),
                // Typed while the terminal is not raw, so meant for its foreground.
                Signal::INT | Signal::QUIT if !self.user.is_raw() && self.user.is_foreground() => {
                    let group = self.master.as_ref().and_then(|tty| tcgetpgrp(&**tty).ok());
                    let _ = group.map(|group| kill_process_group(group, signal));
                }
                _ => {
                    let _ = kill_process(self.leader, signal);
                }
            }
        }
    }

    /// The program stopped, so all of our job does; the shell takes over.
    fn suspend(&mut self) {
        self.user.restore();
        // Nothing happens where no shell would wake us (an orphaned process group).
        let _ = kill_current_process_group(Signal::TSTP);
        self.resume();
    }

    /// Goes on, perhaps in the background, perhaps at another size.
    fn resume(&mut self) {
        self.attend();
        self.resize();
        let _ = kill_process(self.leader, Signal::CONT);
    }

    fn resize(&self) {
        if let (Some(master), Ok(size)) = (&self.master, self.user.size()) {
            let _ = tcsetwinsize(&**master, size);
        }
    }
}
