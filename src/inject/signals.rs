//! Signals as something to wait for, beside streams.
//!
//! A signal raises a flag of its own and wakes by a *write to a pipe*: sandboxes of agents refuse
//! `sendto`, by which signal-hook's own iterator wakes.

use std::fs;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, read};
use rustix::process::Signal;
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::{flag, low_level};

use super::ending::Hold;

/// Signals that wait to be heeded.
pub(super) struct Signals {
    woken: PipeReader,
    caught: Vec<(Signal, Arc<AtomicBool>)>,
    actions: Vec<SigId>,
    /// A question before may have left handlers that end the program.
    _hold: Hold,
}

impl Signals {
    /// Catches these. What our parent chose to ignore (nohup) stays ignored, for us and for the
    /// programs that we start, which inherit that.
    ///
    /// # Errors
    /// Where the system has no more descriptors.
    pub(super) fn catch(signals: &[i32]) -> io::Result<Self> {
        let (woken, wake) = io::pipe()?;
        fcntl_setfl(&woken, fcntl_getfl(&woken)? | OFlags::NONBLOCK)?;
        let ignored = ignored();
        let (caught, actions) = (Vec::new(), Vec::new());
        let mut all = Self { woken, caught, actions, _hold: Hold::new() };
        for signal in signals {
            // Ignored, the end of a program would go unseen.
            let is_caught = *signal == SIGCHLD || ignored & mask(*signal) == 0;
            if let (true, Some(named)) = (is_caught, Signal::from_named_raw(*signal)) {
                let flag = Arc::new(AtomicBool::new(false));
                // In this order: whoever is woken finds the flag raised.
                all.actions.push(flag::register(*signal, Arc::clone(&flag))?);
                all.actions.push(low_level::pipe::register(*signal, wake.try_clone()?)?);
                all.caught.push((named, flag));
            }
        }
        Ok(all)
    }

    /// Takes the signals that came, in the order in which they were to be caught.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        // Emptied before the flags are looked at: what comes later wakes again.
        while read(&self.woken, &mut [0_u8; 64]).is_ok_and(|count| count > 0) {}
        let raised = |(_, flag): &&(Signal, Arc<AtomicBool>)| flag.swap(false, Ordering::SeqCst);
        self.caught.iter().filter(raised).map(|(signal, _)| *signal).collect()
    }

    /// Waits until one comes.
    ///
    /// # Errors
    /// Where the system cannot wait.
    pub(super) fn wait(&mut self) -> io::Result<Vec<Signal>> {
        match poll(&mut [PollFd::new(&self.woken, PollFlags::IN)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(self.take()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.actions.drain(..).for_each(|action| _ = low_level::unregister(action));
    }
}

/// The signals ignored by this process, as a mask (`SigIgn`, proc_pid_status(5)); elsewhere
/// than on Linux none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Whether this process ignores a signal, as its parent wanted it.
pub(super) fn is_ignored(signal: i32) -> bool {
    ignored() & mask(signal) != 0
}

fn mask(signal: i32) -> u64 {
    1 << (signal - 1)
}

#[cfg(test)]
mod tests {
    use super::Signals;
    use rustix::process::Signal;
    use signal_hook::consts::{SIGUSR1, SIGUSR2};
    use signal_hook::low_level::raise;

    #[test]
    fn signals_are_taken_once_each() {
        let mut signals = Signals::catch(&[SIGUSR1, SIGUSR2]).unwrap();
        assert!(signals.take().is_empty());
        for signal in [SIGUSR2, SIGUSR1, SIGUSR1] {
            raise(signal).unwrap();
        }
        assert_eq!(signals.wait().unwrap(), [Signal::USR1, Signal::USR2]);
        assert!(signals.take().is_empty());
    }
}
