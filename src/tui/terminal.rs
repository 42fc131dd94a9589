//! The terminal: taken over, and given back whatever happens.
//!
//! Given back on leaving, on a panic, on the signals that end a program, and while it is
//! stopped. What was shown is wiped first: some terminals keep the other screen.

use std::io::{self, Stdout, Write as _, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

/// The terminal while it is ours.
pub(crate) struct Screen {
    pub(crate) terminal: Terminal<CrosstermBackend<Stdout>>,
    ended: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// It cannot be set up.
    pub(crate) fn take() -> io::Result<Self> {
        let (ended, stopped) = (Arc::default(), Arc::default());
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&ended), number)?;
        }
        signal_hook::flag::register(SIGTSTP, Arc::clone(&stopped))?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Self { terminal, ended, stopped })
    }

    /// The number of the signal that wants the program to end.
    pub(crate) fn ended(&self) -> Option<u8> {
        let number = self.ended.load(Ordering::Relaxed);
        u8::try_from(number).ok().filter(|number| *number > 0)
    }

    /// Whether somebody wants the program to stop for a while.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.swap(false, Ordering::Relaxed)
    }

    /// Gives the terminal back, stops, and takes it again when the shell continues us.
    ///
    /// # Errors
    /// It cannot be set up again.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group, as a terminal would do it: whoever waits for us is to see it.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
        enter()?;
        // A new one draws all of it, and asks the terminal nothing.
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
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
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
