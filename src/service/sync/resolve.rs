//! Settling what both sides changed: one side's content becomes the newest version of all.
//!
//! The other side stays in git's history. No value is opened: the ciphertext is kept as it is
//! and its record is signed anew, with a version above both, so that no machine that has seen
//! either takes it for a rollback.

use super::added::{self, added};
use super::annotation;
use super::conflict::{Conflict, ConflictTarget, Revision, Side, settling};
use super::floor::{document_floor, floor, refuse_below};
use super::merge::SyncError;
use super::resign::TheirSigners;
use crate::audit::{Action, Op};
use crate::fs::{LocalFile, Subject, VaultPath};
use crate::git;
use crate::name::{MemberName, SecretName};
use crate::service::base::{Error, Result, Snapshot};
use crate::service::change::{LockedVault, Transaction};
use crate::service::secret::exposed;
use crate::store::{
    Authority, Document, EncryptedSecret, Member, Pin, Policy, Record, StoreError, Version,
};

/// A conflict, and the side that is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taking<'c> {
    pub(crate) conflict: &'c Conflict,
    pub(crate) side: Side,
}

/// Takes one side of each conflict, in one change.
///
/// # Errors
/// A side that nobody who may has signed; denied.
pub(crate) fn resolve_conflicts(
    locked: &LockedVault<'_>,
    op: Op,
    choices: &[Taking<'_>],
) -> Result<()> {
    let secret = |taking: &Taking<'_>| match &taking.conflict.matter {
        ConflictTarget::Secret(name) => Some(name.clone()),
        ConflictTarget::Document(_) => None,
    };
    let secrets = choices.iter().filter_map(secret);
    let action = Action::new(op).on(secrets);
    locked.transact(&action, |tx| {
        for taking in choices {
            match &taking.conflict.matter {
                ConflictTarget::Secret(name) => {
                    take_secret(tx, taking, name, Annotations::OfTheSide)?;
                }
                ConflictTarget::Document(path) => take_document(tx, taking, path)?,
            }
        }
        remember(tx, choices.iter().map(|taking| taking.conflict))?;
        let said: Vec<String> = choices.iter().map(Taking::said).collect();
        Ok((message(&said), ()))
    })
}

impl Taking<'_> {
    /// What is said of it in a commit.
    fn said(&self) -> String {
        format!("{} of {}", self.side.as_str(), self.conflict.matter)
    }
}

fn message(said: &[String]) -> String {
    match said {
        [one] => format!("Take {one}"),
        several => {
            let lines: String = several.iter().map(|one| format!("\n- {one}")).collect();
            format!("Settle {} conflicts\n{lines}", several.len())
        }
    }
}

/// Settles the conflicts that leave nothing to decide, because one side only encrypted or signed
/// the value of before anew, or both only added to a policy; returns what was settled. To see that, the values are opened and
/// compared, as far as the caller can; the rest is left to people.
///
/// # Errors
/// As [`resolve_conflicts`].
pub(crate) fn auto_resolve(
    locked: &LockedVault<'_>,
    conflicts: &[Conflict],
) -> Result<Vec<String>> {
    let candidate = |conflict| {
        let (side, states) = Conflict::probable(conflict, &locked.opened)?;
        let ConflictTarget::Secret(name) = &conflict.matter else { return None };
        locked.may_write(name).ok()?;
        let claimed = |at| conflict.claimed(&locked.opened, at);
        let sides = [Side::Ours, Side::Theirs].map(|side| claimed(Revision::Now(side)));
        if let ([Some(ours), Some(theirs)], Some(shared)) = (sides, claimed(Revision::Shared))
            && annotation::clashes(&ours, &theirs, &shared)
        {
            return None;
        }
        let offer = |state| offered(&locked.opened, conflict, name, state).ok().flatten();
        let pair = [offer(states[0])?, offer(states[1])?];
        offer(Revision::Now(side))?;
        Some((Taking { conflict, side }, name, pair))
    };
    let candidates: Vec<_> = conflicts.iter().filter_map(candidate).collect();
    let policies = added(locked, conflicts);
    if candidates.is_empty() && policies.is_empty() {
        return Ok(Vec::new());
    }
    let secrets = candidates.iter().map(|(_, name, _)| (*name).clone());
    let action = Action::new(Op::SYNC).on(secrets);
    locked.transact(&action, |tx| {
        let mut choices = Vec::new();
        let mut settled = Vec::new();
        for (taking, name, pair) in &candidates {
            let values = tx.reopen(Op::SYNC, pair);
            let is_same = values.is_ok_and(|values| values.iter().all(|(_, v)| *v == values[0].1));
            if is_same {
                take_secret(tx, taking, name, Annotations::OfBoth)?;
                choices.push(*taking);
                settled.push(name.to_string());
            }
        }
        let mut said: Vec<String> = choices.iter().map(Taking::said).collect();
        for policy in &policies {
            added::put(tx, policy)?;
            settled.push(policy.conflict.matter.to_string());
            said.push(format!("what both sides added to {}", policy.conflict.matter));
        }
        let choices = choices.iter().map(|taking| taking.conflict);
        remember(tx, choices.chain(policies.iter().map(|policy| policy.conflict)))?;
        Ok((message(&said), settled))
    })
}

fn remember<'c>(
    tx: &mut Transaction<'_>,
    conflicts: impl Iterator<Item = &'c Conflict>,
) -> Result<()> {
    let conflicts: Vec<&Conflict> = conflicts.collect();
    if !conflicts.is_empty() {
        tx.put_local(LocalFile::Settled, settling(tx.opened().vault.root(), &conflicts)?);
    }
    Ok(())
}

/// The secret as a state has it, signed by somebody who may; `None` where it was removed.
pub(crate) fn offered(
    opened: &Snapshot,
    conflict: &Conflict,
    name: &SecretName,
    state: Revision,
) -> Result<Option<EncryptedSecret>> {
    let record = conflict.at(opened, state, &VaultPath::record(name))?;
    let value = conflict.at(opened, state, &VaultPath::secret(name))?;
    Ok(match (record, value) {
        (Some(record), Some(value)) => {
            let read = |authority: &dyn Authority| {
                opened.vault.offered_secret(name, record.clone(), value.clone(), authority)
            };
            match (read(&opened.rules), state) {
                // Signed by somebody who may, over there.
                (Err(StoreError::UnknownSigner { .. }), Revision::Now(Side::Theirs)) => {
                    Some(read(&TheirSigners::of(opened, conflict)?)?)
                }
                (read, _) => Some(read?),
            }
        }
        (None, None) => None,
        (Some(_), None) => return Err(half(VaultPath::record(name), VaultPath::secret(name))),
        (None, Some(_)) => return Err(half(VaultPath::secret(name), VaultPath::record(name))),
    })
}

fn half(present: VaultPath, absent: VaultPath) -> Error {
    StoreError::Half { present, absent }.into()
}

/// What becomes of what people said of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Annotations {
    /// Somebody chose a side, with all of it.
    OfTheSide,
    /// Nobody chose: what only the other side changed stays changed.
    OfBoth,
}

fn take_secret(
    tx: &mut Transaction<'_>,
    taking: &Taking<'_>,
    name: &SecretName,
    annotations: Annotations,
) -> Result<()> {
    let (Taking { conflict, side }, opened) = (*taking, tx.opened());
    tx.locked().may_write(name)?;
    let unfit = |why| SyncError::UnusableSide { matter: name.to_string(), why: Box::new(why) };
    let taken = offered(opened, conflict, name, Revision::Now(side)).map_err(unfit)?;
    let other = side.other();
    // One that nobody may have signed counts for nothing.
    let other_record = match conflict.is_gone(other) {
        true => last_of(opened, conflict, name, other)?,
        false => offered(opened, conflict, name, Revision::Now(other))
            .ok()
            .flatten()
            .map(|other| (**other.record()).clone()),
    };
    let floor = floor(opened, side, &VaultPath::record(name), |at| {
        let record: Option<Record> = match at {
            // What it was before it was taken away is what this machine has seen.
            Revision::Now(gone) if gone == other && conflict.is_gone(other) => other_record.clone(),
            _ => conflict.claimed(opened, at),
        };
        record.map(|record| Version::from(&record))
    });
    if let Some(taken) = &taken {
        let found = Version::from(&**taken.record());
        refuse_below(&VaultPath::record(name), found, floor).map_err(|why| unfit(why.into()))?;
    }
    let other = other_record;
    let Some(taken) = taken else {
        tx.remove_secret(name);
        return Ok(());
    };
    let mut record: Record = (**taken.record()).clone();
    if let Some(other) = &other {
        let shared: Option<Record> = conflict.claimed(opened, Revision::Shared);
        if let (Some(shared), Annotations::OfBoth) = (shared, annotations) {
            annotation::merge(&mut record, other, &shared);
        }
        if record.tells_same_value(other) {
            let here: Vec<MemberName> = record.members().cloned().collect();
            record.exposed_to.extend(exposed(other, &here));
            record.exposed_to.sort();
            record.exposed_to.dedup();
            record.leaked = record.leaked.or(other.leaked);
        }
        record.version = record.version.max(other.version);
        record.created = record.created.max(other.created);
    }
    record.version = record.version.saturating_add(1);
    tx.write_secret(name, taken.ciphertext().to_vec(), record);
    Ok(())
}

/// The record as it was when that side took the secret away: machines that saw it remember its
/// version.
fn last_of(
    opened: &Snapshot,
    conflict: &Conflict,
    name: &SecretName,
    side: Side,
) -> Result<Option<Record>> {
    let keys = |who: &MemberName| opened.rules.verify_keys(who).unwrap_or_default();
    let mut last = None;
    let path = VaultPath::record(name);
    let from = conflict.tip(side);
    git::changes_before(opened.vault.root().path(), path.as_str(), Some(from), &mut |change| {
        let record = change.bytes.and_then(|bytes| opened.vault.past_record(name, &bytes, &keys));
        last = record.map(|record| (*record).clone());
        last.is_some()
    })?;
    Ok(last)
}

/// Takes a document. An admin signs what an admin had signed anew, above both versions; what
/// nobody approved stays unapproved. Others can only take what the remote has.
fn take_document(tx: &mut Transaction<'_>, taking: &Taking<'_>, path: &VaultPath) -> Result<()> {
    let (Taking { conflict, side }, opened) = (*taking, tx.opened());
    if side == Side::Ours {
        tx.locked().require_admin()?;
    }
    let sides = (
        conflict.at(opened, Revision::Now(side), path)?,
        conflict.at(opened, Revision::Now(side.other()), path)?,
    );
    let (Some(bytes), other) = sides else {
        tx.remove(path.clone());
        return Ok(());
    };
    let signs = opened.rules.is_admin(&tx.caller().name);
    let other = other.unwrap_or_default();
    match path.subject() {
        Subject::Member(name)
            if signs && sign_above::<Member>(tx, taking, name, [&bytes, &other])? =>
        {
            return Ok(());
        }
        Subject::Policy(name)
            if signs && sign_above::<Policy>(tx, taking, name, [&bytes, &other])? =>
        {
            return Ok(());
        }
        // Whoever takes another set than the one that this machine knows, knows what they do,
        // as far as it follows the set before.
        &Subject::Admins(number) => {
            tx.remember(Pin::Admins(number, opened.vault.other_admins(number, &bytes)?));
        }
        _ => {}
    }
    tx.put(path.clone(), bytes);
    Ok(())
}

/// Signs the first of two versions of a document anew, above both; false where no admin had
/// signed it.
fn sign_above<D: Document>(
    tx: &mut Transaction<'_>,
    taking: &Taking<'_>,
    name: &D::Name,
    [taken, other]: [&[u8]; 2],
) -> Result<bool> {
    let (opened, path) = (tx.opened(), &D::path(name));
    let signed = |bytes: &[u8]| opened.vault.approved::<D>(path, bytes.to_vec());
    let Some(taken) = signed(taken) else { return Ok(false) };
    let floor = document_floor::<D>(opened, taking.conflict, taking.side, path);
    refuse_below(path, Version::of_document(taken.version()), floor).map_err(|why| {
        SyncError::UnusableSide { matter: path.to_string(), why: Box::new(why.into()) }
    })?;
    let above = signed(other).map_or(0, |other| other.version());
    let version = taken.version().max(above).saturating_add(1);
    tx.put_document(name, &(*taken).clone().with_version(version))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{Taking, message};

    use crate::git::{Difference, Divergence};

    use crate::name::SecretName;
    use crate::service::sync::{Conflict, ConflictTarget, Side};

    #[test]
    fn a_commit_names_what_was_taken() {
        let division = Divergence::made_up(Vec::<Difference>::new());
        let conflict = |name: &str| {
            let matter = ConflictTarget::Secret(SecretName::parse(name).unwrap());
            Conflict::new(&division, matter, Vec::new())
        };
        let (a, b) = (conflict("a"), conflict("b"));
        let one = Taking { conflict: &a, side: Side::Ours };
        assert_eq!(message(&[one.said()]), "Take ours of a");
        let other = Taking { conflict: &b, side: Side::Theirs };
        assert_eq!(
            message(&[one.said(), other.said()]),
            "Settle 2 conflicts\n\n- ours of a\n- theirs of b"
        );
    }
}
