//! The past of one secret, from git: who changed it when, and a value of before made the
//! present one again.

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::fs::VaultPath;
use crate::git;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::service::rules::{CommitView, rules_at};
use crate::service::secret::{encrypt_to, exposed, kept_readers, read_loaded};
use crate::service::session::live;
use crate::store::{Authority as _, EncryptedSecret, Record};
use crate::words::words;

words! {
    /// What happened to a secret.
    pub enum PastChange {
        /// It got a value.
        Value = "value",
        /// It got this name, and kept the value that it had under another.
        Name = "name",
        /// It was encrypted anew, mostly to others.
        Readers = "readers",
        /// Its description, tags, interval of rotation or where it belongs changed.
        Annotation = "annotation",
        /// Its record was signed anew, by another member.
        Signature = "signature",
        /// It was taken away.
        Removed = "removed",
        /// Its record cannot be read.
        Damaged = "damaged",
    }
}

/// One change of a secret.
#[derive(Debug, Clone, Serialize)]
pub struct PastVersion {
    /// The version; `None` where the secret was taken away.
    pub version: Option<u64>,
    /// What happened.
    pub what: PastChange,
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
            changed: record.as_ref().map(|record| record.changed.to_string()),
            author: record.as_ref().map(|record| record.author.to_string()),
            signed_by: signed.map(|signed| signed.by().to_string()),
            commit: change.commit.into(),
        };
        found.push((record, version));
        false
    })?;
    if found.is_empty() {
        return Err(PastError::Unknown { name: name.clone(), version: None }.into());
    }
    let record = |at: usize| found.get(at).and_then(|(record, _)| record.as_ref());
    let what = |at: usize| Some(changed(record(at)?, record(at + 1)));
    let all: Vec<Option<PastChange>> = (0..found.len()).map(what).collect();
    let versions = found
        .into_iter()
        .zip(all)
        .map(|((_, version), what)| PastVersion { what: what.unwrap_or(version.what), ..version });
    Ok(versions.collect())
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

/// What makes a record another one than the one before it.
fn changed(this: &Record, before: Option<&Record>) -> PastChange {
    let annotation = |of: &Record| {
        let place = (of.services.clone(), of.user.clone(), of.bearer);
        let marks = (of.not_secret, of.leaked);
        (of.description.clone(), of.tags.clone(), of.rotate_every, place, marks)
    };
    match before {
        Some(before) if this.tells_same_value(before) => {
            if (this.digest, &this.readers) != (before.digest, &before.readers) {
                PastChange::Readers
            } else if annotation(this) != annotation(before) {
                PastChange::Annotation
            } else {
                PastChange::Signature
            }
        }
        // A rename makes the name, not the value.
        None if this.changed < this.created => PastChange::Name,
        _ => PastChange::Value,
    }
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
        let past = find(opened, name, version, commit.unwrap_or_default())?;
        let values = tx.reopen(Op::RESTORE, std::slice::from_ref(&past))?;
        let Some((_, value)) = values.into_iter().next() else {
            return Err(PastError::Unknown { name: name.clone(), version: Some(version) }.into());
        };
        // One that is damaged now is replaced like one that is gone.
        let now = opened.vault.record(name, &opened.rules).ok().flatten();
        let now = now.map(|record| (*record).clone());
        let was: &Record = past.record();
        let readers = match &now {
            Some(now) => kept_readers(opened, now, name),
            None => opened.rules.readers(name),
        };
        let exposed_to = exposed(was, &readers);
        let live = live::live(ctx, opened)?;
        let (readers, file) = encrypt_to(opened, &live, name, readers, &value)?;
        let base = now.unwrap_or_else(|| was.clone());
        let record = Record {
            version: base.version.max(was.version) + 1,
            changed: base.time_after(tx.at()),
            author: locked.caller.name.clone(),
            exposed_to,
            leaked: was.leaked,
            readers,
            ..base
        };
        let new = tx.write_secret(name, file, record);
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
        _ => find(opened, name, version, ""),
    };
    let detail = format!("version {version}");
    read_loaded(ctx, Op::GET, Some(&detail), name, Some(&load), scope)
}

/// Whether a member could write that name under the members and policies that a commit has, or may
/// now: a good signature alone says only whose it is.
fn could_write(opened: &Snapshot, commit: &str, who: &MemberName, name: &SecretName) -> bool {
    if opened.rules.record_key(who, name).is_some() {
        return true;
    }
    let then = rules_at(opened, commit).ok().flatten();
    then.is_some_and(|then| then.record_key(who, name).is_some())
}

/// The secret as a commit has it in which that version is what a member wrote. A forged one
/// does not hide it. Two clones may have made a version of that number each.
fn find(
    opened: &Snapshot,
    name: &SecretName,
    version: u64,
    commit: &str,
) -> Result<EncryptedSecret> {
    let (record_path, value_path) = (VaultPath::record(name), VaultPath::secret(name));
    let root = opened.vault.root().path();
    let keys = |who: &_| opened.rules.verify_keys(who).unwrap_or_default();
    let (mut found, mut is_forged): (Vec<(String, EncryptedSecret)>, bool) = (Vec::new(), false);
    let mut failed = None;
    git::changes_of(root, record_path.as_str(), &mut |change| {
        let Some(record) = change.bytes else { return false };
        let claim = opened.vault.claim_in::<Record>(&record_path, record.clone());
        let is_it = claim.is_ok_and(|claim| claim.document.version == version);
        if !is_it || !change.commit.id.starts_with(commit) {
            return false;
        }
        let value = match git::file_at(root, &change.commit.id, value_path.as_str()) {
            Ok(value) => value,
            Err(error) => {
                failed = Some(error);
                return true;
            }
        };
        let sealed = value.and_then(|value| opened.vault.past_secret(name, &record, value, &keys));
        // Whoever names the commit has looked at it.
        let sealed = sealed.filter(|sealed| {
            let by = sealed.record().by();
            !commit.is_empty() || could_write(opened, &change.commit.id, by, name)
        });
        is_forged |= sealed.is_none();
        let is_new = |sealed: &EncryptedSecret| {
            found.iter().all(|(_, other)| other.record().digest != sealed.record().digest)
        };
        if let Some(sealed) = sealed.filter(is_new) {
            found.push((CommitView::from(change.commit).short().to_owned(), sealed));
        }
        false
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let name = name.clone();
    if found.len() > 1 {
        let commits = found.into_iter().map(|(commit, _)| commit).collect();
        return Err(PastError::Several { name, version, commits }.into());
    }
    found.pop().map(|(_, sealed)| sealed).ok_or_else(|| match is_forged {
        true => PastError::Forged { name, version }.into(),
        false => PastError::Unknown { name, version: Some(version) }.into(),
    })
}

/// What keeps a value of before from coming back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PastError {
    #[error("git knows {} of secret '{name}'", version.map_or_else(|| "nothing".to_owned(), |v| format!("no version {v}")))]
    Unknown { name: SecretName, version: Option<u64> },
    #[error(
        "version {version} of '{name}' is not signed by anybody who was a member, or its file is another one"
    )]
    Forged { name: SecretName, version: u64 },
    #[error("git knows {} versions {version} of '{name}', made on different clones", commits.len())]
    Several { name: SecretName, version: u64, commits: Vec<String> },
    #[error("'{0}' has had no other value")]
    NoneBefore(SecretName),
    #[error("a token opens the values of today, and no older ones")]
    ByToken,
}

impl Failure for PastError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown { .. } | Self::NoneBefore(_) => Kind::NotFound,
            Self::Forged { .. } => Kind::Damaged,
            Self::Several { .. } => Kind::Usage,
            Self::ByToken => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { name, version: Some(_) }
            | Self::NoneBefore(name)
            | Self::Forged { name, .. } => {
                format!("see 'authy history {name}'")
            }
            Self::Several { commits, .. } => {
                format!("say which with --commit: {}", commits.join(", "))
            }
            Self::Unknown { version: None, .. } => {
                "what is not committed, or was cut off by a shallow clone, is not known".into()
            }
            Self::ByToken => "ask somebody with an identity for it".into(),
        })
    }
}
