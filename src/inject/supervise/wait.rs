//! Waiting for the first of several things to happen.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;

/// How long bytes that could become a value are held back on a silent terminal.
pub(super) const MOMENT: Duration = Duration::from_millis(30);
/// How long the output of a program that ended may be silent: what it left running may
/// still have a word to say.
pub(super) const QUIET: Duration = Duration::from_millis(100);

/// What happened.
pub(super) enum Woken<E> {
    /// These; perhaps none, where a signal came between.
    By(Vec<E>),
    /// Nothing, for the time given.
    Silence,
}

/// Waits for the first of `watched`, or until `timeout`.
///
/// # Errors
/// Where the system cannot wait.
pub(super) fn wait<'w, E>(
    watched: impl IntoIterator<Item = (E, Option<PollFd<'w>>)>,
    timeout: Option<Duration>,
) -> io::Result<Woken<E>> {
    let watched = watched.into_iter().filter_map(|(event, fd)| Some((event, fd?)));
    let (events, mut fds): (Vec<E>, Vec<PollFd<'_>>) = watched.unzip();
    let timeout = timeout.map(|time| Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) => Ok(Woken::Silence),
        Ok(_) => {
            let all = events.into_iter().zip(fds);
            Ok(Woken::By(all.filter(|(_, fd)| !fd.revents().is_empty()).map(|(e, _)| e).collect()))
        }
        Err(Errno::INTR) => Ok(Woken::By(Vec::new())),
        Err(error) => Err(error.into()),
    }
}
