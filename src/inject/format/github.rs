//! The heredoc of GitHub's environment files, with a delimiter nobody can guess.
//!
//! A value that could name the delimiter would end its own text and set other variables.

use data_encoding::HEXLOWER;

use crate::inject::buffer::Buffer;
use crate::inject::error::InjectError;
use crate::inject::generate::random;

/// Writes `NAME<<delimiter`, the value, and the delimiter, each on lines of its own.
pub(super) fn assign(variable: &str, value: &str, out: &mut Buffer) -> Result<(), InjectError> {
    let delimiter = delimiter(value)?;
    for part in [variable, "<<", &delimiter, "\n", value, "\n", &delimiter, "\n"] {
        out.push(part.as_bytes());
    }
    Ok(())
}

/// Writes `::add-mask::LINE` for each line of a value, escaped as workflow commands are.
pub(crate) fn mask(value: &str, out: &mut Buffer) {
    for line in value.split(['\n', '\r']).filter(|line| !line.trim().is_empty()) {
        out.push(b"::add-mask::");
        for piece in line.split_inclusive('%') {
            match piece.strip_suffix('%') {
                Some(before) => {
                    out.push(before.as_bytes());
                    out.push(b"%25");
                }
                None => out.push(piece.as_bytes()),
            }
        }
        out.push(b"\n");
    }
}

fn delimiter(value: &str) -> Result<String, InjectError> {
    loop {
        let delimiter = format!("authy_{}", HEXLOWER.encode(&random::<16>()?));
        if !value.contains(&delimiter) {
            return Ok(delimiter);
        }
    }
}
