//! Single secrets: reading one, removing one, renaming one.

use crate::audit::Op;
use crate::inject::{self, OneTimeCode};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result, SecretError};
use crate::service::secret::read_one;

/// Reads one secret: its exact bytes.
///
/// # Errors
/// Denied before not found; damaged; no identity.
pub fn get(ctx: &Context, name: &SecretName, scope: Option<&ScopeName>) -> Result<SecretBytes> {
    read_one(ctx, Op::GET, None, name, scope)
}

/// Reads one secret to put it on the clipboard, which its audit line says.
///
/// # Errors
/// As [`get`].
pub fn copy(ctx: &Context, name: &SecretName, scope: Option<&ScopeName>) -> Result<SecretBytes> {
    read_one(ctx, Op::GET, Some("clipboard"), name, scope)
}

/// Which part of a value is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The line of this number, from 1.
    Line(usize),
    /// What stands behind `KEY:` on a line, as pass and gopass write fields.
    Field(String),
    /// The first line of an entry of pass, whose other lines are fields; all of every other value.
    Password,
}

/// Takes a part of a value.
///
/// # Errors
/// It has no such line or field.
pub fn part(name: &SecretName, value: &SecretBytes, part: &Part) -> Result<SecretBytes> {
    let (found, what) = match part {
        Part::Line(number) => (inject::line(value, *number), format!("line {number}")),
        Part::Field(key) => (inject::field(value, key), format!("field '{}'", printable(key))),
        Part::Password => {
            return Ok(inject::password(value).unwrap_or_else(|| value.clone()));
        }
    };
    let keys = || match part {
        Part::Field(_) => inject::keys(value),
        _ => Vec::new(),
    };
    found.ok_or_else(|| SecretError::NoPart { name: name.clone(), what, keys: keys() }.into())
}

/// Makes a one-time code (RFC 6238) from the key in one secret, which is not given out.
///
/// # Errors
/// As [`get`]; the value is no key and no `otpauth://` address.
pub fn otp(ctx: &Context, name: &SecretName, scope: Option<&ScopeName>) -> Result<OneTimeCode> {
    let value = read_one(ctx, Op::OTP, None, name, scope)?;
    let now = u64::try_from(ctx.front.now().unix_timestamp()).unwrap_or_default();
    Ok(inject::one_time_code(name, &value, now)?)
}
