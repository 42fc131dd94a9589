//! Signals that end a program, while it asks somebody something on a terminal that has to be given
//! back first.
//!
//! A handler cannot be taken away again, so it stays, and ends the program by itself wherever
//! nobody holds it: while a question is open, an editor is, or a program runs that signals are
//! passed on to.

use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

use super::signals::is_ignored;

/// How many hold the signals, and whether these end the program: nobody does.
static HOLDERS: AtomicUsize = AtomicUsize::new(0);
static BY_DEFAULT: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static CAUGHT: OnceLock<Option<Caught>> = OnceLock::new();

/// Keeps caught signals from ending the program, until it is dropped.
pub(super) struct Hold(());

impl Hold {
    pub(super) fn new() -> Self {
        HOLDERS.fetch_add(1, Ordering::SeqCst);
        by_default().store(false, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let was = HOLDERS.fetch_sub(1, Ordering::SeqCst);
        by_default().store(was == 1, Ordering::SeqCst);
    }
}

fn by_default() -> &'static Arc<AtomicBool> {
    BY_DEFAULT.get_or_init(|| Arc::new(AtomicBool::new(true)))
}

struct Caught {
    woken: PipeReader,
    last: Arc<AtomicUsize>,
}

impl Caught {
    fn new() -> io::Result<Self> {
        // Woken by a write to a pipe: sandboxes of agents refuse `sendto`, by which
        // signal-hook's own iterator wakes.
        let (woken, wake) = io::pipe()?;
        let last = Arc::new(AtomicUsize::new(0));
        // What our parent chose to ignore (nohup) stays ignored.
        let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
        for signal in signals.into_iter().filter(|signal| !is_ignored(*signal)) {
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_conditional_default(signal, Arc::clone(by_default()))?;
            flag::register_usize(signal, Arc::clone(&last), number)?;
            low_level::pipe::register(signal, wake.try_clone()?)?;
        }
        Ok(Self { woken, last })
    }
}

/// Signals that would end the program, as something to wait for while a question is open.
pub struct EndingSignals {
    caught: &'static Caught,
    _hold: Hold,
}

impl EndingSignals {
    /// Catches them until this is dropped; from then on they end the program as ever.
    ///
    /// # Errors
    /// The system has no more descriptors.
    pub fn catch() -> io::Result<Self> {
        let hold = Hold::new();
        let caught = CAUGHT.get_or_init(|| Caught::new().ok()).as_ref();
        let caught = caught.ok_or_else(|| io::Error::other("no signals can be caught"))?;
        caught.last.store(0, Ordering::SeqCst);
        Ok(Self { caught, _hold: hold })
    }

    /// The number of the last one that came, if one did.
    pub fn came(&self) -> Option<i32> {
        let last = self.caught.last.load(Ordering::SeqCst);
        let signal = i32::try_from(last).ok().filter(|number| *number > 0)?;
        let _ = (&self.caught.woken).read(&mut [0; 8]);
        Some(signal)
    }
}

impl AsFd for EndingSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.caught.woken.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{EndingSignals, Hold, by_default};

    #[test]
    fn they_end_the_program_where_nobody_holds_them() {
        let question = EndingSignals::catch().unwrap();
        assert_eq!(question.came(), None);
        let other = Hold::new();
        drop(question);
        assert!(!by_default().load(Ordering::SeqCst));
        drop(other);
    }
}
