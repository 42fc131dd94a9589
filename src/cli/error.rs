//! What can end a command early, and the one place that presents it.
//!
//! A person gets `error:` and `hint:` lines, a program one JSON line; both get the exit
//! code of the error's kind. Words that clap refuses are presented the same way.

use std::error::Error as _;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use authy::{Kind, NameError, printable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::Serialize;

use super::ui::Ui;

/// What ended a command early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library refused.
    #[error(transparent)]
    Core(#[from] authy::Error),
    /// A variable that should hold a scope does not.
    #[error("AUTHY_SCOPE: {0}")]
    Confined(NameError),
    /// Nothing says where the vault is.
    #[error("HOME is not set")]
    NoHome,
    /// The command is about a project file and there is none.
    #[error("there is no .authy.toml here or in a folder above")]
    NoProject,
    /// A project file wants what only an allowed one gets.
    #[error("'{}' {what}, and it is not allowed to", shown(.path))]
    NotAllowed { path: PathBuf, what: &'static str },
    /// The user said no.
    #[error("'{}' is not allowed: the answer was no", shown(.0))]
    Declined(PathBuf),
    /// A question could not be asked.
    #[error("there is nobody to ask for {0}")]
    NobodyToAsk(String),
    /// A value stood among the words. It is not repeated here.
    #[error("a value cannot be given as an argument: process lists and shell histories show it")]
    ValueInWords,
    /// The new value has no bytes.
    #[error("the value is empty")]
    EmptyValue,
    /// The file of a new value cannot be read.
    #[error("cannot read '{}': {source}", shown(.path))]
    ValueFile { path: PathBuf, source: io::Error },
    /// A value could not be put on the clipboard.
    #[error("cannot reach a clipboard: {0}")]
    Clipboard(#[source] io::Error),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// The data has no JSON form.
    #[error("cannot write JSON: {0}")]
    Json(#[source] serde_json::Error),
}

impl Failure {
    fn kind(&self) -> Kind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Confined(error) => error.kind(),
            Self::NoHome | Self::NobodyToAsk(_) => Kind::Usage,
            Self::NoProject | Self::ValueInWords | Self::EmptyValue => Kind::Usage,
            Self::NotAllowed { .. } => Kind::Denied,
            Self::Declined(_) | Self::ValueFile { .. } | Self::Clipboard(_) => Kind::Failure,
            Self::Input(_) | Self::Output(_) | Self::Json(_) => Kind::Failure,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Core(error) => error.exit_code(),
            other => other.kind().exit_code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Core(error) => return error.hint(),
            Self::NoHome => "name the vault with --vault",
            Self::NoProject => "make one with '[authy]' and 'scope = \"NAME\"' in it",
            Self::NotAllowed { .. } => {
                "'authy project-info' shows what it does; 'authy allow' allows it"
            }
            Self::NobodyToAsk(_) => "run it on a terminal without --no-input, or see --help",
            Self::ValueInWords => "pipe it in, give --file FILE, or leave it out to be asked",
            Self::Clipboard(_) => {
                "install wl-clipboard, xclip or xsel, or run it on a terminal that takes OSC 52"
            }
            Self::EmptyValue => "check what was piped in; --raw stores an empty value",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Presents a failure and returns its exit code.
pub(crate) fn present(ui: Ui, failure: &Failure) -> ExitCode {
    let (kind, message) = (failure.kind(), failure.to_string());
    say(ui, &Report::new(kind.code(), &message, failure.hint(), failure.exit_code()))
}

/// Presents what clap says about the words; help and version are no errors.
pub(crate) fn present_usage(error: &clap::Error, words: &[OsString]) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that closes the pipe has seen enough.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let shows_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if shows_help && !json {
        let _ = error.print();
        return ExitCode::from(Kind::Usage.exit_code());
    }
    let name = error.source().and_then(|source| source.downcast_ref::<NameError>());
    let (message, hint) = match (name, error.kind()) {
        // The rule that the name breaks says it all.
        (Some(name), _) => (name.to_string(), None),
        (None, ErrorKind::MissingSubcommand) => missing_command(),
        (None, _) if shows_help => missing_command(),
        (None, _) => {
            let (message, tip) = message_and_tip(&error.render().to_string());
            (message, meant(error).or(tip))
        }
    };
    let code = Kind::Usage.exit_code();
    say(Ui::unparsed(json), &Report::new(Kind::Usage.code(), &message, hint, code))
}

/// What other tools call a command, and how it is called here.
const HABITS: [(&str, &str); 13] = [
    ("add", "store"),
    ("set", "store"),
    ("put", "store"),
    ("new", "store"),
    ("create", "store"),
    ("delete", "remove"),
    ("del", "remove"),
    ("cat", "get"),
    ("read", "get"),
    ("exec", "run"),
    ("generate", "store NAME --generate"),
    ("log", "audit show"),
    ("move", "rename"),
];

/// The hint for a word that is a command elsewhere.
fn meant(error: &clap::Error) -> Option<String> {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word,
        _ => return None,
    };
    // Only where the word stands for a command of the first row.
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    if usage.contains("authy policy") || usage.contains("authy session") {
        return None;
    }
    let (_, here) = HABITS.iter().find(|(habit, _)| habit == word)?;
    Some(format!("that is 'authy {here}' here"))
}

fn missing_command() -> (String, Option<String>) {
    ("a command is missing".to_owned(), Some(HELP.to_owned()))
}

/// Takes the first paragraph of what clap says as the message, and its tip as the hint.
fn message_and_tip(text: &str) -> (String, Option<String>) {
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let message = words.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let mut tips = text.lines().filter_map(|line| line.trim_start().strip_prefix("tip: "));
    // A mistyped flag is seldom meant as a value.
    let tip = tips.find(|tip| !tip.starts_with("to pass ")).unwrap_or(HELP);
    (message, Some(tip.to_owned()))
}

const HELP: &str = "--help shows what can be given";

#[derive(Serialize)]
struct Envelope<'r> {
    error: &'r Report,
}

/// An error as a program sees it; the order of the fields is the order on the line.
#[derive(Serialize)]
struct Report {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    exit_code: u8,
}

impl Report {
    fn new(code: &'static str, message: &str, hint: Option<String>, exit_code: u8) -> Self {
        let hint = hint.map(|hint| printable(&hint));
        Self { code, message: printable(message), hint, exit_code }
    }
}

fn say(ui: Ui, report: &Report) -> ExitCode {
    if ui.wants_json() {
        ui.error_json(&Envelope { error: report });
    } else {
        ui.error(&report.message, report.hint.as_deref());
    }
    ExitCode::from(report.exit_code)
}

fn shown(path: &std::path::Path) -> String {
    printable(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use authy::Kind;
    use clap::Parser as _;

    use super::{Envelope, Failure, Report, message_and_tip};

    #[test]
    fn an_error_is_one_json_line_in_the_documented_order() {
        let report = Report::new(Kind::Denied.code(), "no\u{1b}[31m", Some("do".to_owned()), 4);
        let line = serde_json::to_string(&Envelope { error: &report }).unwrap();
        let expected = r#"{"error":{"code":"access_denied","message":"no\\u{1b}[31m","hint":"do","exit_code":4}}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn what_clap_says_fits_into_one_line() {
        let said = |words: &[&str]| {
            let error = crate::cli::Cli::try_parse_from(words).unwrap_err();
            message_and_tip(&error.render().to_string())
        };
        let (message, tip) = said(&["authy", "lst"]);
        assert_eq!(message, "unrecognized subcommand 'lst'");
        assert!(tip.is_some_and(|tip| tip.contains("list")));
        let (message, _) = said(&["authy", "get"]);
        assert_eq!(message, "the following required arguments were not provided: <NAME>");
    }

    #[test]
    fn refused_values_are_not_repeated() {
        assert!(!Failure::ValueInWords.to_string().contains("hunter2"));
        assert_eq!(Failure::ValueInWords.exit_code(), 2);
        assert_eq!(Failure::NoProject.exit_code(), 2);
    }
}
