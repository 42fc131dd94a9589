//! One stream of output: read from the program, filtered, written to where it belongs.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::{Errno, read, retry_on_intr, write};
use rustix::termios::isatty;
use zeroize::Zeroizing;

use super::super::mask::Filter;

const CHUNK: usize = 64 * 1024;
/// What a pipe that is ready takes without making us wait (`PIPE_BUF`, pipe(7)).
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// A stream between the program and the user. At any moment it waits for one thing only: the
/// next bytes, or room for those it has.
pub(super) struct Relay<'f> {
    source: Option<Rc<OwnedFd>>,
    to: BorrowedFd<'f>,
    filter: Box<dyn Filter + 'f>,
    /// Filtered already.
    pending: Vec<u8>,
    written: usize,
    chunk: Zeroizing<Vec<u8>>,
    /// How much is written at once.
    most: usize,
    is_terminal: bool,
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
        let is_file = fstat(to).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file());
        Ok(Self {
            source: Some(source),
            to,
            filter,
            pending: Vec::new(),
            written: 0,
            chunk: Zeroizing::new(vec![0; CHUNK]),
            most: if is_file { CHUNK } else { PIPE_BUF },
            is_terminal: isatty(to),
            is_asked: true,
            failure: None,
        })
    }

    /// Tells what to wait for: nothing once the stream has ended.
    pub(super) fn watch(&self) -> Option<PollFd<'_>> {
        if self.is_pending() {
            Some(PollFd::from_borrowed_fd(self.to, PollFlags::OUT))
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
        if self.is_pending() { self.write() } else { self.read() }
    }

    /// Tells whether the filter holds bytes that a moment's silence may show.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_terminal && !self.is_asked && self.filter.holds()
    }

    /// Nothing came for a moment.
    pub(super) fn idle(&mut self) {
        if self.is_waiting() {
            self.is_asked = true;
            self.filter.idle(&mut self.pending);
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

    fn write(&mut self) {
        let rest = &self.pending[self.written..];
        match write(self.to, &rest[..rest.len().min(self.most)]) {
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
