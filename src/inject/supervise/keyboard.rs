//! What the user types, on its way to the program.

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, read, retry_on_intr, write};
use zeroize::Zeroizing;

/// Keys between the terminal and the pseudo-terminal. They may be a password.
pub(super) struct Keyboard {
    typed: Zeroizing<Vec<u8>>,
    from: usize,
    to: usize,
}

impl Keyboard {
    pub(super) fn new() -> Self {
        Self { typed: Zeroizing::new(vec![0; 4096]), from: 0, to: 0 }
    }

    /// Tells what to wait for: room in `program`, else keys of `user`, where they are read.
    pub(super) fn watch<'w>(
        &self,
        program: &'w impl AsFd,
        user: Option<&'w impl AsFd>,
    ) -> Option<PollFd<'w>> {
        if self.from < self.to {
            Some(PollFd::new(program, PollFlags::OUT))
        } else {
            user.map(|user| PollFd::new(user, PollFlags::IN))
        }
    }

    /// Does what was waited for. Tells whether both ends are still there.
    pub(super) fn proceed(&mut self, program: &impl AsFd, user: &impl AsFd) -> bool {
        if self.from < self.to {
            self.write(program)
        } else {
            match retry_on_intr(|| read(user, &mut self.typed[..])) {
                Ok(0) => false,
                Ok(count) => {
                    (self.from, self.to) = (0, count);
                    self.write(program)
                }
                Err(error) => error == Errno::AGAIN,
            }
        }
    }

    fn write(&mut self, program: &impl AsFd) -> bool {
        match write(program, &self.typed[self.from..self.to]) {
            Ok(count) => self.from += count,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return false,
        }
        true
    }
}
