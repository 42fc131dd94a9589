//! Putting members, policies and admins in force, in one change.
//!
//! The documents are signed; records whose signer may not sign them any more are signed anew
//! by whoever makes the change, their authors stay; and where wanted every secret is encrypted
//! to those who may read it from then on. Where a member has other recipients than before, what they
//! reads and the keys of audit chains are encrypted to those; with another signing key the sessions
//! end that they made.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::history::as_last_approved;
use crate::access::{RuleChange, RuleDocument, Rules};
use crate::audit::ChainName;
use crate::crypto::sign::SigningKey;
use crate::crypto::{decrypt, encrypt};
use crate::fs::{self, GrantPlace, VaultPath};
use crate::name::{MemberName, ScopeName, SessionId};
use crate::service::audit::{MAX_KEY, session_of, travelling};
use crate::service::base::{Result, Snapshot};
use crate::service::change::Transaction;
use crate::service::identity::recipients;
use crate::service::secret::{ReaderChange, pending_under, reencrypt};
use crate::store::{AdminSet, Authority as _, Member, Policy, Record, Signed, Version};

/// What is to be in force.
#[derive(Debug, Default)]
pub(crate) struct RuleUpdate {
    /// The next set of admins.
    pub(crate) admins: Option<AdminSet>,
    /// The key that the caller signs with from then on, where the next set says so; all but that
    /// set is signed with it.
    pub(crate) successor: Option<SigningKey>,
    /// Members, tombstones included.
    pub(crate) members: Vec<(MemberName, Member)>,
    /// Policies, tombstones included.
    pub(crate) policies: Vec<(ScopeName, Policy)>,
}

/// When existing secrets follow the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// With `rekey`.
    Later,
    /// In the same change.
    Now,
}

/// Stages all of it; returns whose access to which secrets the encryption changed.
///
/// # Errors
/// A secret that is to be encrypted anew is damaged; a document cannot be signed.
pub(crate) fn apply_rules(
    tx: &mut Transaction<'_>,
    update: RuleUpdate,
    encryption: Encryption,
) -> Result<Vec<ReaderChange>> {
    tx.locked().refuse_missing_secrets()?;
    let mut change = RuleChange::default();
    if let Some(set) = &update.admins {
        let version = Version::of_document(u64::from(set.version));
        tx.put_signed(VaultPath::admins(set.version), set, version)?;
    }
    if let Some(key) = update.successor {
        tx.sign_as(key);
    }
    sign_all(tx, &update.members, &mut change)?;
    sign_all(tx, &update.policies, &mut change)?;
    if let Some(set) = &update.admins {
        resign_documents(tx, set, &mut change)?;
    }
    let changed: Vec<&MemberName> = update.members.iter().map(|(name, _)| name).collect();
    let opened = tx.opened();
    let before = as_last_approved(opened)?;
    let after = opened.under(Rules::after(&opened.vault, change)?);
    let moved = moved(&before.rules, &after.rules, &changed);
    let changes = match encryption {
        Encryption::Now => pending_under(&before, &after.rules, &moved)?,
        Encryption::Later => Vec::new(),
    };
    reencrypt(tx, &before, &after, &changes)?;
    resign_records(tx, &before, &after.rules, &changes)?;
    if update.admins.is_some() || !moved.is_empty() {
        reencrypt_chain_keys(tx, &after.rules)?;
    }
    for name in changed {
        if let (Some(old), Some(new)) = (before.rules.member(name), after.rules.member(name))
            && signs_anew(old, new)
        {
            revoke_of(tx, &before, name)?;
        }
    }
    Ok(changes)
}

/// Those of `names` who are members before and after, and to whom what they read is encrypted
/// anew though they read the same: they have other recipients, or the sessions they made end.
fn moved(before: &Rules, after: &Rules, names: &[&MemberName]) -> Vec<MemberName> {
    let differs = |name: &MemberName| match (before.member(name), after.member(name)) {
        (Some(old), Some(new)) => old.recipients != new.recipients || signs_anew(old, new),
        _ => false,
    };
    names.iter().filter(|name| differs(name)).map(|name| (*name).clone()).collect()
}

/// Whether a member who signs does so with another key.
fn signs_anew(old: &Member, new: &Member) -> bool {
    old.verify.is_some() && old.verify != new.verify
}

/// Takes the sessions away that a member made: their key of before signed them.
///
/// # Errors
/// The sessions cannot be listed.
pub(crate) fn revoke_of(
    tx: &mut Transaction<'_>,
    opened: &Snapshot,
    name: &MemberName,
) -> Result<Vec<SessionId>> {
    let mut revoked = Vec::new();
    for place in opened.vault.sessions()? {
        let grant = opened.vault.grant(&place, &opened.rules.creator_key());
        if matches!(grant, Ok(Some(grant)) if grant.by() == name) {
            tx.revoke(&place);
            revoked.push(place.id);
        }
    }
    Ok(revoked)
}

/// Signs what was signed by admins who are none any more, or sign with another key.
fn resign_documents(
    tx: &mut Transaction<'_>,
    set: &AdminSet,
    change: &mut RuleChange,
) -> Result<()> {
    let Snapshot { vault, rules, .. } = tx.opened();
    let old = &vault.admins().admins;
    // Whoever has another key now is gone with the old one.
    let gone: BTreeSet<&MemberName> = old
        .iter()
        .filter(|(name, key)| set.admins.get(name) != Some(key))
        .map(|(name, _)| name)
        .collect();
    change.admins = Some(set.admins.keys().cloned().collect());
    if gone.is_empty() {
        return Ok(());
    }
    if gone.contains(vault.config_signer()) {
        let config = vault.config();
        let version = Version::of_document(config.version);
        tx.put_signed(VaultPath::config(), config, version)?;
    }
    let members = rules.standings().map(|(name, standing)| (name, standing.signed()));
    resign_those_of(tx, &gone, members, change)?;
    let policies = rules.policies().map(|(name, state)| (name, state.signed()));
    resign_those_of(tx, &gone, policies, change)
}

fn resign_those_of<'r, D: RuleDocument + 'r>(
    tx: &mut Transaction<'_>,
    gone: &BTreeSet<&MemberName>,
    documents: impl Iterator<Item = (&'r D::Name, Option<&'r Signed<D>>)>,
    change: &mut RuleChange,
) -> Result<()> {
    for (name, signed) in documents {
        let Some(signed) = signed.filter(|signed| gone.contains(signed.by())) else { continue };
        if D::among(change).iter().all(|(other, _)| other != name) {
            let signed = tx.sign_document::<D>(name, signed)?;
            D::among(change).push((name.clone(), signed));
        }
    }
    Ok(())
}

fn sign_all<D: RuleDocument>(
    tx: &mut Transaction<'_>,
    documents: &[(D::Name, D)],
    change: &mut RuleChange,
) -> Result<()> {
    for (name, document) in documents {
        let signed = tx.put_document(name, document)?;
        D::among(change).push((name.clone(), signed));
    }
    Ok(())
}

/// Signs the records whose signers may not sign them any more; those that are encrypted anew
/// are signed by that.
fn resign_records(
    tx: &mut Transaction<'_>,
    before: &Snapshot,
    after: &Rules,
    encrypted: &[ReaderChange],
) -> Result<()> {
    let (vault, before) = (&before.vault, &before.rules);
    let names = vault.names()?;
    let orphaned = names.par_iter().filter_map(|name| {
        if encrypted.iter().any(|change| change.name == *name) {
            return None;
        }
        // What is damaged already is none of this change's business.
        let record = vault.record(name, before).ok()??;
        let same = after.record_key(record.by(), name) == before.record_key(record.by(), name);
        (!same).then_some((name, record))
    });
    for (name, record) in orphaned.collect::<Vec<_>>() {
        let record: &Record = &record;
        tx.write_record(name, Record { version: record.version + 1, ..record.clone() });
    }
    Ok(())
}

/// Encrypts the keys of audit chains to their writers and the admins as they are from then on, as far
/// as the caller opens them.
fn reencrypt_chain_keys(tx: &mut Transaction<'_>, after: &Rules) -> Result<()> {
    let opened = tx.opened();
    let mut files = Vec::new();
    for chain in travelling(&opened.vault)? {
        let (name, writer) = (chain.chain.as_str(), writer(opened, &chain.chain));
        let own = chain.own.and_then(|_| VaultPath::local_chain_key(name));
        let paths = VaultPath::chain_key(name).into_iter().chain(own);
        files.extend(paths.map(|path| (path, writer.clone())));
    }
    for place in opened.vault.sessions()?.into_iter().filter(|place| place.shared) {
        files.push((place.chain_key(), creator(opened, &place)));
    }
    for (path, writer) in files {
        let Some(sealed) = fs::read(opened.vault.root(), &path, MAX_KEY)? else { continue };
        let Ok(key) = decrypt(&sealed, &tx.caller().identity) else { continue };
        let readers = after.admins().chain(&writer).filter(|name| after.member(name).is_some());
        tx.put(path, encrypt(key.expose(), &recipients(after, readers)?)?);
    }
    Ok(())
}

/// The member who writes a chain, or who made the session that does.
fn writer(opened: &Snapshot, chain: &ChainName) -> Option<MemberName> {
    match session_of(chain) {
        Some(id) => [true, false]
            .into_iter()
            .find_map(|shared| creator(opened, &GrantPlace { id: id.clone(), shared })),
        None => MemberName::parse(chain.as_str().rsplit_once('-')?.0).ok(),
    }
}

fn creator(opened: &Snapshot, place: &GrantPlace) -> Option<MemberName> {
    let grant = opened.vault.grant(place, &opened.rules.creator_key()).ok()??;
    Some(grant.by().clone())
}
