//! The terminal: taken over, and given back whatever happens.
//!
//! Given back on leaving, on a panic, on the signals that end a program, and while it is
//! stopped. What was shown is wiped first: some terminals keep the other screen.

use std::io::{self, Read as _, Stdout, Write as _, stdout};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};
use rustix::event::{PollFd, PollFlags, Timespec};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};

/// How long after a signal the interface may take to leave by itself.
const GRACE: Duration = Duration::from_secs(10);

/// The terminal while it is ours.
pub(crate) struct Screen {
    /// Never dropped: it would complain, and panic by that, where the terminal is gone. What it
    /// would do [`give_back`] does.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    mouse: bool,
    ended: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal over, and the mouse with it where that is wanted.
    ///
    /// # Errors
    /// It cannot be set up.
    pub(crate) fn take(mouse: bool) -> io::Result<Self> {
        let ended: Arc<AtomicUsize> = Arc::default();
        let stopped = Arc::default();
        // Woken by a write to a pipe: sandboxes of agents refuse `sendto`, by which
        // signal-hook's own iterator wakes.
        let (mut woken, wake) = io::pipe()?;
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&ended), number)?;
            low_level::pipe::register(signal, wake.try_clone()?)?;
        }
        let flag = Arc::clone(&ended);
        std::thread::spawn(move || {
            let _ = woken.read(&mut [0; 1]);
            let signal = i32::try_from(flag.load(Ordering::Relaxed)).unwrap_or(SIGTERM);
            // Whoever does not come to look at the flag is stuck; what a change has written is
            // completed by the next command.
            std::thread::sleep(GRACE);
            give_back();
            std::process::exit(128 + signal);
        });
        flag::register(SIGTSTP, Arc::clone(&stopped))?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), mouse, ended, stopped })
    }

    /// Draws; tells whether there still is a terminal to draw on.
    ///
    /// # Errors
    /// The terminal is there and fails.
    pub(crate) fn draw(&mut self, show: impl FnOnce(&mut Frame<'_>)) -> io::Result<bool> {
        match self.terminal.draw(show) {
            Ok(_) => Ok(true),
            Err(_) if !Self::is_there(Duration::ZERO) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The number of the signal that wants the program to end.
    pub(crate) fn ended(&self) -> Option<u8> {
        let number = self.ended.load(Ordering::Relaxed);
        u8::try_from(number).ok().filter(|number| *number > 0)
    }

    /// Waits for input for so long. Tells whether there still is somebody at the other end: of a
    /// terminal that is gone crossterm reads the end for ever.
    pub(crate) fn is_there(wait: Duration) -> bool {
        let input = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&input, PollFlags::IN)];
        let wait = Timespec {
            tv_sec: wait.as_secs().try_into().unwrap_or_default(),
            tv_nsec: wait.subsec_nanos().into(),
        };
        // An error is a signal that arrived: that is looked at elsewhere.
        let _ = rustix::event::poll(&mut fds, Some(&wait));
        !fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }

    /// Whether somebody wants the program to stop for a while.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.swap(false, Ordering::Relaxed)
    }

    /// Whether somebody is there who would continue us: no shell is in a session that began with
    /// us, as in a window of a terminal multiplexer.
    pub(crate) fn can_stop() -> bool {
        rustix::process::getsid(None).is_ok_and(|session| session != rustix::process::getpgrp())
    }

    /// Gives the terminal back, stops, and takes it again when the shell continues us.
    ///
    /// # Errors
    /// It cannot be set up again.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group, as a terminal would do it: whoever waits for us is to see it.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
        enter(self.mouse)?;
        // A new one draws all of it, and asks the terminal nothing.
        *self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    execute!(
        stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        cursor::Hide
    )
}

/// Twice does no harm.
fn give_back() {
    let mut out = stdout();
    let _ = execute!(out, Clear(ClearType::All), cursor::MoveTo(0, 0));
    let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::Read as _;
    use std::thread;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::Screen;

    const ITSELF: &str = "tui::terminal::tests::an_interface_that_panics";

    #[test]
    #[ignore = "started by the test below, on a terminal of its own"]
    fn an_interface_that_panics() {
        // Dropped, it would give the terminal back, but a panic that ends the process drops nothing.
        std::mem::forget(Screen::take(true).unwrap());
        panic!("it failed");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_reported() {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let modes = || pty.master.get_termios().unwrap();
        let before = modes();
        let mut command = CommandBuilder::new(env::current_exe().unwrap());
        command.args(["--exact", ITSELF, "--ignored", "--nocapture"]);
        command.env("RUST_BACKTRACE", "0");
        let mut child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let screen = thread::spawn(move || {
            let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
            // A terminal that nobody has open any more ends in an error.
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                seen.extend_from_slice(&buffer[..read]);
            }
            String::from_utf8_lossy(&seen).into_owned()
        });
        assert!(!child.wait().unwrap().success());
        assert_eq!(modes(), before);
        drop(pty.slave);
        let screen = screen.join().unwrap();
        let at =
            |words: &str| screen.find(words).unwrap_or_else(|| panic!("{words:?}: {screen:?}"));
        // Into the other screen and, with the cursor shown, out of it.
        let order = ["\x1b[?1049h", "\x1b[?25l", "\x1b[?1049l", "\x1b[?25h", "it failed"].map(at);
        assert!(order.is_sorted(), "{screen:?}");
    }
}
