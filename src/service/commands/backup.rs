//! `backup`: a copy of the identity that is safe to keep elsewhere.

use std::path::{Path, PathBuf};

use crate::fs;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::enroll;
use crate::service::identity::{BACKUP, IdentityError, identity_file, own_keys, refuse_always};
use crate::service::session::refuse_any_token;

/// Writes a copy of the identity to `to`, which is not there yet: under the passphrase that the identity
/// has, or else under a new one, which is asked for. Returns the file of the identity. The copy is an age
/// file, and works as a keyfile as it is.
///
/// # Errors
/// There is no identity in a file, or several; the copy exists; nobody gives a passphrase; a token is set,
/// or an agent asks.
pub fn backup(ctx: &Context, to: &Path) -> Result<PathBuf> {
    refuse_any_token(ctx)?;
    refuse_always(ctx, "a copy of the identity to be made")?;
    let file = identity_file(ctx);
    let file = file.ok_or_else(|| IdentityError::NotFound { dir: own_keys(ctx) })?;
    enroll::copy(ctx, &file, to)?;
    // Nobody is reminded any more. Without a vault there is nothing to be reminded by.
    if let Ok(opened) = OpenVault::open(ctx)
        && let Some(state) = opened.vault.pins().folder()
    {
        fs::remember(&state.join(BACKUP), b"");
    }
    Ok(file)
}
