//! `backup`: a copy of the identity that is safe to keep elsewhere, as a file or as text to print.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::crypto::{Identity, encrypt_with_passphrase};
use crate::fs;
use crate::name::{MemberName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::authenticate::{
    IdentityText, identity_text, refuse_plugins, the_identity_file,
};
use crate::service::identity::enroll;
use crate::service::identity::{BACKUP, IdentityError, member_of, refuse_always};
use crate::service::session::refuse_any_token;

/// A copy to be printed.
#[derive(Debug, Clone)]
pub struct BackupText {
    /// The file of the identity.
    pub identity: PathBuf,
    /// Whose it is in the vault at hand.
    pub member: Option<MemberName>,
    /// The keys, under a passphrase: an armored age file.
    pub text: String,
}

/// Writes a copy of the identity to `to`, which is not there yet: under the passphrase that the identity
/// has, or else under a new one, which is asked for. Returns the file of the identity. The copy is an age
/// file, and works as a keyfile as it is.
///
/// # Errors
/// There is no identity in a file, or several; the copy exists; nobody gives a passphrase; a token is set,
/// or an agent asks.
pub fn backup(ctx: &Context, to: &Path) -> Result<PathBuf> {
    let file = source(ctx)?;
    enroll::copy(ctx, &file, to)?;
    is_copied(ctx);
    Ok(file)
}

/// The same as text, as short as can be: the keys without comments, under the passphrase that the
/// identity has, or else under a new one.
///
/// # Errors
/// As [`backup`]; the identity is an ssh key.
pub fn backup_text(ctx: &Context) -> Result<BackupText> {
    let file = source(ctx)?;
    let label = printable(&file.to_string_lossy());
    let IdentityText { text: keys, passphrase } = identity_text(ctx, &file)?;
    let unusable = |source| IdentityError::unusable(label.clone(), source);
    let identity = Identity::parse(keys.expose(), &|| None).map_err(unusable)?;
    refuse_plugins(&identity, &file)?;
    let Some(bare) = bare(&keys) else { return Err(IdentityError::SshIdentity(file).into()) };
    let passphrase = match passphrase {
        Some(passphrase) => passphrase,
        None => enroll::ask_for(ctx, "the copy")?,
    };
    let text = encrypt_with_passphrase(bare.expose(), &passphrase)?;
    let opened = OpenVault::open(ctx).ok();
    let member = opened.and_then(|opened| member_of(&identity, &opened.rules).ok());
    is_copied(ctx);
    let text = String::from_utf8(text).unwrap_or_default();
    Ok(BackupText { identity: file, member, text })
}

/// The lines with age keys.
fn bare(keys: &SecretBytes) -> Option<SecretBytes> {
    let text = keys.expose_str()?;
    let mut lines = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-")) {
        lines.push_str(line);
        lines.push('\n');
    }
    (!lines.is_empty()).then(|| SecretBytes::from(std::mem::take(&mut *lines)))
}

fn source(ctx: &Context) -> Result<PathBuf> {
    refuse_any_token(ctx)?;
    refuse_always(ctx, "a copy of the identity to be made")?;
    Ok(the_identity_file(ctx, IdentityError::CopiedElsewhere)?)
}

/// Nobody is reminded any more. Without a vault there is nothing to be reminded by.
fn is_copied(ctx: &Context) {
    if let Ok(opened) = OpenVault::open(ctx)
        && let Some(state) = opened.vault.pins().folder()
    {
        fs::remember(&state.join(BACKUP), b"");
    }
}
