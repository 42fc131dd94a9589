//! One stream of output: read from the program, filtered, written to where it belongs.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, open};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::termios::isatty;
use zeroize::Zeroizing;

use super::super::mask::Filter;

const CHUNK: usize = 64 * 1024;
/// What a pipe that is ready takes without making us wait (`PIPE_BUF`, pipe(7)).
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
/// What a moment's silence shows, through a pipe, of what could become a value.
const SILENT_SHOW: usize = 4;

/// A stream between the program and the user. At any moment it waits for one thing only: the
/// next bytes, or room for those it has.
pub(super) struct Relay<'f> {
    source: Option<Rc<OwnedFd>>,
    to: BorrowedFd<'f>,
    /// The same pipe, opened anew so that it never makes us wait: whoever shares `to` is to find it
    /// as it was.
    ready: Option<OwnedFd>,
    filter: Box<dyn Filter + 'f>,
    /// Filtered already.
    pending: Vec<u8>,
    written: usize,
    chunk: Zeroizing<Vec<u8>>,
    /// How much is written at once.
    most: usize,
    /// How much of what could become a value a moment's silence shows.
    silent_show: usize,
    /// The filter was asked what may be shown since bytes came last.
    is_asked: bool,
    failure: Option<io::Error>,
}

impl<'f> Relay<'f> {
    /// Starts between `source`, which is made never to wait, and `to`.
    ///
    /// # Errors
    /// Where `source` cannot be changed.
    pub(super) fn new(
        source: Rc<OwnedFd>,
        to: BorrowedFd<'f>,
        filter: Box<dyn Filter + 'f>,
    ) -> io::Result<Self> {
        fcntl_setfl(&source, fcntl_getfl(&source)? | OFlags::NONBLOCK)?;
        let kind = fstat(to).ok().map(|stat| FileType::from_raw_mode(stat.st_mode));
        let is_file = kind.is_some_and(FileType::is_file);
        let ready = kind.filter(|kind| kind.is_fifo()).and_then(|_| opened_anew(to));
        let silent_show = match kind {
            // Nobody waits for it.
            Some(kind) if kind.is_file() => 0,
            // Whoever types is to see it.
            _ if isatty(to) => usize::MAX,
            _ => SILENT_SHOW,
        };
        Ok(Self {
            source: Some(source),
            to,
            ready,
            filter,
            pending: Vec::new(),
            written: 0,
            chunk: Zeroizing::new(vec![0; CHUNK]),
            most: if is_file { CHUNK } else { PIPE_BUF },
            silent_show,
            is_asked: true,
            failure: None,
        })
    }

    /// Tells what to wait for: nothing once the stream has ended.
    pub(super) fn watch(&self) -> Option<PollFd<'_>> {
        if self.is_pending() {
            Some(PollFd::from_borrowed_fd(self.sink(), PollFlags::OUT))
        } else {
            self.source.as_deref().map(|source| PollFd::new(source, PollFlags::IN))
        }
    }

    /// Tells whether bytes wait to be written.
    pub(super) fn is_pending(&self) -> bool {
        self.written < self.pending.len()
    }

    /// Tells whether more may come.
    pub(super) fn is_open(&self) -> bool {
        self.source.is_some()
    }

    /// Does what was waited for.
    pub(super) fn proceed(&mut self) {
        if self.is_pending() {
            self.write();
            return;
        }
        self.read();
        // Where writing never waits, asking first costs more than trying.
        if self.is_pending() && self.ready.is_some() {
            self.write();
        }
    }

    /// Tells whether the filter holds bytes that a moment's silence may show.
    pub(super) fn is_waiting(&self) -> bool {
        self.silent_show > 0 && !self.is_asked && self.filter.holds()
    }

    /// Nothing came for a moment.
    pub(super) fn idle(&mut self) {
        if self.is_waiting() {
            self.is_asked = true;
            self.filter.idle(self.silent_show, &mut self.pending);
        }
    }

    /// Lets go of the program's end; what is held is still to be written.
    pub(super) fn close(&mut self) {
        if self.source.take().is_some() {
            self.filter.finish(&mut self.pending);
        }
    }

    /// Gives what kept the output from being written, except that nobody reads it.
    ///
    /// # Errors
    /// That.
    pub(super) fn result(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    fn read(&mut self) {
        let Some(source) = self.source.as_deref() else { return };
        match retry_on_intr(|| read(source, &mut self.chunk[..])) {
            Ok(count) if count > 0 => {
                self.is_asked = false;
                self.filter.push(&self.chunk[..count], &mut self.pending);
            }
            Err(Errno::AGAIN) => {}
            // The other end is closed; on a pseudo-terminal that is an error (EIO).
            _ => self.close(),
        }
    }

    fn sink(&self) -> BorrowedFd<'_> {
        self.ready.as_ref().map_or(self.to, |ready| ready.as_fd())
    }

    fn write(&mut self) {
        let rest = &self.pending[self.written..];
        let most = if self.ready.is_some() { rest.len() } else { rest.len().min(self.most) };
        match write(self.sink(), &rest[..most]) {
            Ok(count) => {
                self.written += count;
                if !self.is_pending() {
                    self.pending.clear();
                    self.written = 0;
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => {
                // Closed, the program learns of it by SIGPIPE or SIGHUP.
                self.source = None;
                self.pending.clear();
                self.written = 0;
                if !matches!(error, Errno::PIPE | Errno::IO) {
                    self.failure = Some(error.into());
                }
            }
        }
    }
}

/// The pipe behind `fd`, for writing, in a description of its own (proc_pid_fd(5)).
fn opened_anew(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    open(path, flags, Mode::empty()).ok()
}
