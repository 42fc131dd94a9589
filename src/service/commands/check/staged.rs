//! What is about to be committed by hand: nothing that no admin signed, and no plaintext.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Finding, Severity};
use crate::crypto::digest::Digest;
use crate::fs::{self, FOLDERS, Subject, VaultPath};
use crate::git::{self, Staged, StagedChange};
use crate::name::SecretName;
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::store::{AdminSet, Authority as _, Config, Member, Policy, Record};

/// How every age file begins (age spec, "Header").
const AGE: &[u8] = b"age-encryption.org/v1\n";

/// Checks what is staged in git's `index` (its usual one, or the one that git names to a hook).
/// Needs no identity.
///
/// # Errors
/// No vault, or a damaged one; no repository.
pub fn check_staged(ctx: &Context, index: Option<&Path>) -> Result<Vec<Finding>> {
    let opened = OpenVault::open(ctx)?;
    let staged = git::staged(opened.vault.root().path(), index)?;
    let mut found: Vec<_> = staged.files.iter().filter_map(|file| finding(&opened, file)).collect();
    found.extend(staged.removed.iter().filter_map(|path| missing(path)));
    found.extend(torn(&opened, &staged));
    Ok(found)
}

/// What may not go away: a removal leaves a signed file in its place.
fn missing(path: &str) -> Option<Finding> {
    let found = VaultPath::parse(path)?;
    let is_signed = matches!(
        found.subject(),
        Subject::Settings | Subject::Admins(_) | Subject::Member(_) | Subject::Policy(_)
    );
    let mend = format!("git restore --staged '{path}', and 'authy … remove' removes it");
    is_signed.then(|| {
        Finding::new(Severity::Damage, &path, &"it is removed, and a removal leaves a signed file")
            .mend(Some(mend))
    })
}

/// Values and records that do not belong to each other as they would be committed.
fn torn(opened: &Snapshot, staged: &StagedChange) -> Vec<Finding> {
    let now = |path: &str| {
        let changed = staged.files.iter().find(|file| file.path == path);
        changed.map(|file| &file.bytes).or_else(|| staged.beside.get(path))
    };
    let changed = staged.files.iter().map(|file| &file.path).chain(&staged.removed);
    let records: BTreeSet<String> = changed
        .filter(|path| path.starts_with("secrets/"))
        .filter_map(|path| match path.ends_with(".toml") {
            true => Some(path.clone()),
            false => git::partner(path),
        })
        .collect();
    let judge = |path: String| {
        let value = git::partner(&path)?;
        let message = match (now(&path), now(&value)) {
            (None, None) => return None,
            (Some(_), None) => "the value that belongs to it is not there",
            (None, Some(_)) => "the record that belongs to it is not there",
            (Some(record), Some(bytes)) => {
                let record_path = VaultPath::parse(&path)?;
                let claim = opened.vault.claim_in::<Record>(&record_path, record.clone());
                if claim.is_ok_and(|claim| claim.document.digest == Digest::of(bytes)) {
                    return None;
                }
                "the value beside it is another one than it describes"
            }
        };
        let mend = "stage both files of the secret, or neither".to_owned();
        Some(Finding::new(Severity::Damage, &path, &message).mend(Some(mend)))
    };
    records.into_iter().filter_map(judge).collect()
}

/// Whether something looks like what must never be committed: an identity, a private key, a file of
/// variables.
fn is_private_looking(file: &Staged) -> bool {
    const MARKS: [&[u8]; 4] =
        [b"AGE-SECRET-KEY-", b"PRIVATE KEY-----", b"PuTTY-User-Key-File-", b"AGE-PLUGIN-"];
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_variables = name == ".env" || name.starts_with(".env.") && !name.ends_with(".example");
    let has = |mark: &[u8]| memchr::memmem::find(&file.bytes, mark).is_some();
    is_variables || MARKS.into_iter().any(has)
}

fn finding(opened: &Snapshot, file: &Staged) -> Option<Finding> {
    let found = |severity, message: &str, mend: String| {
        Some(Finding::new(severity, &file.path, &message).mend(Some(mend)))
    };
    let unstage = format!("git restore --staged '{}'", file.path.replace('\'', r"'\''"));
    if git::is_private(file.path.as_bytes()) {
        return found(Severity::Damage, "it must never leave this machine", unstage);
    }
    let path = VaultPath::parse(&file.path).filter(|_| file.is_plain);
    let Some(path) = path else {
        if is_private_looking(file) {
            return found(
                Severity::Damage,
                "it holds a private key, or variables as plaintext",
                unstage,
            );
        }
        let folder = file.path.split_once('/').map(|(folder, _)| folder);
        let is_stray = folder.is_some_and(|folder| FOLDERS.contains(&folder));
        return is_stray.then(|| {
            found(Severity::Damage, "no file of the vault: perhaps plaintext", unstage)
        })?;
    };
    let signed = is_signed(opened, &path, &file.bytes);
    let what = path.subject();
    match (signed, &what) {
        (Ok(true), _) => None,
        (Ok(false), Subject::Member(name)) => approval(&path, name.as_str(), found),
        (Ok(false), Subject::Policy(name)) => approval(&path, name.as_str(), found),
        (Ok(false), Subject::Value(name)) => found(
            Severity::Damage,
            "it is not an age file: perhaps plaintext",
            format!("authy store {name} --file FILE"),
        ),
        (Ok(false), Subject::Record(_)) => {
            found(Severity::Damage, "it is signed by nobody who may write it", unstage)
        }
        (Ok(false), _) => found(Severity::Damage, "it is signed by no admin", unstage),
        (Err(why), _) => found(Severity::Damage, &why, unstage),
    }
}

fn approval(
    path: &VaultPath,
    name: &str,
    found: impl Fn(Severity, &str, String) -> Option<Finding>,
) -> Option<Finding> {
    let mend = format!(
        "an admin signs it with 'authy approve {name}', 'git checkout HEAD -- {path}' drops it"
    );
    found(Severity::Drift, "not approved", mend)
}

/// Whether somebody signed the file who may, or whether it needs no signature.
fn is_signed(
    opened: &Snapshot,
    path: &VaultPath,
    bytes: &[u8],
) -> std::result::Result<bool, String> {
    let bytes = bytes.to_vec();
    Ok(match path.subject() {
        Subject::Settings => opened.vault.approved::<Config>(path, bytes).is_some(),
        // A set is signed by an admin of the one before; opening the vault has verified those
        // that lie there.
        Subject::Admins(_) => {
            opened.vault.approved::<AdminSet>(path, bytes.clone()).is_some()
                || fs::read(opened.vault.root(), path, bytes.len() + 1)
                    .is_ok_and(|there| there.as_deref() == Some(&bytes[..]))
        }
        Subject::Member(_) => {
            opened.vault.approved::<Member>(path, bytes.clone()).is_some()
                || is_request(opened, path, bytes)?
        }
        Subject::Policy(_) => opened.vault.approved::<Policy>(path, bytes).is_some(),
        Subject::Record(name) => is_written(opened, path, name, bytes)?,
        Subject::Value(_) => bytes.starts_with(AGE),
        Subject::ChainKey => bytes.starts_with(AGE),
        Subject::Segment(_) | Subject::Other => true,
    })
}

/// Whether it asks for something and is signed by the member it is for: nobody obeys it yet.
fn is_request(
    opened: &Snapshot,
    path: &VaultPath,
    bytes: Vec<u8>,
) -> std::result::Result<bool, String> {
    let claim = opened.vault.claim_in::<Member>(path, bytes).map_err(|error| error.to_string())?;
    let key = claim.document.verify;
    Ok(key.is_some_and(|key| claim.is_signed_with(&opened.vault, path, &key)))
}

fn is_written(
    opened: &Snapshot,
    path: &VaultPath,
    name: &SecretName,
    bytes: Vec<u8>,
) -> std::result::Result<bool, String> {
    let claim = opened.vault.claim_in::<Record>(path, bytes).map_err(|error| error.to_string())?;
    let key = claim.by.as_ref().and_then(|by| opened.rules.record_key(by, name));
    Ok(key.is_some_and(|key| claim.is_signed_with(&opened.vault, path, &key)))
}
