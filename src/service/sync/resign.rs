//! Records that a merge would leave without a signer who may: one side took a name from the
//! member who gave the secret a value on the other side.
//!
//! What was signed by somebody who might on their own side was right. Whoever may sign now signs
//! it anew, so that it goes on to be; whoever may not any more leaves the remote's value in
//! force, and their own in history.

use std::collections::BTreeSet;

use super::conflict::{self, Conflict, ConflictTarget, Revision, Side};
use super::merge::SyncError;
use super::published;
use crate::access::{RuleChange, RuleDocument, Rules};
use crate::audit::{Action, Op};
use crate::crypto::sign::VerifyKey;
use crate::fs::{LocalFile, Subject, VaultPath};
use crate::git::{self, Difference, Divergence};
use crate::name::{MemberName, SecretName};
use crate::service::base::{Note, Result, Snapshot};
use crate::service::change::{LockedVault, Transaction};
use crate::service::rules::rules_at;
use crate::store::{Authority, EncryptedSecret, Member, Pin, Policy, Record, Version};

/// A secret whose record has no signer who may once the branches are joined.
struct UnsignableRecord {
    conflict: Conflict,
    name: SecretName,
    sealed: EncryptedSecret,
    is_ours: bool,
}

/// Finds such records and mends them; true where a commit was made. What is still to be decided
/// (`conflicts`) is left to people, unless the caller may not decide it any more.
///
/// # Errors
/// The branches cannot be read; the change cannot be made.
pub(crate) fn resign_after_merge(
    locked: &LockedVault<'_>,
    division: &Divergence,
    conflicts: &[Conflict],
) -> Result<bool> {
    let opened = &locked.opened;
    let caller = &locked.caller.name;
    let Some((after, theirs)) = rules(opened, division)? else { return Ok(false) };
    let mut orphans = find(opened, division, &after, &theirs);
    let is_open = |orphan: &UnsignableRecord| {
        conflicts.iter().any(|one| one.matter == orphan.conflict.matter)
    };
    orphans.retain(|orphan| !is_open(orphan) || !after.may_read(caller, &orphan.name));
    // What both sides have is nobody's to leave.
    let is_alike = |orphan: &UnsignableRecord| orphan.conflict.files.is_empty();
    orphans.retain(|orphan| !is_alike(orphan) || after.may_read(caller, &orphan.name));
    if orphans.is_empty() {
        return Ok(false);
    }
    refuse_taken_away(opened, &orphans)?;
    let secrets = orphans.iter().map(|orphan| orphan.name.clone());
    let action = Action::new(Op::SYNC).on(secrets);
    let (mended, left): (Vec<&UnsignableRecord>, Vec<&UnsignableRecord>) =
        orphans.iter().partition(|orphan| after.may_read(caller, &orphan.name));
    locked.transact(&action, |tx| {
        for orphan in &mended {
            sign(tx, orphan)?;
        }
        for orphan in left.iter().filter(|orphan| orphan.is_ours) {
            leave(tx, orphan, &after)?;
        }
        let settled: Vec<&Conflict> = mended.iter().map(|orphan| &orphan.conflict).collect();
        tx.put_local(LocalFile::Settled, conflict::settling(opened.vault.root(), &settled)?);
        Ok((message(&orphans), ()))
    })?;
    let names: Vec<_> =
        left.iter().filter(|orphan| orphan.is_ours).map(|orphan| orphan.name.clone()).collect();
    if !names.is_empty() {
        locked.ctx.front.note(&Note::NotSent { names });
    }
    Ok(true)
}

/// Refuses what somebody wrote whose right to it was taken away *and published*: not what they wrote
/// while nobody could have known of it.
///
/// # Errors
/// `TakenAway`.
fn refuse_taken_away(opened: &Snapshot, orphans: &[UnsignableRecord]) -> Result<()> {
    let Some(rules) = last_rules(opened)? else { return Ok(()) };
    let was_taken = |orphan: &&UnsignableRecord| {
        let by = orphan.sealed.record().by();
        !orphan.is_ours
            && rules.record_key(by, &orphan.name).is_none()
            && opened.rules.record_key(by, &orphan.name).is_none()
    };
    let taken: Vec<&UnsignableRecord> = orphans.iter().filter(was_taken).collect();
    let Some(first) = taken.first() else { return Ok(()) };
    let who = first.sealed.record().by().clone();
    let of_him = taken.iter().filter(|orphan| *orphan.sealed.record().by() == who);
    let names = of_him.map(|orphan| format!("'{}'", orphan.name)).collect();
    Err(SyncError::TakenAway { who, names }.into())
}

/// Who the other side of a conflict let sign, but for those whose right to it was taken away and published.
pub(super) struct TheirSigners<'o> {
    opened: &'o Snapshot,
    theirs: Option<Rules>,
    published: Option<Rules>,
}

impl<'o> TheirSigners<'o> {
    /// # Errors
    /// The other side's rules cannot be read.
    pub(super) fn of(opened: &'o Snapshot, conflict: &Conflict) -> Result<Self> {
        let division = git::compare(opened.vault.root().path(), conflict.tip(Side::Theirs))?;
        let theirs = rules(opened, &division)?.map(|(_, theirs)| theirs);
        Ok(Self { opened, theirs, published: last_rules(opened)? })
    }
}

impl Authority for TheirSigners<'_> {
    fn record_key(&self, signer: &MemberName, name: &SecretName) -> Option<VerifyKey> {
        let key = |rules: &Rules| rules.record_key(signer, name);
        let was_taken = self.published.as_ref().is_some_and(|rules| key(rules).is_none());
        let by_theirs = || self.theirs.as_ref().filter(|_| !was_taken).and_then(key);
        key(&self.opened.rules).or_else(by_theirs)
    }
}

/// The rules as they were published last on a main branch, as far as this clone knows.
fn last_rules(opened: &Snapshot) -> Result<Option<Rules>> {
    let Some(tip) = published::last_of_main(opened.vault.root())? else { return Ok(None) };
    // A commit that is gone says nothing.
    rules_at(opened, &tip)
}

fn message(orphans: &[UnsignableRecord]) -> String {
    let names: Vec<&str> = orphans.iter().map(|orphan| orphan.name.as_str()).collect();
    format!("Follow the rules for {}", names.join(", "))
}

/// The rules once the branches are joined, and those of the other side; `None` where both have
/// the same, or different sets of admins, which nobody can say more about.
fn rules(opened: &Snapshot, division: &Divergence) -> Result<Option<(Rules, Rules)>> {
    let (mut after, mut theirs) = (RuleChange::default(), RuleChange::default());
    for file in &division.files {
        let Some(path) = file.path().and_then(VaultPath::parse) else { continue };
        match path.subject() {
            Subject::Admins(_) => return Ok(None),
            Subject::Member(name) => {
                take::<Member>(opened, file, name, [&mut after, &mut theirs])?;
            }
            Subject::Policy(name) => {
                take::<Policy>(opened, file, name, [&mut after, &mut theirs])?;
            }
            _ => {}
        }
    }
    if theirs.members.is_empty() && theirs.policies.is_empty() {
        return Ok(None);
    }
    Ok(Some((Rules::after(&opened.vault, after)?, Rules::after(&opened.vault, theirs)?)))
}

/// Takes a document as the other side has it, where an admin signed it. One that was put back,
/// older than this machine has seen, is none; what both sides had before is.
fn take<D: RuleDocument>(
    opened: &Snapshot,
    file: &Difference,
    name: &D::Name,
    [after, theirs]: [&mut RuleChange; 2],
) -> Result<()> {
    let Some(entry) = &file.theirs else { return Ok(()) };
    let path = D::path(name);
    let bytes = git::content(opened.vault.root().path(), entry)?;
    let seen = opened.vault.floor::<D>(name).map_or(0, |seen| seen.version);
    let Some(found) = opened.vault.approved::<D>(&path, bytes) else { return Ok(()) };
    // Beside main what main took away is no change of this branch's.
    let is_put_back = || {
        let on_main = opened.vault.met_on_main::<D>(name).map_or(0, |met| met.version);
        !opened.vault.is_on_main() && found.version() < on_main
    };
    if (file.theirs == file.base && !is_put_back()) || found.version() >= seen {
        if file.is_changed_by_them_alone() {
            D::among(after).push((name.clone(), found.clone()));
        }
        D::among(theirs).push((name.clone(), found));
    }
    Ok(())
}

fn find(
    opened: &Snapshot,
    division: &Divergence,
    after: &Rules,
    theirs: &Rules,
) -> Vec<UnsignableRecord> {
    let mut orphans = Vec::new();
    for file in &division.files {
        let Some(path) = file.path().and_then(VaultPath::parse) else { continue };
        let Subject::Record(name) = path.subject() else { continue };
        // Where both sides changed it, ours was made to take account of the other.
        let is_ours = !file.is_changed_by_them_alone();
        let matter = ConflictTarget::Secret(name.clone());
        let conflict = Conflict::new(division, matter, pair(division, name));
        let (side, before) = match is_ours {
            true => (Side::Ours, &opened.rules),
            false => (Side::Theirs, theirs),
        };
        let read = |rules: &Rules| {
            let at =
                |path: &VaultPath| conflict.at(opened, Revision::Now(side), path).ok().flatten();
            let (record, value) = (at(&VaultPath::record(name))?, at(&VaultPath::secret(name))?);
            opened.vault.offered_secret(name, record, value, rules).ok()
        };
        // What was wrong before stays wrong.
        if let (Some(sealed), None) = (read(before), read(after)) {
            orphans.push(UnsignableRecord { conflict, name: name.clone(), sealed, is_ours });
        }
    }
    orphans.extend(alike(opened, division, after));
    orphans
}

/// Those that both sides have alike: whoever took a name from a member, in a request, could not know of what that
/// member stored on main meanwhile. What this machine has not met as main's may be anybody's.
fn alike(opened: &Snapshot, division: &Divergence, after: &Rules) -> Vec<UnsignableRecord> {
    let before = opened.vault.is_on_main().then(|| rules_at(opened, &division.tips().0).ok()?);
    let Some(before) = before.flatten() else { return Vec::new() };
    let differing: BTreeSet<&str> = division.files.iter().filter_map(Difference::path).collect();
    let mut names = opened.vault.names().unwrap_or_default();
    names.retain(|name| !differing.contains(VaultPath::record(name).as_str()));
    let orphan = |name: SecretName| {
        let seen = opened.vault.pins().seen(&VaultPath::record(&name))?;
        let sealed = opened.vault.secret(&name, &before).ok()??;
        let record = sealed.record();
        if Version::from(&**record) != seen || after.record_key(record.by(), &name).is_some() {
            return None;
        }
        let matter = ConflictTarget::Secret(name.clone());
        let conflict = Conflict::new(division, matter, Vec::new());
        Some(UnsignableRecord { conflict, name, sealed, is_ours: true })
    };
    names.into_iter().filter_map(orphan).collect()
}

fn pair(division: &Divergence, name: &SecretName) -> Vec<Difference> {
    let paths = [VaultPath::record(name), VaultPath::secret(name)];
    let is_of_it = |file: &&Difference| paths.iter().any(|path| file.path() == Some(path.as_str()));
    division.files.iter().filter(is_of_it).cloned().collect()
}

fn sign(tx: &mut Transaction<'_>, orphan: &UnsignableRecord) -> Result<()> {
    let record: &Record = orphan.sealed.record();
    let record = Record { version: record.version.saturating_add(1), ..record.clone() };
    tx.write_secret(&orphan.name, orphan.sealed.ciphertext().to_vec(), record);
    Ok(())
}

/// Puts the files as the remote has them. Where that is a value in force this machine forgets
/// the version that it had by itself, or it would take the other for a rollback.
fn leave(tx: &mut Transaction<'_>, orphan: &UnsignableRecord, after: &Rules) -> Result<()> {
    let opened = tx.opened();
    let at = |path: &VaultPath| orphan.conflict.at(opened, Revision::Now(Side::Theirs), path);
    let (record, value) = (VaultPath::record(&orphan.name), VaultPath::secret(&orphan.name));
    let files = (at(&record)?, at(&value)?);
    if let (Some(signed), Some(sealed)) = &files
        && let Ok(theirs) =
            opened.vault.offered_secret(&orphan.name, signed.clone(), sealed.clone(), after)
    {
        let ours = Version::from(&**orphan.sealed.record());
        let to = Version::from(&**theirs.record());
        tx.remember(Pin::Withdrawn { path: record.clone(), from: ours, to });
    }
    for (path, bytes) in [(record, files.0), (value, files.1)] {
        match bytes {
            Some(bytes) => tx.put(path, bytes),
            None => tx.remove(path),
        }
    }
    Ok(())
}
