//! What can go wrong between opened values and a running program.
//!
//! Messages name secrets, variables and programs; never a value, a template's text or a
//! program's arguments.

use std::io;

use super::naming::is_variable;
use super::{LENGTHS, WORDS};
use crate::keyring::KeyringError;
use crate::kind::{Failure, Kind};
use crate::name::{SecretName, printable};

/// A failure to name, write, fill in or start something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InjectError {
    #[error("the prefix '{}' cannot begin a variable's name", printable(prefix))]
    Prefix { prefix: String },
    #[error("the character '{}' cannot stand in a variable's name", printable(&character.to_string()))]
    Replacement { character: char },
    #[error("secret '{secret}' would become '{variable}': a variable cannot start with a digit")]
    LeadingDigit { secret: SecretName, variable: String },
    #[error("'{}' is not a variable's name", printable(variable))]
    Variable { variable: String },
    #[error("{origin} would set '{variable}', which changes how programs load or run")]
    Refused { variable: String, origin: String },
    #[error("{first} and {second} would both become variable '{variable}'")]
    Collision { variable: String, first: String, second: String },
    #[error("{origin} has a NUL byte, which no variable can hold")]
    Nul { origin: String },

    #[error("cannot write as {format}: {}", reasons(refused))]
    Unwritable { refused: Vec<(String, &'static str)>, format: &'static str },

    #[error("{place}: {problem} at character {at}")]
    Template { place: String, at: usize, problem: &'static str },
    #[error("line {line}: {problem}")]
    FileTemplate { line: usize, problem: &'static str },
    #[error("no such secret here: {}", list(names))]
    UnknownNames { names: Vec<SecretName> },

    #[error("secret '{secret}' {problem}")]
    OneTime { secret: SecretName, problem: &'static str },

    #[error("a generated value cannot have {given} characters")]
    Length { given: usize },
    #[error("a passphrase cannot have {given} words")]
    Words { given: usize },
    #[error("the system gives no random bytes")]
    Randomness(#[from] rand::rngs::SysError),

    #[error("no program to run")]
    NoProgram,
    #[error("cannot find program '{}'", printable(program))]
    ProgramNotFound { program: String },
    #[error("cannot execute '{}'", printable(program))]
    ProgramNotExecutable { program: String, source: io::Error },
    #[error("the values are too large for the environment of '{}'", printable(program))]
    TooLarge { program: String, largest: Option<String> },

    #[error(
        "cannot start '{}' out of reach of your unlocked identity: {source}",
        printable(program)
    )]
    WithinReach { program: String, source: KeyringError },
    #[error("cannot go on running '{}'", printable(program))]
    Supervise { program: String, source: io::Error },

    #[error("cannot make the file of '{variable}' in memory: {source}")]
    NoFile { variable: String, source: io::Error },
    #[error("cannot start editor '{}'", printable(editor))]
    EditorStart { editor: String, source: io::Error },
    #[error("the editor gave up ({status}); nothing changed")]
    EditorFailed { status: std::process::ExitStatus },
    #[error("stopped by a signal while the editor was open; nothing changed")]
    EditorInterrupted,
    #[error("cannot wait for the editor")]
    EditorWait(#[source] io::Error),
}

/// What cannot be written, each with why; where several have one reason it is said once.
fn reasons(refused: &[(String, &'static str)]) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for (origin, reason) in refused {
        match by_reason.iter_mut().find(|(other, _)| other == reason) {
            Some((_, origins)) => origins.push(origin),
            None => by_reason.push((reason, vec![origin])),
        }
    }
    let one = |(reason, origins): (&str, Vec<&str>)| format!("{} ({reason})", origins.join(", "));
    by_reason.into_iter().map(one).collect::<Vec<_>>().join("; ")
}

impl Failure for InjectError {
    fn kind(&self) -> Kind {
        match self {
            Self::OneTime { .. }
            | Self::Prefix { .. }
            | Self::Replacement { .. }
            | Self::LeadingDigit { .. }
            | Self::Variable { .. }
            | Self::Refused { .. }
            | Self::Collision { .. }
            | Self::Nul { .. }
            | Self::Unwritable { .. }
            | Self::Template { .. }
            | Self::FileTemplate { .. }
            | Self::Length { .. }
            | Self::Words { .. }
            | Self::NoProgram => Kind::Usage,
            Self::UnknownNames { .. } => Kind::NotFound,
            Self::Randomness(_)
            | Self::ProgramNotFound { .. }
            | Self::ProgramNotExecutable { .. }
            | Self::TooLarge { .. }
            | Self::WithinReach { .. }
            | Self::Supervise { .. }
            | Self::NoFile { .. }
            | Self::EditorStart { .. }
            | Self::EditorFailed { .. }
            | Self::EditorInterrupted
            | Self::EditorWait(_) => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Prefix { .. } => {
                "use letters, digits and '_', not starting with a digit, as in --prefix APP_"
            }
            Self::Replacement { .. } => "use a letter, a digit or '_'",
            Self::LeadingDigit { .. } => "give the variables a prefix, as in --prefix APP_",
            Self::Variable { .. } => "use letters, digits and '_', not starting with a digit",
            Self::Refused { origin, .. } if origin.starts_with("the template") => {
                "choose another variable, in --env or in [env] of .authy.toml"
            }
            Self::Refused { .. } => {
                "use --prefix, leave it out with --only, or rename it with 'authy rename'"
            }
            Self::Collision { .. } => "choose one with --only, or rename one with 'authy rename'",
            Self::Nul { .. } => "leave it out with --except, and read it with 'authy get'",
            Self::Unwritable { .. } => {
                "use another --format, --for the program that reads it, or --except to leave it out"
            }
            Self::Template { .. } => {
                "write a secret's name in braces, as in {db-url}, and '{{' or '}}' for a brace"
            }
            Self::FileTemplate { .. } => "write a secret's name as in <authy:db-url>",
            Self::Length { .. } => {
                return Some(format!("use {} to {}", LENGTHS.start(), LENGTHS.end()));
            }
            Self::Words { .. } => {
                return Some(format!("use {} to {}", WORDS.start(), WORDS.end()));
            }
            Self::OneTime { .. } => {
                "store the base32 key, or the otpauth:// address that the QR code holds"
            }
            Self::NoProgram => "put the program after '--', as in: authy run -- ./server",
            Self::ProgramNotFound { program } if is_assignment(program) => {
                "'run' starts a program, no shell: set a variable with '-- env NAME=VALUE CMD'"
            }
            Self::ProgramNotFound { program }
                if program.contains([' ', '&', '|', ';', '>', '<']) =>
            {
                "'run' starts a program, no shell: give a line to one with '-- sh -c LINE'"
            }
            Self::TooLarge { largest, .. } => {
                let largest = largest.as_ref()?;
                return Some(format!("leave out {largest}, the largest, with --only"));
            }
            Self::WithinReach { .. } => "run 'authy lock', and start it again",
            Self::EditorStart { .. } => "set VISUAL or EDITOR to an editor that is installed",
            Self::UnknownNames { .. }
            | Self::Randomness(_)
            | Self::ProgramNotFound { .. }
            | Self::ProgramNotExecutable { .. }
            | Self::Supervise { .. }
            | Self::NoFile { .. }
            | Self::EditorFailed { .. }
            | Self::EditorInterrupted
            | Self::EditorWait(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::ProgramNotFound { .. } => 127,
            Self::ProgramNotExecutable { .. } | Self::TooLarge { .. } => 126,
            _ => self.kind().exit_code(),
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_variable(name))
}

fn list(names: &[SecretName]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}
