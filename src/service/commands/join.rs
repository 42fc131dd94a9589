//! `join`: asking to become a member. The request is the member's file, signed with the key
//! that it names; nobody obeys it, and nothing is encrypted to it, until an admin approves.

use std::path::PathBuf;

use crate::crypto::Identity;
use crate::crypto::sign::SigningKey;
use crate::fs::{LocalFile, Lock, Stage, VaultPath};
use crate::many::merged;
use crate::name::{GroupName, MemberName};
use crate::service::base::{Context, LOCK_WAIT, OpenVault, Pending, Result, Snapshot};
use crate::service::change::{commit_files, note_unsent};
use crate::service::identity::authenticate::authenticate;
use crate::service::identity::enroll::{self};
use crate::service::identity::{MemberError, NameSource, Newcomer, owns, recipients, refuse_taken};
use crate::service::session::refuse_any_token;
use crate::store::{self, CommitMode, Member, Signer, Stamp, Standing};

/// How to ask to join.
#[derive(Debug, Clone, Default)]
pub struct JoinOptions {
    /// Who asks.
    pub who: Newcomer,
    /// Groups to belong to.
    pub groups: Vec<GroupName>,
}

/// The request that was written.
#[derive(Debug, Clone)]
pub struct JoinReport {
    /// The name asked for.
    pub member: MemberName,
    /// Where that name comes from.
    pub named_after: NameSource,
    /// The identity file, unless the identity came from the environment.
    pub keyfile: Option<PathBuf>,
    /// Whether the identity file is new.
    pub keyfile_created: bool,
    /// The copy of the identity that was made.
    pub backup: Option<PathBuf>,
    /// The first recipient.
    pub recipient: String,
    /// The fingerprint of the new verify key, for an admin to compare.
    pub fingerprint: String,
    /// Whether the member was one already, and reads nothing until they are approved again.
    pub pauses: bool,
}

/// Writes the request and commits it. Where there is no identity one is made.
///
/// # Errors
/// The name is somebody else's, or waits already; the identity belongs to another member.
pub fn join(ctx: &Context, options: &JoinOptions) -> Result<JoinReport> {
    refuse_any_token(ctx)?;
    ctx.refuse_confined()?;
    let opened = OpenVault::open(ctx)?;
    let (name, named_after) = enroll::name(ctx, &options.who)?;
    refuse_unasked(&opened, &name)?;
    // A key that was just made is no member's: whoever is one has to prove it with their own.
    if opened.rules.member(&name).is_some()
        && authenticate(ctx, &opened.rules).ok().is_none_or(|caller| caller.name != name)
    {
        return Err(MemberError::NameTaken(name).into());
    }
    let key = enroll::identity_for(ctx, &opened, &options.who)?;
    let lock = Lock::acquire(opened.vault.root(), LOCK_WAIT)?;
    // What it saw is remembered and said before the vault is opened again, and so only once.
    drop(opened);
    let opened = OpenVault::open_locked(ctx, &lock)?;
    enroll::remember(ctx, opened.vault.id(), &key);
    refuse_unasked(&opened, &name)?;
    let old = opened.rules.member(&name);
    if old.is_some_and(|old| !owns(key.identity.recipients(), old)) {
        return Err(MemberError::NameTaken(name).into());
    }
    refuse_taken(&opened, key.identity.recipients(), Some(&name))?;
    let pauses = old.is_some();
    let signing = SigningKey::generate();
    let member = request(&opened, &name, &key.identity, &signing, &options.groups)?;
    let signer = Signer { name: name.clone(), key: signing };
    let path = VaultPath::member(&name);
    let file = store::sign(&member, &path, opened.vault.id(), &signer, Stamp::new(ctx.now))?;
    let mut stage = Stage::new(&lock);
    stage.put(path, file);
    let commits = opened.vault.config().commit == CommitMode::Auto;
    let mut pending = Pending::load(opened.vault.root())?;
    if commits {
        pending.add(format!("Ask to join as {name}"), &stage.paths());
        stage.put_local(LocalFile::Pending, pending.render());
    }
    stage.write()?.publish()?;
    if commits {
        commit_files(ctx, &opened.vault, &name, &pending);
        note_unsent(ctx, &opened.vault);
    }
    Ok(JoinReport {
        member: name,
        named_after,
        keyfile: key.file,
        keyfile_created: key.created,
        backup: key.backup,
        recipient: key.recipient,
        fingerprint: signer.key.verify_key().fingerprint(),
        pauses,
    })
}

/// Refuses a name that is not free: only a member by recipients alone, who is to get a key to
/// sign with, and one who was removed may ask for theirs.
fn refuse_unasked(opened: &Snapshot, name: &MemberName) -> Result<()> {
    match opened.rules.standing(name) {
        None | Some(Standing::Removed(_)) => Ok(()),
        Some(Standing::InForce(member)) if member.signing.is_none() => Ok(()),
        Some(Standing::InForce(_)) => Err(MemberError::NameTaken(name.clone()).into()),
        Some(Standing::Unapproved(_)) => Err(MemberError::MemberWaits(name.clone()).into()),
        Some(Standing::Damaged(why)) => {
            Err(MemberError::MemberUnfit { name: name.clone(), why: why.clone() }.into())
        }
    }
}

fn request(
    opened: &Snapshot,
    name: &MemberName,
    identity: &Identity,
    signing: &SigningKey,
    groups: &[GroupName],
) -> Result<Member> {
    let mut to = identity.recipients().to_vec();
    let mut groups = groups.to_vec();
    let mut version = 1;
    match opened.rules.standing(name) {
        Some(Standing::InForce(old)) => {
            let theirs = recipients(&opened.rules, std::iter::once(name))?;
            to = merged(theirs, &to, &[]);
            groups = merged(old.groups.clone(), &groups, &[]);
            version = old.version + 1;
        }
        Some(Standing::Removed(old)) => version = old.version + 1,
        _ => {}
    }
    Ok(Member { version, groups, ..enroll::member(signing, &to)? })
}
