//! `recover`: an identity comes back from a copy.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::crypto::{Identity, armored_in};
use crate::fs;
use crate::name::MemberName;
use crate::secret::SecretBytes;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::authenticate::with_passphrase;
use crate::service::identity::enroll::USUAL;
use crate::service::identity::{IdentityError, member_of, own_keys, refuse_always};
use crate::service::session::refuse_any_token;

/// What came back.
#[derive(Debug, Clone, Serialize)]
pub struct Recovered {
    /// The file of the identity.
    pub identity: PathBuf,
    /// Its recipients.
    pub recipients: Vec<String>,
    /// Whose it is in the vault at hand, if one is there.
    pub member: Option<MemberName>,
}

/// Puts an identity back that `copy` holds: a file that `backup` made, or the text of a printed page. It
/// keeps its passphrase, which is asked for to see that the copy is whole. Nothing is overwritten.
///
/// # Errors
/// The copy is none; the passphrase is wrong; an identity is there already; a token is set, or an agent
/// asks.
pub fn recover(ctx: &Context, copy: &SecretBytes, to: Option<&Path>) -> Result<Recovered> {
    refuse_any_token(ctx)?;
    refuse_always(ctx, "an identity to be put back")?;
    let usual = own_keys(ctx).map(|folder| folder.join(USUAL));
    let to = to.map(Path::to_owned).or(usual).ok_or(IdentityError::NotFound { dir: None })?;
    if to.exists() {
        return Err(IdentityError::RecoveredExists(to).into());
    }
    let block = copy.expose_str().and_then(armored_in).map(SecretBytes::from);
    let file = block.unwrap_or_else(|| copy.clone());
    if !Identity::is_protected(file.expose()) {
        return Err(IdentityError::NoCopy.into());
    }
    let keys = with_passphrase(ctx, "the copy", |ask| Identity::unprotect(file.expose(), ask))?;
    let unusable = |source| IdentityError::unusable("the copy".to_owned(), source);
    let identity = Identity::parse(keys.expose(), &|| None).map_err(unusable)?;
    fs::create_new(&to, file.expose(), 0o600)?;
    let opened = OpenVault::open(ctx).ok();
    Ok(Recovered {
        identity: to,
        recipients: identity.recipients().iter().map(ToString::to_string).collect(),
        member: opened.and_then(|opened| member_of(&identity, &opened.rules).ok()),
    })
}
