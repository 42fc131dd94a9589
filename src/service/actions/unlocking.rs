//! Opening the identity once, for a front that stays and makes many calls.

use std::path::Path;

use crate::crypto::digest::Digest;
use crate::fs::{self, Listing, Root};
use crate::name::MemberName;
use crate::service::base::caller::authenticate;
use crate::service::base::context::{Context, OpenIdentity};
use crate::service::base::error::Result;
use crate::service::base::opening::Opened;

/// Somebody whose identity is open.
#[derive(Debug, Clone)]
pub struct Unlocked {
    /// The member.
    pub member: MemberName,
    /// Whether he is an admin.
    pub admin: bool,
    /// His identity, for [`IdentitySource::Open`](crate::IdentitySource::Open).
    pub identity: OpenIdentity,
}

/// Opens the identity of `ctx` and says whose it is. Nothing is recorded: no value leaves.
///
/// # Errors
/// No identity, a wrong passphrase, an identity that is nobody's here; a token is set.
pub fn unlock(ctx: &Context) -> Result<Unlocked> {
    let opened = Opened::open(ctx)?;
    let caller = authenticate(ctx, &opened.rules)?;
    opened.settle(ctx);
    Ok(Unlocked {
        admin: opened.rules.is_admin(&caller.name),
        member: caller.name,
        identity: OpenIdentity(caller.identity),
    })
}

/// A mark of the vault's files as they lie: another one means that something changed, here
/// or by somebody else. Files are not read. Where the vault cannot be listed the mark says no
/// more than that.
pub fn glance(vault: &Path) -> String {
    let root = Root::new(vault.to_owned());
    let mut seen = String::new();
    for listing in
        [Listing::Secrets, Listing::Members, Listing::Policies, Listing::Sessions, Listing::Audit]
    {
        let files = fs::list(&root, listing).map(|listed| listed.files).unwrap_or_default();
        let folder = root.folder(listing);
        for file in files {
            seen.push_str(&file);
            seen.push_str(&stat(&folder.join(&file)));
        }
    }
    seen.push_str(&stat(&vault.join("authy.toml")));
    Digest::of(seen.as_bytes()).to_string()
}

fn stat(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().map_or_else(
        |_| " gone\n".to_owned(),
        |meta| format!(" {} {} {} {}\n", meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()),
    )
}
