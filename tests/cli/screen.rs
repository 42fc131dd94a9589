//! A terminal with a program on it: wait for what it shows, type, resize, look at the end.

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::harness::Sandbox;

/// Nothing a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn at_least_one(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).unwrap_or(std::num::NonZero::<u16>::MIN)
}

/// A program on a terminal of 24 lines and 80 columns.
pub(crate) struct Screen {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: String,
    /// What the terminal shows of it.
    board: vt100::Parser,
    /// What `until` has not looked at yet.
    from: usize,
}

impl Screen {
    /// Starts `words` in the environment and the work folder of the sandbox.
    pub(crate) fn start(t: &Sandbox, words: &[&str]) -> Self {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        command.cwd(t.work());
        for (name, value) in t.vars() {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pty.master.take_writer().unwrap();
        Self {
            master: pty.master,
            child,
            keys,
            output,
            seen: String::new(),
            board: vt100::Parser::new(at_least_one(24), at_least_one(80), 0),
            from: 0,
        }
    }

    /// Starts a script of `sh`.
    pub(crate) fn sh(t: &Sandbox, script: &str) -> Self {
        Self::start(t, &["sh", "-c", script])
    }

    /// Waits until the screen shows `text` after what was waited for before.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.from..].find(text) {
                self.from += at + text.len();
                return self;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("'{text}' did not come:\n{}", self.seen),
            }
        }
    }

    /// As [`Screen::until`], for the first of two texts.
    #[track_caller]
    pub(crate) fn until_one_of(&mut self, texts: [&str; 2]) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = |text: &&str| Some(self.seen[self.from..].find(*text)? + text.len());
            if let Some(at) = texts.iter().filter_map(found).min() {
                self.from += at;
                return self;
            }
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("none of {texts:?} came:\n{}", self.seen),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.seen.push_str(&String::from_utf8_lossy(bytes));
        self.board.process(bytes);
    }

    /// Waits until the terminal shows `text`, wherever.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        self.awaits(&format!("'{text}'"), |board| board.contains(text))
    }

    /// Waits until the terminal shows no `text`.
    #[track_caller]
    pub(crate) fn hides(&mut self, text: &str) -> &mut Self {
        self.awaits(&format!("no '{text}'"), |board| !board.contains(text))
    }

    #[track_caller]
    fn awaits(&mut self, what: &str, is_there: impl Fn(&str) -> bool) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        while !is_there(&self.board.screen().contents()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!(
                    "{what} did not come:\n{}\n{:?}",
                    self.board.screen().contents(),
                    self.seen.get(self.seen.len().saturating_sub(1500)..)
                ),
            }
        }
        self
    }

    /// Waits until the terminal hands every key on as it is typed.
    #[track_caller]
    pub(crate) fn raw(&mut self) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        let signals = rustix::termios::LocalModes::ISIG.bits();
        while self.master.get_termios().is_none_or(|now| now.local_flags.bits() & signals != 0) {
            assert!(Instant::now() < end, "the terminal does not become raw:\n{}", self.seen);
            std::thread::yield_now();
        }
        self
    }

    /// What the terminal shows now.
    pub(crate) fn contents(&self) -> String {
        self.board.screen().contents()
    }

    /// All that was written to the terminal.
    pub(crate) fn written(&self) -> &str {
        &self.seen
    }

    /// The process on the terminal.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// As [`Screen::end`]; gives the exit code and what the terminal shows at last.
    #[track_caller]
    pub(crate) fn last(mut self) -> (u32, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.contents()),
            }
        }
        let status = self.child.wait().unwrap();
        (status.exit_code(), self.contents())
    }

    /// As [`Screen::until`]; returns what was shown up to there.
    #[track_caller]
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let from = self.from;
        self.until(text);
        self.seen[from..self.from].to_owned()
    }

    /// Types, `\r` for the return key.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    pub(crate) fn resize(&mut self, rows: u16, cols: u16) -> &mut Self {
        self.board.screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        self
    }

    /// Waits until nobody writes any more; gives the exit code and all that was shown.
    #[track_caller]
    pub(crate) fn end(mut self) -> (u32, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.seen),
            }
        }
        let status = self.child.wait().unwrap();
        (status.exit_code(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
