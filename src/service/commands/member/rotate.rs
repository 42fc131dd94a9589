//! `member update --rotate-identity`: another identity for its member, in one go.
//!
//! The new key goes into the identity file first, before those that are there, so that from then on the
//! file opens what is encrypted to either. Then the vault changes over. Whatever stops it in between
//! leaves an identity that works, and the next call goes on with the key that waits in the file.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::update::{MemberChange, MemberUpdated, member_update};
use crate::crypto::{Identity, Recipient, encrypt_with_passphrase};
use crate::fs;
use crate::name::MemberName;
use crate::secret::SecretBytes;
use crate::service::base::{Context, IdentitySource, OpenIdentity, OpenVault, Result};
use crate::service::identity::authenticate::{
    IdentityText, identity_text, refuse_any_plugin, the_identity_file,
};
use crate::service::identity::{
    BACKUP, IdentityError, member_of, recipients, refuse_always, with_plugins,
};
use crate::service::session::refuse_any_token;
use crate::store::Stamp;

/// How an identity is replaced.
#[derive(Debug, Clone, Default)]
pub struct RotateIdentity {
    /// Whose it is expected to be; whoever it belongs to where nobody says.
    pub name: Option<MemberName>,
    /// Make one that a quantum computer does not break. One that takes the place of such a one is so
    /// anyway.
    pub post_quantum: bool,
}

/// What came of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct IdentityRotated {
    /// The change of the member.
    #[serde(flatten)]
    pub updated: MemberUpdated,
    /// The identity file, which has both keys.
    pub identity: PathBuf,
    /// The new recipient.
    pub recipient: String,
    /// Whether a key that an earlier call had left waiting was used.
    pub resumed: bool,
}

/// Gives the caller a new identity, in the file of the old one, which keeps the old key for what git
/// keeps. An admin's is in force at once, another member's waits for an approval.
///
/// # Errors
/// The identity lies in no file, or is an ssh key; it is nobody's here, or another member's than named;
/// as [`member_update`].
pub fn rotate_identity(ctx: Context, options: &RotateIdentity) -> Result<IdentityRotated> {
    refuse_any_token(&ctx)?;
    ctx.refuse_confined()?;
    refuse_always(&ctx, "your identity to be replaced")?;
    let path = the_identity_file(&ctx, IdentityError::InNoFile)?;
    let keys = identity_text(&ctx, &path)?;
    if Identity::is_ssh(keys.text.expose()) {
        return Err(IdentityError::SshIdentity(path).into());
    }
    let old = parse(&ctx, &path, &keys.text)?;
    refuse_any_plugin(&old, &path)?;
    let (name, theirs, machine) = {
        let opened = OpenVault::open(&ctx)?;
        let name = member_of(&old, &opened.rules)?;
        if let Some(other) = options.name.as_ref().filter(|other| **other != name) {
            return Err(IdentityError::OfAnother { own: name, other: other.clone() }.into());
        }
        let theirs = recipients(&opened.rules, std::iter::once(&name))?;
        let is_own = |text: &String| old.recipients().iter().any(|one| one.to_string() == *text);
        let named = opened.rules.member(&name).map(|member| member.machines.clone());
        let machine = named.unwrap_or_default().into_iter().find(|(_, text)| is_own(text));
        (name, theirs, machine.map(|(machine, _)| machine))
    };
    let given_up: Vec<&Recipient> =
        old.recipients().iter().filter(|one| theirs.contains(one)).collect();
    let post_quantum =
        options.post_quantum || given_up.iter().any(|recipient| recipient.is_post_quantum());
    // Put there by a call that got no further.
    let waiting = old.recipients().first().filter(|first| !theirs.contains(first));
    let waiting = waiting.filter(|first| first.is_post_quantum() == post_quantum).cloned();
    let resumed = waiting.is_some();
    let (identity, recipient) = match waiting {
        Some(recipient) => (old, recipient),
        None => add(&ctx, &path, &keys, post_quantum)?,
    };
    let change = MemberChange {
        name,
        groups: Vec::new(),
        remove_groups: Vec::new(),
        machine,
        remove_machines: Vec::new(),
        recipients: vec![recipient.to_string()],
        remove_recipients: theirs
            .iter()
            .filter(|one| identity.recipients().contains(one) && **one != recipient)
            .map(ToString::to_string)
            .collect(),
    };
    let open = IdentitySource::Open(OpenIdentity(identity.into()));
    let updated = member_update(&Context { identity: open, ..ctx }, &change)?;
    Ok(IdentityRotated { updated, identity: path, recipient: recipient.to_string(), resumed })
}

fn parse(ctx: &Context, path: &Path, text: &SecretBytes) -> Result<Identity> {
    let label = path.to_string_lossy().into_owned();
    let parsed = Identity::parse(text.expose(), &|| None);
    let parsed = parsed.map_err(|source| IdentityError::unusable(label, source))?;
    Ok(with_plugins(ctx, parsed))
}

/// Draws a key and puts it before those of the file.
fn add(
    ctx: &Context,
    path: &Path,
    keys: &IdentityText,
    post_quantum: bool,
) -> Result<(Identity, Recipient)> {
    let (_, new) = Identity::generate_as(post_quantum, &Stamp::new(ctx.now).to_string());
    let before = b"# until then, for what git keeps:\n";
    // Sized for all of it: growing would leave copies of keys behind.
    let size = new.len() + before.len() + keys.text.len();
    let mut both = Zeroizing::new(Vec::with_capacity(size));
    for part in [new.expose(), before, keys.text.expose()] {
        both.extend_from_slice(part);
    }
    let text = SecretBytes::new(std::mem::take(&mut *both));
    let file = match &keys.passphrase {
        Some(passphrase) => SecretBytes::new(encrypt_with_passphrase(text.expose(), passphrase)?),
        None => text.clone(),
    };
    fs::replace(path, file.expose())?;
    forget_copy(ctx);
    let identity = parse(ctx, path, &text)?;
    let recipient = identity.recipients().first().cloned();
    let recipient = recipient.ok_or(IdentityError::InNoFile)?;
    Ok((identity, recipient))
}

/// A copy that was made has the old key alone: it is time for another.
fn forget_copy(ctx: &Context) {
    let Ok(opened) = OpenVault::open(ctx) else { return };
    if let Some(state) = opened.vault.pins().folder() {
        for file in [state.join(BACKUP), state.join("told").join(BACKUP)] {
            let _ = fs::remove_file(&file);
        }
    }
}
