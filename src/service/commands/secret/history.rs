//! The past of one secret, from git: who changed it when, and a value of before made the
//! present one again.

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::fs::VaultPath;
use crate::git;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Note, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::service::rules::{
    CommitView, PastChange, PastError, Says, annotated, changed, past_version, put_back,
};
use crate::service::secret::read_loaded;
use crate::store::Record;

/// One change of a secret.
#[derive(Debug, Clone, Serialize)]
pub struct PastVersion {
    /// The version; `None` where the secret was taken away.
    pub version: Option<u64>,
    /// What happened.
    pub what: PastChange,
    /// Of an annotation: what it changed, such as `description` and `tags`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<&'static str>,
    /// When it got that value (RFC 3339).
    pub changed: Option<String>,
    /// Who gave it that value, as the record of then says: where somebody else signed it, no more
    /// than that.
    pub author: Option<String>,
    /// Who signed that record, where the signature is good; nobody else vouches for the rest.
    pub signed_by: Option<String>,
    /// The commit.
    pub commit: CommitView,
}

/// Lists what happened to a secret, newest first, as git tells it. Needs no identity; nothing
/// but signatures was verified. A secret's life under another name is another secret's.
///
/// # Errors
/// Git knows nothing of it; the history cannot be read.
pub fn history(ctx: &Context, name: &SecretName) -> Result<Vec<PastVersion>> {
    let opened = OpenVault::open(ctx)?;
    let path = VaultPath::record(name);
    let keys = |who: &MemberName| opened.rules.verify_keys(who).unwrap_or_default();
    let mut found: Vec<(Option<Record>, PastVersion)> = Vec::new();
    git::changes_of(opened.vault.root().path(), path.as_str(), &mut |change| {
        let is_there = change.bytes.is_some();
        let signed = change.bytes.as_ref();
        let signed = signed.and_then(|bytes| opened.vault.past_record(name, bytes, &keys));
        let claim = change.bytes.map(|bytes| opened.vault.claim_in::<Record>(&path, bytes));
        let record = claim.and_then(std::result::Result::ok).map(|claim| claim.document);
        let what = match (&record, is_there) {
            (Some(_), _) => PastChange::Value,
            (None, true) => PastChange::Damaged,
            (None, false) => PastChange::Removed,
        };
        let version = PastVersion {
            version: record.as_ref().map(|record| record.version),
            what,
            fields: Vec::new(),
            changed: record.as_ref().map(|record| record.changed.to_string()),
            author: record.as_ref().map(|record| record.author.to_string()),
            signed_by: signed.map(|signed| signed.by().to_string()),
            commit: change.commit.into(),
        };
        found.push((record, version));
        false
    })?;
    in_order(&mut found);
    if git::is_shallow(&ctx.vault) {
        ctx.front.note(&Note::Shallow);
    }
    if found.is_empty() {
        return Err(PastError::Unknown { name: name.clone(), version: None }.into());
    }
    let record = |at: usize| found.get(at).and_then(|(record, _)| record.as_ref());
    let what = |at: usize| Some(changed(record(at)?, before_it(&found, at)));
    let all: Vec<Option<PastChange>> = (0..found.len()).map(what).collect();
    let fields = |at: usize| match (all.get(at), record(at), before_it(&found, at)) {
        (Some(Some(PastChange::Annotation)), Some(this), Some(before)) => annotated(this, before),
        _ => Vec::new(),
    };
    let fields: Vec<_> = (0..found.len()).map(fields).collect();
    let versions = found.into_iter().zip(all).zip(fields).map(|(((_, version), what), fields)| {
        PastVersion { what: what.unwrap_or(version.what), fields, ..version }
    });
    Ok(versions.collect())
}

/// What one of the versions, newest first, was made from: the next below it. What stands between them another
/// branch made, before it was merged.
fn before_it(found: &[(Option<Record>, PastVersion)], at: usize) -> Option<&Record> {
    let this = found.get(at)?.0.as_ref()?;
    let older = found[at + 1..].iter().map_while(|(record, _)| record.as_ref());
    let place = |record: &Record| (record.created, record.version);
    older.clone().find(|record| place(record) < place(this)).or_else(|| older.clone().next())
}

/// Commits of one second come in any order: versions tell which was first.
fn in_order(found: &mut [(Option<Record>, PastVersion)]) {
    for at in 1..found.len() {
        let mut at = at;
        while at > 0 {
            let (before, this) = (&found[at - 1].1, &found[at].1);
            let is_late = match (before.version, this.version) {
                (Some(before), Some(this)) => before < this,
                _ => false,
            };
            if !is_late || before.commit.time != this.commit.time {
                break;
            }
            found.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The version with the value that a secret had before the present one; of one that was removed, with
/// its last value.
///
/// # Errors
/// Git knows of no other value; the history cannot be read.
fn version_before(ctx: &Context, name: &SecretName) -> Result<u64> {
    let versions = history(ctx, name)?;
    let found = before(&versions).and_then(|one| one.version);
    Ok(found.ok_or_else(|| PastError::NoneBefore(name.clone()))?)
}

/// The newest version with another value than the present one, of versions with the newest first.
fn before(versions: &[PastVersion]) -> Option<&PastVersion> {
    let is_removed = versions.first().is_some_and(|one| one.what == PastChange::Removed);
    let is_value = |one: &PastVersion| one.what == PastChange::Value;
    let newer = if is_removed { 0 } else { versions.iter().position(is_value)? };
    versions[newer + 1..].iter().find(|one| one.version.is_some())
}

/// A value of before, made the present one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The version that had it.
    pub from: u64,
    /// The new version.
    pub version: u64,
}

/// Gives a secret the value that it had at `version`, as a new version: without one the value before
/// the present one, or, of a secret that was removed, its last.
///
/// # Errors
/// Git has no such version, or one that no member signed, or several of two clones and no
/// `commit` (the beginning of its id) says which; it is not the caller's to read or to write.
pub fn restore(
    ctx: &Context,
    name: &SecretName,
    version: Option<u64>,
    commit: Option<&str>,
) -> Result<Restored> {
    let from = version.map_or_else(|| version_before(ctx, name), Ok)?;
    let version = restore_version(ctx, name, from, commit)?;
    Ok(Restored { from, version })
}

fn restore_version(
    ctx: &Context,
    name: &SecretName,
    version: u64,
    commit: Option<&str>,
) -> Result<u64> {
    let locked = LockedVault::lock(ctx, &Op::RESTORE)?;
    let action = Action::new(Op::RESTORE).on([name.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(name)?;
        let opened = &locked.opened;
        let past = past_version(opened, name, version, commit.unwrap_or_default())?;
        let values = tx.reopen(Op::RESTORE, std::slice::from_ref(&past))?;
        let Some((_, value)) = values.into_iter().next() else {
            return Err(PastError::Unknown { name: name.clone(), version: Some(version) }.into());
        };
        let new = put_back(tx, &past, &value, Says::Now)?;
        Ok((format!("Restore {name} to v{version} (v{new})"), new))
    })
}

/// Reads the value that a secret had at a version; rules of today say who may.
///
/// # Errors
/// As `get`; there is no such version, or several; a token opens the present values only.
pub fn get_version(
    ctx: &Context,
    name: &SecretName,
    version: u64,
    scope: Option<&ScopeName>,
) -> Result<SecretBytes> {
    if ctx.token.is_some() {
        return Err(PastError::ByToken.into());
    }
    let load = |opened: &Snapshot| match opened.vault.record(name, &opened.rules) {
        // It may not be committed yet.
        Ok(Some(record)) if record.version == version => {
            opened.vault.secret(name, &opened.rules)?.ok_or_else(|| {
                PastError::Unknown { name: name.clone(), version: Some(version) }.into()
            })
        }
        _ => past_version(opened, name, version, ""),
    };
    let detail = format!("version {version}");
    read_loaded(ctx, Op::GET, Some(&detail), name, Some(&load), scope)
}
