//! The hidden prompt: a line or a paste that nobody sees, from the person at the terminal.
//!
//! The terminal stops showing what is typed *before* the question appears, and goes on with that
//! from one question to the next. Whatever way it ends, the terminal is as it was, and nothing of
//! what was typed is left for the shell to read.

mod typing;

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _, stdin};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use authy::{EndingSignals, SecretBytes};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::low_level;
use typing::{Controls, Typing, Wish, lines};
use zeroize::Zeroizing;

/// What follows an Enter this fast was not typed by hand.
const PAUSE: Duration = Duration::from_millis(100);
/// What a terminal hands over at once at most.
const CHUNK: usize = 4096;

/// What somebody answered.
pub(crate) struct Answer {
    /// The text; a byte too long where more came than fits.
    pub(crate) text: SecretBytes,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// It ended with Ctrl-D and not with Enter.
    pub(crate) ended: bool,
    /// Some of it came as a paste, by the terminal's word.
    pub(crate) pasted: bool,
}

impl Answer {
    /// The line that stands there twice, where that is all: somebody who types, or a program that
    /// does, answered before the second question was asked.
    pub(crate) fn twice(&self) -> Option<SecretBytes> {
        let text = self.text.expose();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let (first, second) = text.split_at(text.len() / 2);
        let is_twice = self.lines == 2 && !self.pasted && second.strip_prefix(b"\n") == Some(first);
        is_twice.then(|| SecretBytes::new(first.to_vec()))
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A line, which ends with Enter. What was typed behind it answers the next question.
    Line,
    /// A line, or several where they are pasted.
    Text,
}

/// The terminal while it hides what is typed.
pub(crate) struct Hidden {
    tty: File,
    /// What was typed behind a line.
    ahead: Zeroizing<Vec<u8>>,
    saved: Termios,
    /// Whether the terminal is asked to say where a paste begins and ends.
    brackets: bool,
    signals: EndingSignals,
}

impl Hidden {
    /// Takes the terminal over; `None` where there is none.
    pub(crate) fn begin() -> Option<Self> {
        // macOS cannot wait for `/dev/tty`, but for the terminal that it stands for.
        let stands_in = cfg!(target_os = "macos") && stdin().is_terminal();
        let path = if stands_in { "/dev/stdin" } else { "/dev/tty" };
        let tty = OpenOptions::new().read(true).write(true).open(path).ok()?;
        let saved = tcgetattr(&tty).ok()?;
        let brackets = env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        let signals = EndingSignals::catch().ok()?;
        let ahead = Zeroizing::default();
        let mut hidden = Self { tty, ahead, saved, brackets, signals };
        hidden.hide().ok()?;
        Some(hidden)
    }

    /// Asks; takes at most `most` bytes. `None`: the terminal is gone.
    pub(crate) fn ask(&mut self, question: &str, form: Form, most: usize) -> Option<Answer> {
        // A byte more, so that a text which is too long can be told.
        let mut typing = Typing::new(self.controls(), most + 1);
        self.show(question);
        loop {
            let since = Instant::now();
            let mut bytes = std::mem::take(&mut self.ahead);
            if bytes.is_empty() {
                match self.wait(typing.is_entered().then_some(PAUSE)) {
                    Waited::Paused => return Some(self.answer(typing, false)),
                    Waited::Signal(signal) => self.end(signal),
                    Waited::Input => bytes = self.read()?,
                    Waited::Gone => return None,
                }
            }
            let mut is_first = since.elapsed() >= PAUSE;
            for (at, byte) in bytes.iter().enumerate() {
                match typing.take(*byte, is_first) {
                    Wish::More if form == Form::Line && typing.is_entered() => {
                        self.ahead = Zeroizing::new(bytes[at + 1..].to_vec());
                        return Some(self.answer(typing, false));
                    }
                    Wish::More => {}
                    Wish::End => return Some(self.answer(typing, true)),
                    Wish::Interrupt => self.end(SIGINT),
                    Wish::Quit => self.end(SIGQUIT),
                    Wish::Stop => {
                        self.stop()?;
                        typing = Typing::new(self.controls(), most + 1);
                        self.show(question);
                        break;
                    }
                }
                is_first = false;
            }
            if let Some(lines) = typing.pasted().filter(|_| bytes.last() == Some(&b'~')) {
                let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
                self.show(&format!("[pasted: {lines}; Enter takes it] "));
            }
        }
    }

    /// Waits until nothing more comes: what somebody still types, or pastes line by line, is not
    /// for the shell.
    pub(crate) fn drain(&mut self) {
        while matches!(self.wait(Some(3 * PAUSE)), Waited::Input) && self.read().is_some() {}
    }

    /// Takes what is there; `None` at the end.
    fn read(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut chunk = Zeroizing::new(vec![0; CHUNK]);
        match rustix::io::read(&self.tty, &mut *chunk) {
            Ok(0) => None,
            Ok(count) => {
                chunk.truncate(count);
                Some(chunk)
            }
            Err(Errno::INTR | Errno::AGAIN) => Some(Zeroizing::default()),
            Err(_) => None,
        }
    }

    fn answer(&mut self, typing: Typing, ended: bool) -> Answer {
        let pasted = typing.is_paste();
        let mut text = typing.finish();
        self.show("\n");
        let lines = lines(&text);
        Answer { text: SecretBytes::new(std::mem::take(&mut *text)), lines, ended, pasted }
    }

    /// Waits for input, a signal, or for so long.
    fn wait(&self, pause: Option<Duration>) -> Waited {
        let limit = pause.map(|pause| Timespec {
            tv_sec: pause.as_secs().try_into().unwrap_or_default(),
            tv_nsec: pause.subsec_nanos().into(),
        });
        let mut ready = [
            PollFd::new(&self.tty, PollFlags::IN),
            PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN),
        ];
        let waited = poll(&mut ready, limit.as_ref());
        let input = ready[0].revents();
        match (self.signals.came(), waited) {
            (Some(signal), _) => Waited::Signal(signal),
            (None, Ok(0)) => Waited::Paused,
            // Looked at again: nothing is lost by a read that finds nothing.
            (None, Ok(_)) if input.contains(PollFlags::IN) => Waited::Input,
            (None, _) if input.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => {
                Waited::Gone
            }
            // Another signal, such as that of a new size: the pause begins anew.
            (None, Ok(_) | Err(Errno::INTR)) => self.wait(pause),
            (None, Err(_)) => Waited::Gone,
        }
    }

    /// Lets the shell have the terminal until it continues us. What was typed is forgotten.
    fn stop(&mut self) -> Option<()> {
        self.show("\nauthy: stopped; 'fg' asks again, and nothing was stored yet\n");
        self.give_back();
        // The whole group, as a terminal would do it. Where no shell would continue us, the
        // system lets this signal pass.
        let _ = kill_current_process_group(Signal::TSTP);
        self.hide().ok()
    }

    /// Ends the program as the signal would have.
    fn end(&mut self, signal: i32) -> ! {
        self.show("\n");
        if signal == SIGINT {
            self.show("authy: interrupted; nothing was stored\n");
        }
        self.give_back();
        let _ = low_level::emulate_default_handler(signal);
        // The first process of a container does not die of it.
        std::process::exit(128 + signal);
    }

    fn hide(&mut self) -> io::Result<()> {
        let mut hidden = self.saved.clone();
        hidden.local_modes.remove(
            LocalModes::ECHO
                | LocalModes::ECHONL
                | LocalModes::ICANON
                | LocalModes::ISIG
                | LocalModes::IEXTEN,
        );
        hidden
            .input_modes
            .remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR | InputModes::IXON);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.tty, OptionalActions::Now, &hidden)?;
        if self.brackets {
            self.show("\x1b[?2004h");
        }
        Ok(())
    }

    /// Twice does no harm.
    fn give_back(&mut self) {
        if self.brackets {
            self.show("\x1b[?2004l");
        }
        // With what was typed and not taken: a shell would run it.
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, &self.saved);
    }

    fn show(&mut self, text: &str) {
        let _ = self.tty.write_all(text.as_bytes());
    }

    fn controls(&self) -> Controls {
        let code = |index| self.saved.special_codes[index];
        Controls {
            erase: code(SpecialCodeIndex::VERASE),
            kill: code(SpecialCodeIndex::VKILL),
            interrupt: code(SpecialCodeIndex::VINTR),
            quit: code(SpecialCodeIndex::VQUIT),
            stop: code(SpecialCodeIndex::VSUSP),
            end: code(SpecialCodeIndex::VEOF),
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// What waiting came to.
enum Waited {
    Input,
    Paused,
    Signal(i32),
    Gone,
}
