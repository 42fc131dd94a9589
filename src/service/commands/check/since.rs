//! Comparing the vault with a revision that is trusted, as a pipeline has it instead of pins:
//! admins only continue, versions only rise, the audit trail only grows.

use super::{Finding, Severity};
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::name::SecretName;
use crate::service::base::{Result, Snapshot};
use crate::store::{Config, Document, MAX_TOML, Member, Policy, Record};

/// Larger than any segment of a chain.
const MAX_SEGMENT: usize = 64 << 20;

/// What is less than it was at `rev`.
///
/// # Errors
/// There is no such revision; the history cannot be read.
pub(super) fn since(opened: &Snapshot, rev: &str) -> Result<Vec<Finding>> {
    let wants = |path: &str| VaultPath::parse(path).is_some() && !path.ends_with(".age");
    let files = git::files_at(opened.vault.root().path(), rev, &wants)?;
    let compare = |(path, bytes): (&String, &Vec<u8>)| {
        let path = VaultPath::parse(path)?;
        let message = match path.subject() {
            Subject::Settings => settings(opened, &path, bytes),
            Subject::Admins(_) => admins(opened, &path, bytes),
            Subject::Member(_) => document::<Member>(opened, &path, bytes),
            Subject::Policy(_) => document::<Policy>(opened, &path, bytes),
            Subject::Record(name) => record(opened, name, &path, bytes),
            Subject::Segment | Subject::ChainKey => segment(opened, &path, bytes),
            Subject::Value(_) | Subject::Other => None,
        }?;
        let mend = format!("see 'git log {rev}..HEAD -- {path}'");
        Some(Finding::new(Severity::Damage, &path, &message).mend(Some(mend)))
    };
    Ok(files.contents.iter().filter_map(compare).collect())
}

fn now(opened: &Snapshot, path: &VaultPath, limit: usize) -> Option<Vec<u8>> {
    fs::read(opened.vault.root(), path, limit).ok().flatten()
}

fn settings(opened: &Snapshot, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    let was = opened.vault.claim_in::<Config>(path, bytes.to_vec()).ok()?.document;
    let now = opened.vault.config().version;
    if was.vault != opened.vault.id() {
        return Some("another vault is here than at the base".to_owned());
    }
    (now < was.version).then(|| {
        format!("the settings have version {now}, and version {} at the base", was.version)
    })
}

fn admins(opened: &Snapshot, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    let same = now(opened, path, MAX_TOML).is_some_and(|now| now == bytes);
    (!same).then(|| "a set of admins never changes: this one is not what the base has".to_owned())
}

/// A member or a policy, as far as an admin signed what the base has.
fn document<D: Document>(opened: &Snapshot, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    let was = opened.vault.approved::<D>(path, bytes.to_vec())?.version();
    let Some(bytes) = now(opened, path, MAX_TOML) else {
        return Some("it was deleted; a removal leaves a signed tombstone".to_owned());
    };
    // What no admin signed as it stands is a finding of its own.
    let is = opened.vault.approved::<D>(path, bytes)?.version();
    (is < was).then(|| rolled_back(is, was))
}

/// A secret that is still there.
fn record(opened: &Snapshot, name: &SecretName, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    let was = opened.vault.claim_in::<Record>(path, bytes.to_vec()).ok()?.document;
    let is = opened.vault.record(name, &opened.rules).ok()??;
    let rank = |record: &Record| (record.created, record.version);
    (rank(&is) < rank(&was)).then(|| rolled_back(is.version, was.version))
}

fn segment(opened: &Snapshot, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    // A line that was being written when it was committed was promised to nobody.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let grown = now(opened, path, MAX_SEGMENT).is_some_and(|now| now.starts_with(&bytes[..whole]));
    (!grown).then(|| "audit lines that the base has are gone or changed".to_owned())
}

fn rolled_back(is: u64, was: u64) -> String {
    format!("rolled back: version {is} is here, the base has {was}")
}
