//! Opening the identity once, for a front that stays and makes many calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
/// or by somebody else. No file is read. Of secrets the folders are looked at, which change
/// with every file that is put there, of audit chains the last segment. Where the vault cannot be
/// listed the mark says no more than that.
pub fn glance(vault: &Path) -> String {
    let root = Root::new(vault.to_owned());
    let mut seen = String::new();
    for listing in
        [Listing::Secrets, Listing::Members, Listing::Policies, Listing::Sessions, Listing::Audit]
    {
        let folder = root.folder(listing);
        let files = fs::list(&root, listing).map(|listed| listed.files).unwrap_or_default();
        let mut folders = BTreeSet::new();
        for file in &files {
            folders.insert(file.rsplit_once('/').map_or("", |(inside, _)| inside));
            seen.push_str(file);
            if listing != Listing::Secrets {
                seen.push_str(&stat(&folder.join(file)));
            }
        }
        folders.iter().for_each(|inside| seen.push_str(&stat(&folder.join(inside))));
        if listing == Listing::Audit {
            seen.push_str(&chains(&folder));
        }
    }
    seen.push_str(&stat(&vault.join("authy.toml")));
    Digest::of(seen.as_bytes()).to_string()
}

/// The last segment of each chain.
fn chains(audit: &Path) -> String {
    let entries = std::fs::read_dir(audit).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let last = |folder: &PathBuf| {
        let segments = std::fs::read_dir(folder).into_iter().flatten().flatten();
        segments.map(|segment| segment.path()).max().map(|path| stat(&path))
    };
    folders.iter().filter_map(last).collect()
}

fn stat(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().map_or_else(
        |_| " gone\n".to_owned(),
        |meta| format!(" {} {} {} {}\n", meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()),
    )
}

#[cfg(test)]
mod tests {
    use super::glance;
    use std::fs;

    #[test]
    fn every_kind_of_change_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("secrets/team/a.age", "1");
        file("audit/alice-1/00000001.jsonl", "1");
        file("audit/alice-1/00000009.jsonl", "1");
        let mut before = glance(dir.path());
        assert_eq!(glance(dir.path()), before);
        let changes: [&dyn Fn(); 6] = [
            &|| file("secrets/team/b.age", "1"),
            &|| {
                let path = |name: &str| dir.path().join("secrets/team").join(name);
                fs::rename(path("b.age"), path("a.age")).unwrap();
            },
            &|| file("policies/backend.toml", "1"),
            &|| file("policies/backend.toml", "longer"),
            &|| file("audit/alice-1/00000009.jsonl", "longer"),
            &|| file("sessions/0123456789abcdef/grant.toml", "1"),
        ];
        for (at, change) in changes.iter().enumerate() {
            change();
            let now = glance(dir.path());
            assert_ne!(now, before, "change {at}");
            before = now;
        }
    }
}
