//! Single secrets: reading one, removing one, renaming one.

use crate::audit::{Action, Op};
use crate::inject::{self, OneTimeCode};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::secret_error::SecretError;
use crate::service::change::transaction::LockedVault;
use crate::service::secret::read::read_one;
use crate::store::Record;

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

/// Removes a secret from the present state; git keeps the past.
///
/// # Errors
/// Not found; denied to whoever may not read the name.
pub fn remove(ctx: &Context, name: &SecretName) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::REMOVE)?;
    let action = Action::new(Op::REMOVE).on([name.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(name)?;
        if !locked.has(name) {
            return Err(locked.opened.not_found(name, None));
        }
        tx.remove_secret(name);
        Ok((format!("Remove {name}"), ()))
    })
}

/// Gives a secret another name; its value is not opened, its readers stay.
///
/// # Errors
/// The old name not found, the new one taken, either denied.
pub fn rename(ctx: &Context, old: &SecretName, new: &SecretName) -> Result<()> {
    let locked = LockedVault::lock(ctx, &Op::RENAME)?;
    let action = Action::new(Op::RENAME).on([old.clone(), new.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(old)?;
        locked.may_write(new)?;
        let sealed = locked.sealed(old)?;
        if locked.is_taken(new) {
            return Err(SecretError::Taken(new.clone()).into());
        }
        let record: Record = (**sealed.record()).clone();
        // A name begins when it gets a secret. With the time of the old name this one would be older
        // than what another clone had under it and removed, and be refused there.
        let (version, created) = (record.version + 1, tx.at().max(record.created));
        let record = Record { version, created, ..record };
        tx.write_secret(new, sealed.ciphertext().to_vec(), record)?;
        tx.remove_secret(old);
        Ok((format!("Rename {old} to {new}"), ()))
    })
}
