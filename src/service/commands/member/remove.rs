//! `member remove`: a signed tombstone, no listing in any policy, no sessions, secrets encrypted
//! to those who stay, and what the member may have copied named until it is rotated.

use serde::Serialize;

use crate::access::PolicyState;
use crate::audit::{Action, Op};
use crate::fs::VaultPath;
use crate::name::{MemberName, SecretName, SessionId};
use crate::service::base::{Context, Result, Snapshot, approved_before};
use crate::service::change::{LockedVault, Transaction};
use crate::service::identity::MemberError;
use crate::service::rules::{
    Encryption, RuleUpdate, apply_rules, as_last_approved, next_version, revoke_of,
};
use crate::store::{AdminSet, Grantee, Member, Policy, Standing};

/// What a removal did.
#[derive(Debug, Clone, Serialize)]
pub struct Removal {
    /// Who was removed.
    pub member: MemberName,
    /// How many secrets were encrypted anew.
    pub encrypted: usize,
    /// Sessions that they had made, revoked.
    pub sessions: Vec<SessionId>,
    /// Values that they could read, the oldest first: each is due for rotation.
    pub due: Vec<Exposed>,
}

/// A value that somebody could read who may not any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exposed {
    /// Since when the secret has this value (RFC 3339).
    pub changed: String,
    /// The secret.
    pub name: SecretName,
}

/// Removes a member, an admin too as long as another one stays; a request as well.
///
/// # Errors
/// There is no such member; they are the caller or the last admin; the caller is no admin; a
/// secret that they read is damaged.
pub fn member_remove(ctx: &Context, name: &MemberName) -> Result<Removal> {
    let locked = LockedVault::lock(ctx, &Op::MEMBER_REMOVE)?;
    let action = Action::new(Op::MEMBER_REMOVE).saying(name.to_string());
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        let opened = &locked.opened;
        let update = RuleUpdate {
            admins: admins_without(&locked, name)?,
            successor: None,
            members: vec![(name.clone(), tombstone(tx, name)?)],
            policies: policies_without(opened, name),
        };
        let before = as_last_approved(opened)?;
        let due = exposed(&before, name)?;
        let sessions = revoke_of(tx, &before, name)?;
        let changes = apply_rules(tx, update, Encryption::Now)?;
        let removal = Removal { member: name.clone(), encrypted: changes.len(), sessions, due };
        Ok((format!("Remove member {name}"), removal))
    })
}

/// The next set of admins, where they are one.
fn admins_without(locked: &LockedVault<'_>, name: &MemberName) -> Result<Option<AdminSet>> {
    let now = locked.opened.vault.admins();
    if !now.admins.contains_key(name) {
        return Ok(None);
    }
    let mut admins = now.admins.clone();
    admins.remove(name);
    if admins.is_empty() {
        return Err(MemberError::LastAdmin(name.clone()).into());
    }
    // The documents of the vault have to be signed by an admin who stays.
    if locked.caller.name == *name {
        return Err(MemberError::SelfRemoval(name.clone()).into());
    }
    Ok(Some(AdminSet { version: now.version + 1, admins }))
}

/// What stays of the member: the keys that they signed with, which their audit chains need.
fn tombstone(tx: &Transaction<'_>, name: &MemberName) -> Result<Member> {
    let opened = tx.opened();
    let path = VaultPath::member(name);
    let old = match opened.rules.standing(name) {
        None | Some(Standing::Removed(_)) => {
            return Err(MemberError::NoMember(name.clone()).into());
        }
        Some(Standing::InForce(old)) => Some((**old).clone()),
        // A request that is turned down, or a file that somebody edited or damaged.
        Some(Standing::Unapproved(_) | Standing::Damaged(_)) => {
            approved_before::<Member>(&opened.vault, name)?.map(|signed| (*signed).clone())
        }
    };
    let version = next_version(opened, &path, old.as_ref().map(|old| old.version));
    let (verify, former) = old.map(|old| (old.verify, old.former)).unwrap_or_default();
    Ok(Member { version, removed: Some(tx.at()), verify, former, ..Member::default() })
}

/// Policies that list them by name, without them: should they come back, they start anew.
fn policies_without(opened: &Snapshot, name: &MemberName) -> Vec<(crate::name::ScopeName, Policy)> {
    let him = Grantee::Member(name.clone());
    let listing = opened.rules.policies().filter_map(|(scope, state)| match state {
        PolicyState::InForce(signed, _) if signed.members.contains(&him) => {
            let mut policy: Policy = (***signed).clone();
            policy.members.retain(|grantee| *grantee != him);
            policy.version += 1;
            Some((scope.clone(), policy))
        }
        _ => None,
    });
    listing.collect()
}

/// The values that they could read, by their records: those encrypted to them now, and those
/// that were before and have not changed since, whatever they are called now.
fn exposed(opened: &Snapshot, name: &MemberName) -> Result<Vec<Exposed>> {
    let mut due = Vec::new();
    for secret in opened.vault.names()? {
        // What is damaged is reported where it is read.
        if let Ok(Some(record)) = opened.vault.record(&secret, &opened.rules)
            && (record.members().any(|who| who == name) || record.exposed_to.contains(name))
        {
            due.push(Exposed { changed: record.changed.to_string(), name: secret });
        }
    }
    due.sort();
    Ok(due)
}
