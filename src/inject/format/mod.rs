//! The formats of `env` and `export`: one file per output format or quoting family.
//!
//! Every value comes back byte for byte from the reader a format is made for, or is an
//! error: nothing is changed quietly. Names are identifiers already (see `naming`).

pub(crate) mod dialect;
pub(crate) mod dotenv;
pub(crate) mod fish;
pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod k8s;
pub(crate) mod posix;
pub(crate) mod powershell;
#[cfg(test)]
mod tests;
pub(crate) mod yaml;

pub use dialect::Reader;
pub use dotenv::{Dotenv, Misread};

use super::buffer::Buffer;
use super::environment::{Environment, Origin};
use super::error::InjectError;
use crate::secret::SecretBytes;

/// How variables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For `eval` in sh, bash, zsh and ksh.
    Shell,
    /// For a `.env` file.
    Dotenv(Dotenv),
    /// One object, name to text.
    Json,
    /// For `source` in fish.
    Fish,
    /// For `Invoke-Expression` in PowerShell.
    Powershell,
    /// For the file that `$GITHUB_ENV` names.
    Github,
    /// One mapping, name to text.
    Yaml,
}

impl Format {
    /// Its name, where it can hold nothing but text.
    const fn of_text(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("json"),
            Self::Yaml => Some("yaml"),
            Self::Github => Some("github"),
            Self::Powershell => Some("powershell"),
            Self::Shell | Self::Fish | Self::Dotenv(_) => None,
        }
    }
}

/// Writes `environment` in `format`; with `export`, shells pass the variables on to programs.
///
/// # Errors
/// [`InjectError::Unwritable`] naming what the format cannot hold.
pub(crate) fn render(
    environment: &Environment,
    format: Format,
    export: bool,
) -> Result<SecretBytes, InjectError> {
    let mut out = Buffer::default();
    if let Some(name) = format.of_text() {
        each(environment, name, |_, _| Ok(()))?;
    }
    match format {
        Format::Json => json::write(environment, &mut out)?,
        Format::Yaml => yaml::write(environment, &mut out)?,
        Format::Shell => {
            for (variable, _, value) in environment.iter() {
                posix::assign(variable, value.expose(), export, &mut out);
            }
        }
        Format::Fish => {
            for (variable, _, value) in environment.iter() {
                fish::assign(variable, value.expose(), export, &mut out);
            }
        }
        Format::Dotenv(how) => each(environment, how.reader.name(), |variable, value| {
            dotenv::assign(variable, value, how, &mut out)
        })?,
        Format::Powershell => {
            for (variable, origin, value) in environment.iter() {
                let value = text(origin, value, "powershell")?;
                powershell::assign(variable, value, export, &mut out);
            }
        }
        Format::Github => {
            for (variable, origin, value) in environment.iter() {
                github::assign(variable, text(origin, value, "github")?, &mut out)?;
            }
        }
    }
    Ok(out.into_secret())
}

/// Writes what makes a runner of GitHub Actions mask the values in its logs.
pub(crate) fn mask_commands(environment: &Environment) -> SecretBytes {
    let mut out = Buffer::default();
    for (_, _, value) in environment.iter() {
        value.expose_str().into_iter().for_each(|value| github::mask(value, &mut out));
    }
    out.into_secret()
}

/// Writes each variable; what cannot be written is told all at once.
fn each(
    environment: &Environment,
    format: &'static str,
    mut write: impl FnMut(&str, &str) -> Result<(), &'static str>,
) -> Result<(), InjectError> {
    let mut refused = Vec::new();
    for (variable, origin, value) in environment.iter() {
        let written = value.expose_str().ok_or(NO_TEXT).and_then(|value| write(variable, value));
        if let Err(reason) = written {
            refused.push((origin.to_string(), reason));
        }
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(InjectError::Unwritable { refused, format }),
    }
}

const NO_TEXT: &str = "the value is not UTF-8 text";

/// Reads a value as text, for formats that know nothing else.
fn text<'v>(
    origin: &Origin,
    value: &'v SecretBytes,
    format: &'static str,
) -> Result<&'v str, InjectError> {
    value.expose_str().ok_or_else(|| unwritable(origin, format, NO_TEXT))
}

fn unwritable(origin: &Origin, format: &'static str, reason: &'static str) -> InjectError {
    InjectError::Unwritable { refused: vec![(origin.to_string(), reason)], format }
}
