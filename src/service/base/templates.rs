//! Files with `<authy:NAME>` placeholders, as they lie wherever the user keeps them.

use std::path::Path;

use super::error::Result;
use super::problem::Problem;
use crate::fs;
use crate::inject::Template;

/// Largest file with placeholders, in bytes.
const MAX_FILE: usize = 16 << 20;

/// Reads and parses one.
///
/// # Errors
/// It is missing, or has a malformed placeholder.
pub(crate) fn read_template(path: &Path) -> Result<Template> {
    let content =
        fs::read_outside(path, MAX_FILE)?.ok_or_else(|| Problem::NoFile(path.to_owned()))?;
    Ok(Template::parse_file(&content)?)
}
