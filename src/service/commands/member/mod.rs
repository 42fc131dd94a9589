//! Members: added by an admin with their recipients, listed and shown to anybody.

mod recovery;
mod remove;
mod rotate;
mod update;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::crypto::Recipient;
use crate::crypto::sign::SigningKey;
use crate::fs::VaultPath;
use crate::many::merged;
use crate::name::{GroupName, MachineName, MemberName};
use crate::service::base::{Context, DocumentStatus, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::service::identity::enroll::{self};
use crate::service::identity::{MemberError, acceptable, refuse_taken};
use crate::service::rules::{Encryption, RuleUpdate, apply_rules};
use crate::service::secret::note_pending;
use crate::store::{AdminSet, Member, Standing, StoreError};

pub use recovery::member_add_recovery;
pub use remove::{Exposed, Removal, member_remove};
pub use rotate::{IdentityRotated, RotateIdentity, rotate_identity};
pub use update::{MemberChange, MemberUpdated, member_update};

/// A member to add.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The name.
    pub name: MemberName,
    /// age recipients (`age1…`) and ssh public keys.
    pub recipients: Vec<String>,
    /// Groups to belong to.
    pub groups: Vec<GroupName>,
    /// Make an admin of them; one who is a member with a signing key already needs no
    /// recipients.
    pub admin: bool,
}

/// A member as people see one.
#[derive(Debug, Clone, Serialize)]
pub struct MemberView {
    /// The name.
    pub name: MemberName,
    /// `in-force`, `unapproved` or `damaged`.
    pub status: DocumentStatus,
    /// Whether the member is an admin.
    pub admin: bool,
    /// Whether the member can sign, and so store and change secrets.
    pub writes: bool,
    /// Groups.
    pub groups: Vec<GroupName>,
    /// What is encrypted to the member.
    pub recipients: Vec<String>,
    /// Which of the recipients is which machine's, as far as the member says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub machines: BTreeMap<MachineName, String>,
    /// Counts changes.
    pub version: u64,
    /// Why the file is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Adds a member by recipients alone, who reads what the policies give and signs nothing; or
/// an admin, for whom a signing key is made and encrypted to the recipients; or makes an admin of
/// a member who signs.
///
/// # Errors
/// The name is taken, a recipient is none or belongs to somebody; the caller is no admin.
pub fn member_add(ctx: &Context, new: &NewMember) -> Result<()> {
    // What is no recipient is said before anything else.
    new.recipients.iter().try_for_each(|text| Recipient::parse(text.trim()).map(drop))?;
    let locked = LockedVault::lock(ctx, &Op::MEMBER_ADD)?;
    let recipients = parse(&locked.opened, &new.recipients)?;
    let action = Action::new(Op::MEMBER_ADD).saying(new.name.to_string());
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        let opened = &locked.opened;
        let (member, message) = match promoted(opened, new, &recipients)? {
            Some(member) => (member, format!("Make {} an admin", new.name)),
            None => {
                refuse_taken(opened, &recipients, None)?;
                (added(opened, new, &recipients)?, format!("Add member {}", new.name))
            }
        };
        let mut update = RuleUpdate::default();
        if new.admin {
            let now = opened.vault.admins();
            let mut admins = now.admins.clone();
            admins.extend(member.verify.map(|key| (new.name.clone(), key)));
            update.admins = Some(AdminSet { version: now.version + 1, admins });
        }
        update.members.push((new.name.clone(), member));
        apply_rules(tx, update, Encryption::Later)?;
        Ok((message, ()))
    })?;
    drop(locked);
    note_pending(ctx)
}

/// The member who is to become an admin, where there is one and no recipients are given.
fn promoted(
    opened: &Snapshot,
    new: &NewMember,
    recipients: &[Recipient],
) -> Result<Option<Member>> {
    let Some(Standing::InForce(old)) = opened.rules.standing(&new.name) else { return Ok(None) };
    if !new.admin || !recipients.is_empty() {
        return Ok(None);
    }
    if opened.rules.is_admin(&new.name) {
        return Err(MemberError::AdminAlready(new.name.clone()).into());
    }
    if old.verify.is_none() || old.signing.is_none() {
        return Err(MemberError::NoSigningKey(new.name.clone()).into());
    }
    let mut member: Member = (**old).clone();
    member.groups = merged(member.groups, &new.groups, &[]);
    member.version += 1;
    Ok(Some(member))
}

fn added(opened: &Snapshot, new: &NewMember, recipients: &[Recipient]) -> Result<Member> {
    if recipients.is_empty() {
        return Err(MemberError::NoRecipient.into());
    }
    let version = next_version(opened, &new.name)?;
    let former = match opened.rules.standing(&new.name) {
        Some(Standing::Removed(old)) => {
            old.former.iter().copied().chain(old.verify).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    // Whoever signs for others has to be able to sign.
    let keyed = match new.admin {
        true => enroll::member(&SigningKey::generate(), recipients)?,
        false => Member::default(),
    };
    Ok(Member {
        version,
        recipients: recipients.iter().map(ToString::to_string).collect(),
        groups: new.groups.clone(),
        former,
        ..keyed
    })
}

/// Lists the members, sorted by name; this needs no identity.
///
/// # Errors
/// No vault, or a damaged one.
pub fn member_list(ctx: &Context) -> Result<Vec<MemberView>> {
    let opened = OpenVault::open(ctx)?;
    let views = opened.rules.standings().filter_map(|(name, file)| view(&opened, name, file));
    let views = views.collect();
    Ok(views)
}

/// Shows one member; this needs no identity.
///
/// # Errors
/// There is no such member.
pub fn member_show(ctx: &Context, name: &MemberName) -> Result<MemberView> {
    let opened = OpenVault::open(ctx)?;
    let found = opened.rules.standing(name).and_then(|file| view(&opened, name, file));
    Ok(found.ok_or_else(|| MemberError::NoMember(name.clone()))?)
}

/// The recipients, each once.
fn parse(opened: &Snapshot, texts: &[String]) -> Result<Vec<Recipient>> {
    let mut all = Vec::new();
    for text in texts {
        let recipient = opened.vault.recipient(text.trim())?;
        if !all.contains(&recipient) {
            all.push(recipient);
        }
    }
    acceptable(opened, &all)?;
    Ok(all)
}

fn next_version(opened: &Snapshot, name: &MemberName) -> Result<u64> {
    match opened.rules.standing(name) {
        None => Ok(1),
        Some(Standing::Removed(old)) => Ok(old.version + 1),
        Some(Standing::InForce(_)) => Err(MemberError::MemberExists(name.clone()).into()),
        // An edit is not approved in passing, nor overwritten.
        Some(Standing::Unapproved(why) | Standing::Damaged(why)) => {
            Err(MemberError::MemberUnfit { name: name.clone(), why: why.clone() }.into())
        }
    }
}

/// What somebody asks for whose file they signed themselves: to join, or an edit of theirs.
fn request(opened: &Snapshot, name: &MemberName, why: &StoreError) -> Option<String> {
    let StoreError::UnknownSigner { by, .. } = why else { return None };
    let claim = opened.vault.claim::<Member>(&VaultPath::member(name)).ok()?.document;
    let key = claim.verify.filter(|_| by == name)?;
    // Signed with the key that it names: nobody else's.
    opened.vault.own_edit(name, &key)?;
    let what = match opened.rules.as_last_signed(name) {
        Some(_) => "changed their own file",
        None => "asks to join",
    };
    Some(format!(
        "{what} (an admin approves: authy approve {name}); signing key {}",
        key.fingerprint()
    ))
}

fn view(opened: &Snapshot, name: &MemberName, file: &Standing<Member>) -> Option<MemberView> {
    let view = |status, problem| MemberView {
        name: name.clone(),
        status,
        admin: opened.rules.is_admin(name),
        writes: false,
        groups: Vec::new(),
        recipients: Vec::new(),
        machines: BTreeMap::new(),
        version: 0,
        problem,
    };
    Some(match file {
        Standing::Removed(_) => return None,
        Standing::Unapproved(why) => {
            let asks = request(opened, name, why).unwrap_or_else(|| why.to_string());
            view(DocumentStatus::Unapproved, Some(asks))
        }
        Standing::Damaged(why) => view(DocumentStatus::Damaged, Some(why.to_string())),
        Standing::InForce(member) => MemberView {
            writes: member.signing.is_some(),
            groups: member.groups.clone(),
            recipients: member.recipients.clone(),
            machines: member.machines.clone(),
            version: member.version,
            ..view(DocumentStatus::InForce, None)
        },
    })
}
