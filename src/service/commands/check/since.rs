//! Comparing the vault with a revision that is trusted, as a pipeline has it instead of pins:
//! admins only continue, versions only rise, the audit trail only grows.

use super::{Finding, Severity};
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::name::SecretName;
use crate::service::audit::travelling;
use crate::service::base::{Context, Note, Result, Snapshot};
use crate::store::{Config, Document, MAX_TOML, Member, Policy, Record};

/// Larger than any segment of a chain.
const MAX_SEGMENT: usize = 64 << 20;

/// What is less than it was at `rev`, or, where this branch is behind that, than where it left it.
///
/// # Errors
/// There is no such revision; the history cannot be read.
pub(super) fn since(ctx: &Context, opened: &Snapshot, rev: &str) -> Result<Vec<Finding>> {
    let vault = opened.vault.root().path();
    let wants = |path: &str| VaultPath::parse(path).is_some() && !path.ends_with(".age");
    let mut files = git::files_at(vault, rev, &wants)?;
    let behind = git::behind(vault, rev).unwrap_or(0);
    if behind > 0
        && let Some(shared) = git::fork_point(vault, rev, "HEAD")?
    {
        ctx.front.note(&Note::BehindBase { base: rev.to_owned(), count: behind });
        files = git::files_at(vault, &shared, &wants)?;
    }
    let compare = |(path, bytes): (&String, &Vec<u8>)| {
        let path = VaultPath::parse(path)?;
        let message = match path.subject() {
            Subject::Settings => settings(opened, &path, bytes),
            Subject::Admins(_) => admins(opened, &path, bytes),
            Subject::Member(_) => document::<Member>(opened, &path, bytes),
            Subject::Policy(_) => document::<Policy>(opened, &path, bytes),
            Subject::Record(name) => record(opened, name, &path, bytes),
            Subject::Segment(_) | Subject::ChainKey => segment(opened, &path, bytes),
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

/// A secret: an older one, or one that somebody deleted of whom no trail tells.
fn record(opened: &Snapshot, name: &SecretName, path: &VaultPath, bytes: &[u8]) -> Option<String> {
    let was = opened.vault.claim_in::<Record>(path, bytes.to_vec()).ok()?.document;
    let Some(is) = opened.vault.record(name, &opened.rules).ok()? else {
        return (!is_told(opened, name))
            .then(|| "it was deleted, and no line of the trail says by whom".to_owned());
    };
    let rank = |record: &Record| (record.created, record.version);
    (rank(&is) < rank(&was)).then(|| rolled_back(is.version, was.version))
}

/// Whether a line of the trail tells that the name was taken away.
fn is_told(opened: &Snapshot, name: &SecretName) -> bool {
    let name = format!("\"{name}\"");
    let tells = |line: &[u8]| {
        let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
        has(&name) && [r#""op":"remove""#, r#""op":"rename""#].into_iter().any(has)
    };
    let mut is_told = false;
    for chain in travelling(&opened.vault).unwrap_or_default() {
        // A chain that cannot be read is a finding of its own.
        let _ = chain.read_back(&mut |segment| {
            is_told |= segment.bytes.split(|byte| *byte == b'\n').any(tells);
            !is_told
        });
    }
    is_told
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
