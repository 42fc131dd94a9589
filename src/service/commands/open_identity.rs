//! Opening the identity once, for a front that stays and makes many calls.

use std::path::Path;

use crate::crypto::digest::Digest;
use crate::fs::{self, Root};
use crate::name::MemberName;
use crate::service::base::{Context, OpenIdentity, OpenVault, Result};
use crate::service::identity::authenticate::authenticate;

/// Somebody whose identity is open.
#[derive(Debug, Clone)]
pub struct OpenMember {
    /// The member.
    pub member: MemberName,
    /// Whether they are an admin.
    pub admin: bool,
    /// Their identity, for [`IdentitySource::Open`](crate::IdentitySource::Open).
    pub identity: OpenIdentity,
}

/// Opens the identity of `ctx` and says whose it is. Nothing is recorded: no value leaves.
///
/// # Errors
/// No identity, a wrong passphrase, an identity that is nobody's here; a token is set.
pub fn open_identity(ctx: &Context) -> Result<OpenMember> {
    let opened = OpenVault::open(ctx)?;
    let caller = authenticate(ctx, &opened.rules)?;
    Ok(OpenMember {
        admin: opened.rules.is_admin(&caller.name),
        member: caller.name,
        identity: OpenIdentity(caller.identity),
    })
}

/// A mark of the vault's files as they lie: another one means that something changed, here or
/// by somebody else. No file is read.
pub fn glance(vault: &Path) -> String {
    Digest::of(fs::mark(&Root::new(vault.to_owned())).as_bytes()).to_string()
}
