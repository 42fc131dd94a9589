//! Secrets as git remembers them: what a commit has, whether somebody wrote it who might, and a value of
//! before made the present one again.

use std::cell::Cell;

use crate::fs::VaultPath;
use crate::git;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Result, Snapshot};
use crate::service::change::Transaction;
use crate::service::rules::{CommitView, rules_at};
use crate::service::secret::{encrypt_to, exposed, kept_readers, withheld};
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

/// What makes a record another one than the one before it.
pub(crate) fn changed(this: &Record, before: Option<&Record>) -> PastChange {
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

/// What differs in what two records of one value say of it.
pub(crate) fn annotated(this: &Record, before: &Record) -> Vec<&'static str> {
    let place = |of: &Record| (of.services.clone(), of.user.clone(), of.bearer);
    let differs = [
        ("description", this.description != before.description),
        ("tags", this.tags != before.tags),
        ("rotate_every", this.rotate_every != before.rotate_every),
        ("for", place(this) != place(before)),
        ("not_secret", this.not_secret != before.not_secret),
        ("leaked", this.leaked != before.leaked),
    ];
    differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// What a record is to say beside the value of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// What it says now; of a secret that is gone, what it said.
    Now,
    /// What it said then.
    Then,
}

/// Makes a value of before, which was opened, the present one, for those who read the secret now. Returns
/// the new version.
///
/// # Errors
/// It cannot be encrypted to one of them.
pub(crate) fn put_back(
    tx: &mut Transaction<'_>,
    past: &EncryptedSecret,
    value: &SecretBytes,
    says: Says,
) -> Result<u64> {
    let (opened, name) = (tx.opened(), past.name());
    // One that is damaged now is replaced like one that is gone.
    let now = opened.vault.record(name, &opened.rules).ok().flatten();
    let now = now.map(|record| (*record).clone());
    let was: &Record = past.record();
    let readers = match &now {
        Some(now) => {
            let readers = kept_readers(opened, now, name);
            withheld(tx, name, now, &readers);
            readers
        }
        None => opened.rules.readers(name),
    };
    let exposed_to = exposed(was, &readers);
    let (readers, file) = encrypt_to(opened, &tx.live()?, name, readers, value)?;
    let now = now.unwrap_or_else(|| was.clone());
    let (version, changed) = (now.version.max(was.version) + 1, now.time_after(tx.at()));
    let base = match says {
        Says::Now => now,
        Says::Then => Record { created: now.created, ..was.clone() },
    };
    let author = tx.caller().name.clone();
    let leaked = was.leaked;
    let record = Record { version, changed, author, exposed_to, leaked, readers, ..base };
    Ok(tx.write_secret(name, file, record))
}

/// The secret as a commit, named in hex, has it; `None` where it has none.
///
/// # Errors
/// Nobody wrote it who might; git cannot be read.
pub(crate) fn secret_at(
    opened: &Snapshot,
    commit: &str,
    name: &SecretName,
) -> Result<Option<EncryptedSecret>> {
    let root = opened.vault.root().path();
    let read = |path: VaultPath| git::file_at(root, commit, path.as_str());
    let Some(record) = read(VaultPath::record(name))? else { return Ok(None) };
    let forged =
        || PastError::ForgedAt { name: name.clone(), commit: commit.chars().take(12).collect() };
    let value = read(VaultPath::secret(name))?.ok_or_else(forged)?;
    let keys = |who: &_| opened.rules.verify_keys(who).unwrap_or_default();
    let found = opened.vault.past_secret(name, &record, value, &keys);
    let found = found.filter(|found| could_write(opened, commit, found.record().by(), name));
    Ok(Some(found.ok_or_else(forged)?))
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
pub(crate) fn past_version(
    opened: &Snapshot,
    name: &SecretName,
    version: u64,
    commit: &str,
) -> Result<EncryptedSecret> {
    let (record_path, value_path) = (VaultPath::record(name), VaultPath::secret(name));
    let root = opened.vault.root().path();
    let keys = |who: &_| opened.rules.verify_keys(who).unwrap_or_default();
    let (mut found, mut is_forged): (Vec<(String, EncryptedSecret)>, bool) = (Vec::new(), false);
    let (mut failed, has_it) = (None, Cell::new(false));
    let mut look = |change: git::Change| {
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
            has_it.set(true);
        }
        false
    };
    git::changes_of(root, record_path.as_str(), &mut look)?;
    if !has_it.get() {
        // What a reset took from this branch, another one has, or the remote's.
        let tips = opened.vault.pins().all_tips();
        git::changes_anywhere(root, record_path.as_str(), &tips, &mut look)?;
    }
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
    #[error(
        "what commit {commit} has of '{name}' is not signed by anybody who was a member, or its file is another one"
    )]
    ForgedAt { name: SecretName, commit: String },
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
            Self::Forged { .. } | Self::ForgedAt { .. } => Kind::Damaged,
            Self::Several { .. } => Kind::Usage,
            Self::ByToken => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { name, version: Some(_) }
            | Self::NoneBefore(name)
            | Self::Forged { name, .. }
            | Self::ForgedAt { name, .. } => {
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
