//! Signals as something to wait for, beside the streams.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What is passed on to the program, and its end. SIGTSTP is left to stop us: whoever sends
/// it to us alone means us.
const ALWAYS: [i32; 7] = [SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// Signals that wait to be heeded.
pub(super) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Catches the usual ones and `more`. What our parent chose to ignore (nohup) stays
    /// ignored, for us and for the program, which inherits that.
    ///
    /// # Errors
    /// Where the system has no more descriptors.
    pub(super) fn catch(more: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let ignored = ignored();
        // Ignored, the end of a program would go unseen.
        let is_caught = |signal: &&i32| **signal == SIGCHLD || ignored & mask(**signal) == 0;
        let caught = ALWAYS.iter().chain(more).filter(is_caught);
        SignalDelivery::with_pipe(read, write, SignalOnly, caught).map(Self)
    }

    /// Takes the signals that came.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        self.0.pending().filter_map(Signal::from_named_raw).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}

/// The signals ignored by this process, as a mask (`SigIgn`, proc_pid_status(5)); elsewhere
/// than on Linux none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn mask(signal: i32) -> u64 {
    1 << (signal - 1)
}
