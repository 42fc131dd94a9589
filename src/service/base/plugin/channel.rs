//! A plugin's process: talked to over pipes, never waited for without end, ended when it is let go.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::keyring;
use crate::secret::WITHHELD;
use crate::wait::wait;

/// What a pipe takes at once when it says that it takes something (POSIX: at least 512 bytes; 4096
/// on Linux).
const AT_ONCE: usize = 512;
/// How long a plugin may take to end once it is let go.
const GOODBYE: Duration = Duration::from_secs(1);
/// Variables that make plugins and age show what nobody is to see: file keys.
const TELLTALES: [&str; 1] = ["AGEDEBUG"];

/// A plugin that runs.
pub(super) struct Channel {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    patience: Duration,
}

impl Channel {
    /// Starts a plugin's program for one of the protocol's state machines, `identity-v1` or
    /// `recipient-v1`. It gets nothing of authy's, and no key that `unlock` keeps.
    pub(super) fn start(program: &Path, machine: &str, patience: Duration) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(format!("--age-plugin={machine}")).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        for variable in WITHHELD.iter().chain(&TELLTALES) {
            command.env_remove(variable);
        }
        let mut child = keyring::apart(move || command.spawn()).map_err(io::Error::other)??;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| io::Error::other("no output"))?;
        Ok(Self { child, input, output, patience })
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        wait(&self.output, PollFlags::IN, Instant::now() + self.patience)?;
        self.output.read(into)
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        wait(&*input, PollFlags::OUT, Instant::now() + self.patience)?;
        input.write(&bytes[..bytes.len().min(AT_ONCE)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // The end of its input tells it to go; the end of its output, that it went.
        drop(self.input.take());
        let end = Instant::now() + GOODBYE.min(self.patience);
        let mut rest = [0; 512];
        while wait(&self.output, PollFlags::IN, end).is_ok() {
            match self.output.read(&mut rest) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        // One that went is not hurt by it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
