//! What can go wrong on the way in. Never what a file holds.

use std::io;

use super::encrypted::Tool;
use crate::kind::{Failure, Kind};
use crate::name::printable;

/// A failure to take secrets over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("line {line} is not {format}: {rule}")]
    Line { format: &'static str, line: usize, rule: &'static str },
    #[error("it is not {format}{}", line.map(|line| format!(": line {line}")).unwrap_or_default())]
    Format { format: &'static str, line: Option<usize> },
    #[error(
        "'{}'{} is encrypted by {}: what would be imported is not a value",
        printable(name), line.map(|line| format!(" (line {line})")).unwrap_or_default(), tool.name()
    )]
    Encrypted { tool: Tool, from: &'static str, name: String, line: Option<usize> },
    #[error("this export is encrypted")]
    EncryptedExport { format: &'static str, way: &'static str },
    #[error("{format} has to be told {what}")]
    WhichOne { format: &'static str, what: &'static str },
    #[error("'{program}' here is another program: it does not tell its version")]
    Stranger { program: &'static str },
    #[error("the program '{program}' was not found")]
    NoProgram { program: &'static str },
    #[error("'{program}' could not be started: {source}")]
    Start { program: &'static str, source: io::Error },
    #[error("'{program}' failed: {}", printable(line))]
    Failed { program: &'static str, line: String },
    #[error("'{program}' gave what is not understood")]
    Answer { program: &'static str },
    #[error("there is nothing to import")]
    Nothing,
    #[error("nothing was imported: {}", printable(&reasons.join("; ")))]
    Unusable { reasons: Vec<String> },
    #[error("nothing was imported: {}", printable(&reasons.join("; ")))]
    Taken { reasons: Vec<String> },
    #[error("{0} is nothing that a file holds")]
    NoFile(&'static str),
    #[error("{0} is nothing that a program is asked for")]
    NoProgramOf(&'static str),
    #[error("there is no store at '{}'", printable(folder))]
    NoStore { folder: String },
}

impl Failure for TransferError {
    fn kind(&self) -> Kind {
        match self {
            Self::Line { .. } | Self::Format { .. } | Self::Encrypted { .. } => Kind::Usage,
            Self::Nothing | Self::Unusable { .. } => Kind::Usage,
            Self::NoFile(_) | Self::NoProgramOf(_) => Kind::Usage,
            Self::EncryptedExport { .. } | Self::WhichOne { .. } => Kind::Usage,
            Self::Taken { .. } => Kind::Conflict,
            Self::NoStore { .. } => Kind::NotFound,
            Self::Stranger { .. }
            | Self::NoProgram { .. }
            | Self::Start { .. }
            | Self::Failed { .. }
            | Self::Answer { .. } => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Line { .. } | Self::Format { .. } => {
                "say what it is with --from, or fix that line; nothing was imported".into()
            }
            Self::Encrypted { tool, from, .. } => tool.hint(from),
            Self::EncryptedExport { format, way } => {
                format!("make one that is not, and keep it off the disk: {way} | authy import - --from {format}")
            }
            Self::WhichOne { format, .. } => format!("as in: authy import --from {format} NAME"),
            Self::Stranger { program } => {
                format!("put the folder of the '{program}' that keeps secrets first in PATH")
            }
            Self::NoProgram { program } => {
                format!(
                    "install '{program}', or export from it into a file on a memory file system"
                )
            }
            Self::Unusable { .. } => {
                "--skip-invalid leaves out what cannot be taken; or rename it in the source".into()
            }
            Self::Taken { reasons } if reasons.iter().any(|one| one.contains(" would all be ")) => {
                "rename one of those that would have one name, in the source".into()
            }
            Self::Taken { .. } => {
                "--update replaces values that differ, --skip-existing keeps them, --prefix gives other names".into()
            }
            Self::NoStore { .. } => "name its folder".into(),
            Self::Start { .. } | Self::Failed { .. } | Self::Answer { .. } | Self::Nothing | Self::NoFile(_) | Self::NoProgramOf(_) => return None,
        })
    }
}
