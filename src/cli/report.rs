//! The one place that presents what ended a command early.
//!
//! A person gets `error:` and `hint:` lines, a program one JSON line; both get the exit
//! code of the error's kind. Words that clap refuses are presented the same way.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use authy::{Kind, NameError, printable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::Serialize;

use super::error::Failure;
use super::ui::Ui;
use super::{help, meant};

/// Presents a failure and returns its exit code.
pub(crate) fn present(ui: Ui, failure: &Failure) -> ExitCode {
    present_to(ui, failure, false)
}

/// As [`present`]; to a person it is said too what only a person is to do.
pub(crate) fn present_to(ui: Ui, failure: &Failure, is_person: bool) -> ExitCode {
    let (kind, message) = (failure.kind(), failure.to_string());
    let besides = failure.hint_to_person().filter(|_| is_person);
    let hint = match (failure.hint(), besides) {
        (Some(hint), Some(besides)) => Some(format!("{hint}; or {besides}")),
        (hint, besides) => hint.or(besides.map(str::to_owned)),
    };
    say(ui, &Report::new(kind.code(), &message, hint, failure.exit_code()))
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
        (Some(name), _) => (name.to_string(), name.hint()),
        (None, ErrorKind::MissingSubcommand) => missing_command(),
        (None, _) if shows_help => missing_command(),
        (None, _) => {
            let (message, tip) = message_and_tip(&error.render().to_string());
            (message, meant(error, words).or(tip))
        }
    };
    let code = Kind::Usage.exit_code();
    say(Ui::unparsed(json), &Report::new(Kind::Usage.code(), &message, hint, code))
}

/// The hint for a word that is no command.
fn meant(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word,
        _ => return None,
    };
    let tree = help::tree();
    let mut group = Vec::new();
    let mut at = &tree;
    let before = words.iter().skip(1).take_while(|given| *given != word.as_str());
    for given in before.filter_map(|given| given.to_str()) {
        if let Some(below) = at.find_subcommand(given) {
            (at, _) = (below, group.push(below.get_name()));
        }
    }
    meant::hint(&tree, &group, word).or_else(|| Some(HELP.to_owned()))
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

#[cfg(test)]
mod tests {
    use authy::Kind;

    use super::{Envelope, Report, message_and_tip};

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
            let error = super::help::tree().try_get_matches_from(words).unwrap_err();
            message_and_tip(&error.render().to_string())
        };
        let (message, _) = said(&["authy", "lst"]);
        assert_eq!(message, "unrecognized subcommand 'lst'");
        let (message, _) = said(&["authy", "get"]);
        assert_eq!(message, "the following required arguments were not provided: <NAME>");
    }
}
