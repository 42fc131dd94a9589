//! Presenting errors: one line, a hint, an exit code; or the same as JSON.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use authy::{Kind, printable};
use clap::error::ErrorKind;

use super::ui::{Ui, tell};

/// What can end a command early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library refused.
    #[error(transparent)]
    Core(#[from] authy::Error),
    /// The words make no sense together, or a file of the user's cannot be used.
    #[error("{message}")]
    Words {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
        /// Its kind.
        kind: Kind,
    },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// The output has no JSON form.
    #[error("cannot write JSON: {0}")]
    Json(serde_json::Error),
}

impl Failure {
    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), Some(hint.into()));
        Self::Words { message, hint, kind: Kind::Usage }
    }

    /// Something that needs the user's consent first.
    pub(crate) fn denied(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), Some(hint.into()));
        Self::Words { message, hint, kind: Kind::Denied }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Words { kind, .. } => *kind,
            Self::Input(_) | Self::Output(_) | Self::Json(_) => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Core(error) => error.hint(),
            Self::Words { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Core(error) => error.exit_code(),
            other => other.kind().exit_code(),
        }
    }
}

impl From<authy::NameError> for Failure {
    fn from(error: authy::NameError) -> Self {
        Self::Words { message: error.to_string(), hint: None, kind: error.kind() }
    }
}

/// Prints the error; returns its exit code.
pub(crate) fn present(ui: Ui, error: &Failure) -> ExitCode {
    let code = error.exit_code();
    let message = error.to_string();
    if ui.json() {
        tell(&json(error.kind(), &message, (error.hint(), code)));
    } else {
        ui.error(&message, error.hint().as_deref());
    }
    ExitCode::from(code)
}

/// Prints what clap says about the words; help and version are no errors.
pub(crate) fn usage(error: &clap::Error, words: &[OsString]) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let code = Kind::Usage.exit_code();
    let before_command = words.iter().take_while(|word| *word != "--");
    if before_command.into_iter().any(|word| word == "--json") {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first);
        tell(&json(Kind::Usage, message, (None, code)));
    } else {
        let _ = error.print();
    }
    ExitCode::from(code)
}

fn json(kind: Kind, message: &str, (hint, code): (Option<String>, u8)) -> String {
    let mut error = serde_json::json!({
        "code": kind.code(),
        "message": printable(message),
        "exit_code": code,
    });
    if let Some(hint) = hint {
        error["hint"] = hint.into();
    }
    serde_json::json!({ "error": error }).to_string()
}
