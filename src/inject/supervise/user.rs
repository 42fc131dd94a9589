//! The user's terminal: its modes, its size, and whether it is ours at the moment.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::process::getpgrp;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, Winsize, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr, ttyname,
};

/// The terminal that standard output goes to. On drop it is as it was found.
///
/// Only one run at a time makes it raw, by a lock on the device: a second one would take the raw
/// modes of the first for the user's own, and leave them behind.
pub(super) struct User {
    tty: OwnedFd,
    modes: Termios,
    is_raw: bool,
}

impl User {
    /// Opens the terminal behind `stdout` once more, to read keys from it.
    ///
    /// # Errors
    /// Where that is no terminal, or descriptors are short.
    pub(super) fn find(stdout: BorrowedFd<'_>) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = ttyname(stdout, Vec::new()).and_then(|name| open(name, flags, Mode::empty()));
        let tty = match opened {
            Ok(tty) => tty,
            // A container may have been given a terminal that has no name inside.
            Err(_) => stdout.try_clone_to_owned()?,
        };
        let mut modes = tcgetattr(&tty)?;
        match flock(&tty, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => flock(&tty, FlockOperation::Unlock)?,
            Err(_) => make_usual(&mut modes),
        }
        Ok(Self { tty, modes, is_raw: false })
    }

    /// Tells whether keys and signals of the terminal are for our process group. A terminal
    /// that does not control us sends no signals, and is ours.
    pub(super) fn is_foreground(&self) -> bool {
        tcgetpgrp(&self.tty).map_or(true, |group| group == getpgrp())
    }

    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// Hands every key and every byte through as it is. The pseudo-terminal does the rest.
    pub(super) fn make_raw(&mut self) {
        if flock(&self.tty, FlockOperation::NonBlockingLockExclusive).is_err() {
            return;
        }
        if let Ok(modes) = tcgetattr(&self.tty) {
            let mut raw = modes.clone();
            raw.make_raw();
            self.modes = modes;
            self.is_raw = tcsetattr(&self.tty, OptionalActions::Drain, &raw).is_ok();
        }
    }

    /// Takes that back.
    pub(super) fn restore(&mut self) {
        // From the background it would stop us; and the modes are somebody else's there.
        if self.is_raw && self.is_foreground() {
            let _ = tcsetattr(&self.tty, OptionalActions::Drain, &self.modes);
        }
        if self.is_raw {
            let _ = flock(&self.tty, FlockOperation::Unlock);
        }
        self.is_raw = false;
    }

    pub(super) fn modes(&self) -> &Termios {
        &self.modes
    }

    /// # Errors
    /// Where the terminal is gone.
    pub(super) fn size(&self) -> io::Result<Winsize> {
        Ok(tcgetwinsize(&self.tty)?)
    }
}

/// Modes as people type in: what another run of ours made raw is not the user's wish.
fn make_usual(modes: &mut Termios) {
    modes.input_modes |= InputModes::BRKINT | InputModes::ICRNL | InputModes::IXON;
    modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    modes.local_modes |= LocalModes::ECHO
        | LocalModes::ECHOE
        | LocalModes::ECHOK
        | LocalModes::ICANON
        | LocalModes::IEXTEN
        | LocalModes::ISIG;
}

impl AsFd for User {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.restore();
    }
}
