//! A token in a file of its own, for programs that get no variables.

use std::path::Path;

use crate::fs;
use crate::git;
use crate::secret::SecretBytes;
use crate::service::base::{Result, TokenError};
use crate::session::Token;

/// Largest file that is looked at before it is replaced.
const MAX_OLD: usize = 4096;

/// Looks whether a token may be written to this file: it is to be done before a session is made.
///
/// # Errors
/// Something else stands there than an older token; git would pick the file up.
pub fn check_token_place(file: &Path) -> Result<()> {
    if git::is_exposed(file)? {
        return Err(TokenError::InGit(file.to_owned()).into());
    }
    let old = fs::read_outside(file, MAX_OLD).map_err(TokenError::File)?;
    let is_token = |old: &[u8]| old.is_empty() || Token::parse(old.trim_ascii()).is_some();
    match old.map(SecretBytes::new) {
        Some(old) if !is_token(old.expose()) => {
            Err(TokenError::NotATokenFile(file.to_owned()).into())
        }
        _ => Ok(()),
    }
}

/// Writes a token, and a line end, to a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub fn write_token(file: &Path, token: &SecretBytes) -> Result<()> {
    let line = SecretBytes::new([token.expose(), b"\n"].concat());
    Ok(fs::replace(file, line.expose())?)
}
