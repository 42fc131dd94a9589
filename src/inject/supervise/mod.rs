//! A program whose output is read before the user sees it: started, fed, waited for.
//!
//! Where standard output is a terminal the program gets a pseudo-terminal, so that colour,
//! size, raw mode and job control are as ever; elsewhere it gets pipes and stays in our
//! process group. Knows bytes and processes, not what a [`Filter`] does to the bytes.

mod family;
mod keyboard;
mod lead;
mod pipes;
mod relay;
mod terminal;
mod user;
mod wait;

use std::ffi::OsString;
use std::io::{self, Stderr, Stdout};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags};
use rustix::process::WaitStatus;
use rustix::termios::isatty;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::child::Command;
use super::error::InjectError;
use super::mask::Filter;
use super::signals::Signals;
use family::LeftBehind;
pub(crate) use lead::lead;

/// How this program starts itself again, to lead the session of a pseudo-terminal.
#[derive(Debug, Clone, Default)]
pub struct HelperCommand {
    /// The path of this program.
    pub program: PathBuf,
    /// The first word that makes it call `lead` with the words after it.
    pub word: OsString,
}

/// What is passed on to the program, and its end. SIGTSTP is left to stop us: whoever sends
/// it to us alone means us.
const ALWAYS: [i32; 7] = [SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// Catches the usual signals and `more`.
fn catch(more: &[i32]) -> io::Result<Signals> {
    Signals::catch(&[&ALWAYS, more].concat())
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Exited(u8),
    /// By the signal of this number.
    Signaled(i32),
}

impl Ended {
    /// What `status` says, where the program has ended.
    fn of(status: WaitStatus) -> Option<Self> {
        let exited = status.exit_status().map(|code| Self::Exited((code & 0xff) as u8));
        exited.or_else(|| status.terminating_signal().map(Self::Signaled))
    }
}

/// The programs that go on after the one that was run, and hold what it was given: children of
/// this process, which has to have none of its own any more.
pub(crate) fn left_behind() -> Vec<LeftBehind> {
    family::left_behind()
}

/// Makes a new filter for one stream of output.
pub(crate) type NewFilter<'f> = dyn Fn() -> Box<dyn Filter + 'f> + 'f;

/// Work of our own that goes on while the program runs.
pub(crate) trait SideTask {
    /// What can be read from while there is something to do.
    fn watch(&self) -> BorrowedFd<'_>;
    /// Does it, without waiting.
    fn proceed(&self);
}

impl Command {
    /// Runs the program to its end, with a filter on each stream of its output, and does what
    /// is to be done beside it.
    ///
    /// # Errors
    /// [`InjectError`] where it cannot be started, or the system fails on the way.
    pub(crate) fn supervise(
        &self,
        filter: &NewFilter<'_>,
        leader: &HelperCommand,
        beside: Option<&dyn SideTask>,
    ) -> Result<Ended, InjectError> {
        family::adopt();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let shown = Shown { stdout: &stdout, stderr: &stderr, beside };
        if isatty(stdout.as_fd())
            && let Ok(user) = user::User::find(stdout.as_fd())
        {
            return terminal::run(self, filter, leader, &shown, user);
        }
        pipes::run(self, filter, &shown)
    }
}

/// Where the output goes in the end, and what is done meanwhile.
struct Shown<'s> {
    stdout: &'s Stdout,
    stderr: &'s Stderr,
    beside: Option<&'s dyn SideTask>,
}

impl Shown<'_> {
    fn watch_beside(&self) -> Option<PollFd<'_>> {
        self.beside.map(|beside| PollFd::from_borrowed_fd(beside.watch(), PollFlags::IN))
    }
}

fn failed(command: &Command) -> impl Fn(io::Error) -> InjectError {
    let program = command.argv.first();
    move |source| {
        let program = program.map(|word| word.to_string_lossy().into_owned());
        InjectError::Supervise { program: program.unwrap_or_default(), source }
    }
}
