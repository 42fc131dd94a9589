//! `member add --recovery`: an admin who never acts, whose identity lies in a drawer.

use std::path::Path;

use super::{NewMember, member_add};
use crate::crypto::{Identity, encrypt_with_passphrase};
use crate::fs;
use crate::name::{MemberName, printable};
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::{enroll, refuse_always};
use crate::service::session::refuse_any_token;
use crate::store::Stamp;

/// Makes an identity in `file`, under a new passphrase, and an admin of it: it opens every secret and can
/// sign, so that a vault whose admins have lost theirs is not lost. Returns its recipient.
///
/// # Errors
/// The file exists; nobody gives a passphrase; as [`member_add`], and no file is left then.
pub fn member_add_recovery(ctx: &Context, name: &MemberName, file: &Path) -> Result<String> {
    refuse_any_token(ctx)?;
    refuse_always(ctx, "a recovery identity to be made")?;
    let hybrid = enroll::admins_are_post_quantum(&*OpenVault::open(ctx)?);
    let (identity, keys) = Identity::generate_as(hybrid, &Stamp::new(ctx.now).to_string());
    let passphrase = enroll::ask_for(ctx, &printable(&file.to_string_lossy()))?;
    let protected = encrypt_with_passphrase(keys.expose(), &passphrase)?;
    fs::create_new(file, &protected, 0o600)?;
    let recipient = identity.recipients().iter().map(ToString::to_string).collect::<String>();
    let new = NewMember {
        name: name.clone(),
        recipients: vec![recipient.clone()],
        groups: Vec::new(),
        admin: true,
    };
    if let Err(error) = member_add(ctx, &new) {
        fs::remove_file(file)?;
        return Err(error);
    }
    Ok(recipient)
}
