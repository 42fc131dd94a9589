//! Values on their way into programs and files.

mod error;
mod template;

use crate::inject::Naming;
use crate::project::ProjectFile;

pub(crate) use error::SealingError;
pub(crate) use template::{FileError, read_template};

/// How a project file names variables where nothing else is said.
pub(crate) fn naming_of(file: &ProjectFile) -> Naming {
    Naming {
        uppercase: file.uppercase.unwrap_or(false),
        replace_dash: file.replace_dash,
        prefix: file.prefix.clone().unwrap_or_default(),
    }
}
