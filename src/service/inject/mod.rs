//! Values on their way into programs and files.

mod error;
mod template;

pub(crate) use error::SealingError;
pub(crate) use template::{FileError, read_template};
