//! `member update`: another group, another recipient. An admin gives groups; what is encrypted to
//! a member who signs is theirs to say, and an admin's to approve.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::crypto::Recipient;
use crate::crypto::sign::SigningKey;
use crate::fs::VaultPath;
use crate::many::merged;
use crate::name::{GroupName, MachineName, MemberName};
use crate::service::base::{Context, Result};
use crate::service::change::LockedVault;
use crate::service::identity::enroll::{self};
use crate::service::identity::{MemberError, acceptable, owns, recipients, refuse_taken};
use crate::service::rules::{Encryption, RuleUpdate, apply_rules};
use crate::service::secret::note_pending;
use crate::store::{AdminSet, Member, Standing};

/// What to change about a member.
#[derive(Debug, Clone)]
pub struct MemberChange {
    /// The member.
    pub name: MemberName,
    /// Groups to belong to.
    pub groups: Vec<GroupName>,
    /// Groups to leave.
    pub remove_groups: Vec<GroupName>,
    /// age recipients (`age1…`) and ssh public keys to encrypt to.
    pub recipients: Vec<String>,
    /// Recipients to encrypt to no more.
    pub remove_recipients: Vec<String>,
    /// The machine of the one recipient in `recipients`.
    pub machine: Option<MachineName>,
    /// Machines whose recipients are encrypted to no more.
    pub remove_machines: Vec<MachineName>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct MemberUpdated {
    /// The member.
    pub member: MemberName,
    /// Whether it is a request, which an admin has yet to approve.
    pub waits: bool,
    /// How many secrets were encrypted anew.
    pub encrypted: usize,
    /// The fingerprint of the new signing key, where there is one.
    pub fingerprint: Option<String>,
}

/// The member's next document, and the new key to sign with.
type Next = (Member, Option<SigningKey>);

/// Changes groups and recipients. With other recipients every secret that the member reads is
/// encrypted anew in the same change; with one less they get another signing key, because
/// whoever holds the identity that goes can open the present one, and their sessions end.
///
/// # Errors
/// There is no such member; nothing changes; a recipient is none, somebody else's, not there, or
/// the last one; the recipients are another member's to say; an admin gives up the identity that they
/// is using; an agent asks for other recipients.
pub fn member_update(ctx: &Context, change: &MemberChange) -> Result<MemberUpdated> {
    let name = &change.name;
    let locked = LockedVault::lock(ctx, &Op::MEMBER_UPDATE)?;
    let action = Action::new(Op::MEMBER_UPDATE).saying(name.to_string());
    let updated = locked.transact(&action, |tx| {
        let old = in_force(&locked, name)?;
        let is_own = locked.caller.name == *name;
        let waits = is_own && !locked.opened.rules.is_admin(name);
        if waits {
            ctx.refuse_confined()?;
        } else {
            locked.require_admin()?;
        }
        let (member, key) = next(&locked, old, change)?;
        // An admin who mistook a recipient for their own could not take it back.
        if is_own && !waits && !owns(locked.caller.identity.recipients(), &member) {
            return Err(MemberError::OwnIdentity(name.clone()).into());
        }
        let is_moved = member.recipients != old.recipients;
        let fingerprint = key.as_ref().map(|key| key.verify_key().fingerprint());
        let encrypted = match waits {
            true => {
                tx.put_request(VaultPath::member(name), &member)?;
                0
            }
            false => {
                let update = update(&locked, name, member, key);
                // 'rekey' goes by who reads: it would not find what has the same readers.
                let encryption = if is_moved { Encryption::Now } else { Encryption::Later };
                apply_rules(tx, update, encryption)?.len()
            }
        };
        let message = if waits { "Ask to update member" } else { "Update member" };
        let updated = MemberUpdated { member: name.clone(), waits, encrypted, fingerprint };
        Ok((format!("{message} {name}"), updated))
    })?;
    drop(locked);
    if !updated.waits {
        note_pending(ctx)?;
    }
    Ok(updated)
}

fn in_force<'v>(locked: &'v LockedVault<'_>, name: &MemberName) -> Result<&'v Member> {
    match locked.opened.rules.standing(name) {
        Some(Standing::InForce(member)) => Ok(member),
        None | Some(Standing::Removed(_)) => Err(MemberError::NoMember(name.clone()).into()),
        // An edit is not approved in passing, nor overwritten.
        Some(Standing::Unapproved(why) | Standing::Damaged(why)) => {
            Err(MemberError::MemberUnfit { name: name.clone(), why: why.clone() }.into())
        }
    }
}

fn next(locked: &LockedVault<'_>, old: &Member, change: &MemberChange) -> Result<Next> {
    let name = &change.name;
    let is_own = locked.caller.name == *name;
    let parse = |texts: &[String]| -> Result<Vec<Recipient>> {
        texts.iter().map(|text| Ok(locked.opened.vault.recipient(text.trim())?)).collect()
    };
    let before = recipients(&locked.opened.rules, std::iter::once(name))?;
    let (add, mut take) = (parse(&change.recipients)?, parse(&change.remove_recipients)?);
    for machine in &change.remove_machines {
        let no_machine = || MemberError::NoMachine { name: name.clone(), machine: machine.clone() };
        let recipient = old.machines.get(machine).ok_or_else(no_machine)?;
        take.extend(parse(std::slice::from_ref(recipient))?);
    }
    acceptable(&locked.opened, &add)?;
    if let Some(other) = take.iter().find(|one| !before.contains(one)) {
        return Err(
            MemberError::NotHisRecipient { name: name.clone(), other: other.to_string() }.into()
        );
    }
    let now = merged(before.clone(), &add, &take);
    let mut member = Member {
        version: old.version + 1,
        groups: merged(old.groups.clone(), &change.groups, &change.remove_groups),
        ..old.clone()
    };
    member.machines = machines(old, change, &add, &now)?;
    if member.machines != old.machines && old.signing.is_some() && !is_own {
        return Err(MemberError::OwnRecipients(name.clone()).into());
    }
    if now == before {
        return match member.groups == old.groups && member.machines == old.machines {
            true => Err(MemberError::MemberUnchanged(name.clone()).into()),
            false => Ok((member, None)),
        };
    }
    if old.signing.is_some() && !is_own {
        return Err(MemberError::OwnRecipients(name.clone()).into());
    }
    if now.is_empty() {
        return Err(MemberError::LastRecipient(name.clone()).into());
    }
    refuse_taken(&locked.opened, &now, Some(name))?;
    member.recipients = now.iter().map(ToString::to_string).collect();
    if old.signing.is_none() {
        return Ok((member, None));
    }
    let key = (!take.is_empty()).then(SigningKey::generate);
    let signs = key.as_ref().unwrap_or(locked.signing_key());
    let keyed = enroll::member(signs, &now)?;
    if key.is_some() {
        member.former.extend(old.verify);
    }
    Ok((Member { verify: keyed.verify, signing: keyed.signing, ..member }, key))
}

/// Which recipient is which machine's from then on.
fn machines(
    old: &Member,
    change: &MemberChange,
    add: &[Recipient],
    now: &[Recipient],
) -> Result<BTreeMap<MachineName, String>> {
    let mut machines = old.machines.clone();
    machines.retain(|_, text| now.iter().any(|one| one.to_string() == *text));
    let Some(machine) = &change.machine else { return Ok(machines) };
    let [recipient] = add else { return Err(MemberError::WhichOfMachine.into()) };
    let recipient = recipient.to_string();
    if machines.get(machine).is_some_and(|other| *other != recipient) {
        let (name, machine) = (change.name.clone(), machine.clone());
        return Err(MemberError::MachineTaken { name, machine }.into());
    }
    // One name for one recipient.
    machines.retain(|_, other| *other != recipient);
    machines.insert(machine.clone(), recipient);
    Ok(machines)
}

/// What puts it in force; where an admin signs with another key, by another set of admins.
fn update(
    locked: &LockedVault<'_>,
    name: &MemberName,
    member: Member,
    key: Option<SigningKey>,
) -> RuleUpdate {
    let now = locked.opened.vault.admins();
    let admins = key.as_ref().map(|key| {
        let mut admins = now.admins.clone();
        admins.insert(name.clone(), key.verify_key());
        AdminSet { version: now.version + 1, admins }
    });
    let members = vec![(name.clone(), member)];
    RuleUpdate { admins, successor: key, members, ..RuleUpdate::default() }
}
