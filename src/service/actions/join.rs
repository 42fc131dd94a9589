//! `join`: asking to become a member. The request is the member's file, signed with the key
//! that it names; nobody obeys it, and nothing is encrypted to it, until an admin approves.

use std::path::PathBuf;

use crate::access::AccessError;
use crate::crypto::sign::SigningKey;
use crate::crypto::{Identity, Recipient, seal_armored};
use crate::fs::{Lock, Stage, VaultPath};
use crate::name::{GroupName, MemberName};
use crate::service::base::caller::{authenticate, recipients};
use crate::service::base::commit::{PENDING, Pending, commit_files};
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::newcomer::{self, NameSource, Newcomer, refuse_taken};
use crate::service::base::opening::{LOCK_WAIT, Opened};
use crate::service::base::team::TeamProblem;
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
    /// The first recipient.
    pub recipient: String,
    /// The fingerprint of the new verify key, for an admin to compare.
    pub fingerprint: String,
    /// Whether the member was one already, and reads nothing until he is approved again.
    pub pauses: bool,
}

/// Writes the request and commits it. Where there is no identity one is made.
///
/// # Errors
/// The name is somebody else's, or waits already; the identity belongs to another member.
pub fn join(ctx: &Context, options: &JoinOptions) -> Result<JoinReport> {
    newcomer::refuse_any_token(ctx)?;
    if let Some(confined) = &ctx.confined {
        return Err(AccessError::Confined { confined: confined.clone() }.into());
    }
    let opened = Opened::open(ctx)?;
    let (name, named_after) = newcomer::name(ctx, &options.who)?;
    // A key that was just made is no member's: whoever is one has to prove it with his own.
    if let Some(Base::InForce) = base(&opened, &name, None)?
        && authenticate(ctx, &opened.rules).ok().is_none_or(|caller| caller.name != name)
    {
        return Err(TeamProblem::MemberExists(name).into());
    }
    let key = newcomer::identity(ctx, &options.who)?;
    let lock = Lock::acquire(opened.vault.root(), LOCK_WAIT)?;
    let opened = Opened::open_locked(ctx, &lock)?;
    let base = base(&opened, &name, Some(&key.identity))?;
    refuse_taken(&opened, key.identity.recipients(), Some(&name))?;
    let signing = SigningKey::generate();
    let member = request(&opened, (&name, base), (&key.identity, &signing), &options.groups)?;
    let signer = Signer { name: name.clone(), key: signing };
    let path = VaultPath::member(&name);
    let file = store::sign(&member, &path, opened.vault.id(), (&signer, Stamp::new(ctx.now)))?;
    let mut stage = Stage::new(&lock);
    stage.put(path, file);
    let commits = opened.vault.config().commit == CommitMode::Auto;
    let mut pending = Pending::load(opened.vault.root())?;
    if commits {
        pending.add(format!("Ask to join as {name}"), &stage.paths());
        stage.put_local(PENDING, pending.render())?;
    }
    stage.write()?.publish()?;
    if commits {
        commit_files(ctx, (&opened.vault, &name), &pending);
    }
    opened.settle(ctx);
    Ok(JoinReport {
        member: name,
        named_after,
        keyfile: key.file,
        keyfile_created: key.created,
        recipient: key.recipient,
        fingerprint: signer.key.verify_key().fingerprint(),
        pauses: matches!(base, Some(Base::InForce)),
    })
}

/// What was there under the name.
#[derive(Clone, Copy)]
enum Base {
    /// A member by recipients alone, who gets a key to sign with.
    InForce,
    /// A member who was removed.
    Removed,
}

/// Whether the name can be asked for; with an identity, whether by its owner.
fn base(opened: &Opened, name: &MemberName, who: Option<&Identity>) -> Result<Option<Base>> {
    let Some(standing) = opened.rules.standing(name) else { return Ok(None) };
    Ok(Some(match standing {
        Standing::Removed(_) => Base::Removed,
        Standing::InForce(member) if member.signing.is_none() => {
            let theirs = |text: &String| Recipient::parse(text).ok();
            let is_his = |who: &Identity| {
                member
                    .recipients
                    .iter()
                    .filter_map(theirs)
                    .any(|one| who.recipients().contains(&one))
            };
            if !who.is_none_or(is_his) {
                return Err(TeamProblem::MemberExists(name.clone()).into());
            }
            Base::InForce
        }
        Standing::InForce(_) => return Err(TeamProblem::MemberExists(name.clone()).into()),
        Standing::Unapproved(_) => return Err(TeamProblem::MemberWaits(name.clone()).into()),
        Standing::Damaged(why) => {
            return Err(TeamProblem::MemberUnfit { name: name.clone(), why: why.clone() }.into());
        }
    }))
}

fn request(
    opened: &Opened,
    (name, base): (&MemberName, Option<Base>),
    (identity, signing): (&Identity, &SigningKey),
    groups: &[GroupName],
) -> Result<Member> {
    let fresh = newcomer::member(signing, identity.recipients())?;
    let fresh = Member { groups: groups.to_vec(), ..fresh };
    match (base, opened.rules.standing(name)) {
        (Some(Base::InForce), Some(Standing::InForce(old))) => {
            let mut to = recipients(&opened.rules, std::iter::once(name))?;
            to.extend(
                identity
                    .recipients()
                    .iter()
                    .filter(|one| !to.contains(one))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            let mut all = old.groups.clone();
            all.extend(groups.iter().filter(|group| !old.groups.contains(group)).cloned());
            let seed = signing.seed();
            Ok(Member {
                version: old.version + 1,
                recipients: to.iter().map(ToString::to_string).collect(),
                groups: all,
                signing: Some(seal_armored(seed.expose(), &to)?),
                ..fresh
            })
        }
        (_, Some(Standing::Removed(old))) => Ok(Member { version: old.version + 1, ..fresh }),
        _ => Ok(fresh),
    }
}
