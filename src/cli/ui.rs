//! All output of the command line.
//!
//! Standard output carries data and nothing else, so that it can be piped. Everything meant
//! for a person goes to standard error: notes begin with `authy:`, errors with `error:`, and
//! a `hint:` line says what to do next. A reader that closes the pipe ends us quietly.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::error::Failure;
use super::{Global, When};

/// Where output goes, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
}

impl Ui {
    /// Takes the global flags.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            When::Auto => {}
            When::Always => ColorChoice::Always.write_global(),
            When::Never => ColorChoice::Never.write_global(),
        }
        Self { json: global.json, quiet: global.quiet }
    }

    /// Whether `--json` was given.
    pub(crate) fn json(self) -> bool {
        self.json
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes data as it is.
    pub(crate) fn data(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written.map_err(Failure::Output)?),
        }
    }

    /// Writes a line of data.
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        self.data(format!("{text}\n").as_bytes())
    }

    /// Writes a value as pretty JSON.
    pub(crate) fn value(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(Failure::Json)?;
        self.line(&text)
    }

    /// Tells a person what was done; not with `-q`.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            tell(&format!("authy: {text}"));
        }
    }

    /// Says what went wrong and what to do next.
    pub(crate) fn error(self, message: &str, hint: Option<&str>) {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        tell(&format!("{red}error:{red:#} {message}"));
        if let Some(hint) = hint {
            let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
            tell(&format!("{cyan}hint:{cyan:#} {hint}"));
        }
    }
}

/// Writes a line to standard error; one that cannot be written is lost, as there is nobody
/// left to tell.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
