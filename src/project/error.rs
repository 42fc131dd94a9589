//! What can be wrong with a project file. Values of `[env]` are never quoted.

use std::io;
use std::path::{Path, PathBuf};

use super::MAX_SIZE;
use crate::kind::{Failure, Kind};
use crate::name::{NameError, ScopeName, printable};

/// A failure around `.authy.toml`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error("cannot read '{}'", shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("'{}' is not a regular file", shown(path))]
    NotAFile { path: PathBuf },
    #[error("'{}' is larger than {MAX_SIZE} bytes", shown(path))]
    TooLarge { path: PathBuf },
    #[error("'{}' line {line}: {fault}", shown(path))]
    Content { path: PathBuf, line: usize, fault: Fault },
    #[error("cannot write '{}'", shown(path))]
    Write { path: PathBuf, source: io::Error },
    #[error("'{}' exists already", shown(path))]
    Exists { path: PathBuf },
    #[error("'{}' is for scope '{other}'", shown(path))]
    OtherScope { path: PathBuf, other: ScopeName },
    #[error("'{}' sets {} to something else", shown(path), short(variable))]
    Taken { path: PathBuf, variable: String },
    #[error("'{}' was changed meanwhile, and stays as it is", shown(path))]
    Changed { path: PathBuf },
}

/// What a line of a project file does wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("not UTF-8 text")]
    NotText,
    #[error("{0}")]
    Syntax(String),
    #[error("unknown key '{}'", short(key))]
    UnknownKey { key: String, nearest: Option<&'static str> },
    #[error("'{key}' stands outside [authy]")]
    OutsideTable { key: &'static str },
    #[error("'{}' must be {expected}", short(key))]
    WrongType { key: String, expected: &'static str },
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("'{}' cannot be an alias", short(alias))]
    Alias { alias: String },
    #[error("'{}' cannot be an alias: a shell or the system needs it as it is", short(alias))]
    ReservedAlias { alias: String },
    #[error("'{}' is not a variable's name", short(variable))]
    Variable { variable: String },
    #[error("'{key}' starts with '~', and there is no home folder")]
    NoHome { key: &'static str },
}

impl Failure for ProjectError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Write { .. } => Kind::Failure,
            Self::Exists { .. }
            | Self::OtherScope { .. }
            | Self::Taken { .. }
            | Self::Changed { .. } => Kind::Conflict,
            Self::NotAFile { .. } | Self::TooLarge { .. } | Self::Content { .. } => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let fault = match self {
            Self::Content { fault, .. } => fault,
            Self::Exists { .. } => return Some("'authy project-info' shows what it says".into()),
            Self::OtherScope { other, .. } => {
                return Some(format!("'--policy {other}', or leave --project out"));
            }
            Self::Taken { .. } => {
                return Some("change that line by hand, or leave --project out".into());
            }
            Self::Changed { .. } => return Some("look at it, and add to it by hand".into()),
            Self::Read { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Write { .. } => return None,
        };
        match fault {
            Fault::UnknownKey { nearest, .. } => {
                nearest.map(|nearest| format!("did you mean '{nearest}'?"))
            }
            Fault::OutsideTable { .. } => Some("put a line '[authy]' above it".to_owned()),
            Fault::Alias { .. } => Some(
                "use at most 32 of a-z, 0-9, '_', '.' and '-', starting with a letter".to_owned(),
            ),
            Fault::Variable { .. } => {
                Some("use letters, digits and '_', not starting with a digit".to_owned())
            }
            _ => None,
        }
    }
}

/// A word of the file, cut where it is too long to be one.
fn short(word: &str) -> String {
    match word.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", printable(&word[..end])),
        None => printable(word),
    }
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
