//! What git remembers of a document: the version that an admin last signed, and the commit
//! that made it what it is. Without a history there is none, and nothing fails for it.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use time::OffsetDateTime;

use crate::access::{RuleChange, RuleDocument, Rules};
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::service::base::{Result, Snapshot, last_approved};
use crate::store::{Document, MAX_TOML, Member, Policy, Signed, Stamp};

/// A commit, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitView {
    /// Its id, in hex.
    pub id: String,
    /// The author's name, as git has it: it proves nothing.
    pub author: String,
    /// When (RFC 3339).
    pub time: String,
}

impl CommitView {
    /// Enough of the id for people.
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

impl From<git::Commit> for CommitView {
    fn from(commit: git::Commit) -> Self {
        let at =
            OffsetDateTime::from_unix_timestamp(commit.time).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self { id: commit.id, author: commit.author, time: Stamp::new(at).to_string() }
    }
}

/// The rules as a commit has them, as far as admins of today signed them; `None` where git does not
/// have the commit.
///
/// # Errors
/// Rules that contradict each other.
pub(crate) fn rules_at(opened: &Snapshot, commit: &str) -> Result<Option<Rules>> {
    let wants = |path: &str| {
        let path = VaultPath::parse(path);
        path.is_some_and(|path| matches!(path.subject(), Subject::Member(_) | Subject::Policy(_)))
    };
    let root = opened.vault.root().path();
    let Ok(files) = git::files_at(root, commit, &wants) else { return Ok(None) };
    let mut then = RuleChange::default();
    for (path, bytes) in files.contents {
        let Some(path) = VaultPath::parse(&path) else { continue };
        match path.subject() {
            Subject::Member(name) => {
                add::<Member>(&mut then, name, opened.vault.approved(&path, bytes));
            }
            Subject::Policy(name) => {
                add::<Policy>(&mut then, name, opened.vault.approved(&path, bytes));
            }
            _ => {}
        }
    }
    Ok(Some(Rules::after(&opened.vault, then)?))
}

fn add<D: RuleDocument>(change: &mut RuleChange, name: &D::Name, signed: Option<Signed<D>>) {
    D::among(change).extend(signed.map(|signed| (name.clone(), signed)));
}

/// The newest commit in which an admin of today signed the document; `None` where git knows of none.
pub(crate) fn approving_commit<D: Document>(
    opened: &Snapshot,
    name: &D::Name,
) -> Result<Option<CommitView>> {
    let path = D::path(name);
    let seen = opened.vault.floor::<D>(name).map_or(0, |seen| seen.version);
    let mut highest: Option<(u64, CommitView)> = None;
    git::changes_of(opened.vault.root().path(), path.as_str(), &mut |change| {
        let bytes = change.bytes.unwrap_or_default();
        let version = opened.vault.approved::<D>(&path, bytes).map(|signed| signed.version());
        // An older one that was committed again is not what was in force before.
        let above = highest.as_ref().map_or(0, |(version, _)| version + 1).max(seen);
        if let Some(version) = version.filter(|version| *version >= above) {
            highest = Some((version, change.commit.into()));
        }
        false
    })?;
    let found = highest.map(|(_, commit)| commit);
    Ok(found)
}

/// The vault under the rules that admins last signed: where a member or a policy is not in
/// force as it lies there, by its version of before. What was written under those was valid,
/// so a change of rules starts from them; nothing else may.
///
/// # Errors
/// The history cannot be read.
pub(crate) fn as_last_approved(opened: &Snapshot) -> Result<Snapshot> {
    Ok(opened.under(last_approved(&opened.vault, &opened.rules)?))
}

/// A version above the last one that an admin signed, and above every one that this machine
/// has seen.
pub(crate) fn next_version(opened: &Snapshot, path: &VaultPath, signed: Option<u64>) -> u64 {
    let seen = opened.vault.pins().seen(path).map(|seen| seen.version);
    signed.max(seen).map_or(1, |last| last + 1)
}

/// The commit that last changed the file; `None` where what lies there is not what it left.
///
/// # Errors
/// The history cannot be read.
pub(crate) fn last_change(opened: &Snapshot, path: &VaultPath) -> Result<Option<CommitView>> {
    let Some(now) = fs::read(opened.vault.root(), path, MAX_TOML)? else { return Ok(None) };
    let mut found = None;
    git::changes_of(opened.vault.root().path(), path.as_str(), &mut |change| {
        let same = change.bytes.is_some_and(|bytes| bytes == now);
        found = same.then(|| change.commit.into());
        true
    })?;
    Ok(found)
}

/// The lines that differ: `-` for those of `old`, `+` for those of `new`.
pub(crate) fn text_diff(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let lines = diff.iter_all_changes().filter_map(|change| {
        let sign = match change.tag() {
            ChangeTag::Equal => return None,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        let line = change.value().trim_end_matches('\n');
        (!line.is_empty()).then(|| format!("{sign}{line}"))
    });
    lines.collect()
}
