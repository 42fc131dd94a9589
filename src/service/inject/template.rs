//! Files with `<authy:NAME>` placeholders, as they lie wherever the user keeps them.

use std::path::Path;
use std::path::PathBuf;

use crate::fs;
use crate::inject::Template;
use crate::kind::{Failure, Kind};
use crate::name::printable;
use crate::service::base::Result;

/// Largest file with placeholders, in bytes.
const MAX_FILE: usize = 16 << 20;

/// Reads and parses one.
///
/// # Errors
/// It is missing, or has a malformed placeholder.
pub(crate) fn read_template(path: &Path) -> Result<Template> {
    let content =
        fs::read_outside(path, MAX_FILE)?.ok_or_else(|| FileError::NotFound(path.to_owned()))?;
    Ok(Template::parse_file(&content)?)
}

/// What is wrong with a file that the user names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("file '{}' not found", .0.display())]
    NotFound(PathBuf),
    #[error("'{}' is not text", printable(&.0.to_string_lossy()))]
    NotText(PathBuf),
    #[error("'{}' is the template itself", printable(&.0.to_string_lossy()))]
    OwnTemplate(PathBuf),
}

impl Failure for FileError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound(_) | Self::NotText(_) => Kind::Failure,
            Self::OwnTemplate(_) => Kind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OwnTemplate(_) => "write the result to another file".into(),
            Self::NotFound(_) => return None,
            Self::NotText(_) => return None,
        })
    }
}
