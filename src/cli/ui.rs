//! The one place that writes.
//!
//! Standard output carries data and nothing else, so that it can be piped and parsed.
//! Everything for a person goes to standard error: notes begin with `authy:` (`-q` silences
//! them), errors with `error:` and, where something can be done, a `hint:` line follows.
//! With `--json` the error is one JSON line, the last one there. Colour follows `--color`
//! and NO_COLOR. A reader that closes the pipe has what it wanted: no failure.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use time::OffsetDateTime;

use super::error::Failure;
use super::table::Table;
use super::{Global, When};

/// Where output goes, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
}

impl Ui {
    /// Takes the global flags; sets the colour of this process.
    pub(super) fn new(global: &Global) -> Self {
        match global.color {
            When::Auto => {}
            When::Always => ColorChoice::Always.write_global(),
            When::Never => ColorChoice::Never.write_global(),
        }
        Self { json: global.json, quiet: global.quiet }
    }

    /// Returns the form for a command line that could not be parsed.
    pub(crate) const fn unparsed(json: bool) -> Self {
        Self { json, quiet: false }
    }

    /// Tells whether `--json` was given.
    pub(crate) const fn wants_json(self) -> bool {
        self.json
    }

    /// Tells whether `-q` was given.
    pub(crate) const fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Tells whether a person reads what goes to standard output.
    pub(crate) fn is_for_eyes(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// Tells whether what is drawn for a person has colour.
    pub(crate) fn has_colour(self) -> bool {
        anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never
    }

    /// Writes commands for a runner of GitHub Actions, which reads them from standard error too and
    /// shows none of them. On a terminal nobody reads them but a person, who is not to.
    pub(crate) fn for_runner(self, commands: &[u8]) {
        let mut errors = io::stderr().lock();
        if !errors.is_terminal() {
            // Who does not listen does not mask.
            let _ = errors.write_all(commands);
        }
    }

    /// Writes data, byte for byte.
    ///
    /// # Errors
    /// [`Failure::Output`], but not for a closed pipe.
    pub(crate) fn data(self, bytes: &[u8]) -> Result<(), Failure> {
        self.is_read(bytes).map(drop)
    }

    /// As [`Ui::data`]; tells whether anybody still reads.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub(crate) fn is_read(self, bytes: &[u8]) -> Result<bool, Failure> {
        // Past the buffer of `io::stdout`, which would keep a copy of a value.
        let written = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        match written.and_then(|mut out| out.write_all(bytes)) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true).map_err(Failure::Output),
        }
    }

    /// Writes a value byte for byte; on a terminal a final newline is seen to.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub(crate) fn value(self, bytes: &[u8]) -> Result<(), Failure> {
        self.data(bytes)?;
        if io::stdout().is_terminal() && !bytes.ends_with(b"\n") {
            self.data(b"\n")?;
        }
        Ok(())
    }

    /// Writes data as JSON.
    ///
    /// # Errors
    /// As [`Ui::data`]; [`Failure::Json`] for data without a JSON form.
    pub(crate) fn json(self, data: &impl Serialize) -> Result<(), Failure> {
        let mut text = zeroize::Zeroizing::new(Vec::with_capacity(JSON_ROOM));
        serde_json::to_writer_pretty(&mut *text, data).map_err(Failure::Json)?;
        text.push(b'\n');
        self.data(&text)
    }

    /// Writes a table: for a person's eyes on a terminal, whole into a pipe.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub(crate) fn table(self, table: &Table) -> Result<(), Failure> {
        self.data(self.rendered(table).as_bytes())
    }

    /// Returns a table as [`Ui::table`] writes it.
    #[allow(clippy::unused_self, reason = "what is written is rendered here")]
    pub(crate) fn rendered(self, table: &Table) -> String {
        match io::stdout().is_terminal() {
            true => table.render_for_eyes(OffsetDateTime::now_utc(), width()),
            false => table.render(),
        }
    }

    /// Tells a person something; not with `-q`.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            tell(&format!("authy: {text}"));
        }
    }

    /// Shows a person what a question is about.
    pub(crate) fn show(self, text: &str) {
        tell(text);
    }

    /// Says what went wrong, and what to do next.
    pub(crate) fn error(self, message: &str, hint: Option<&str>) {
        let lead = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
        let red = lead(AnsiColor::Red);
        tell(&format!("{red}error:{red:#} {message}"));
        if let Some(hint) = hint {
            let cyan = lead(AnsiColor::Cyan);
            tell(&format!("{cyan}hint:{cyan:#} {hint}"));
        }
    }

    /// Says what went wrong to a program.
    pub(crate) fn error_json(self, error: &impl Serialize) {
        tell(&serde_json::to_string(error).unwrap_or_default());
    }
}

/// Room for what is mostly written, as a buffer that grows leaves copies behind.
const JSON_ROOM: usize = 64 << 10;

/// How wide the terminal is, in columns; 80 where it does not say.
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0).unwrap_or(80)
}

/// Writes a line to standard error. Where that fails nobody is left to tell.
fn tell(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
