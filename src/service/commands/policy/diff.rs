//! `policy diff`: what changed in policies, members and admins between two states of the
//! vault, and what that means for people and scopes. Needs no identity.

use serde::Serialize;

use crate::fs::{Subject, VaultPath};
use crate::git;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::rules::effect::effect;
use crate::service::rules::{Effect, State, text_diff};
use crate::words::words;

/// What differs between two states.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyDiff {
    /// Files that differ in what they say, sorted by path.
    pub files: Vec<FileDiff>,
    /// What that means.
    pub effect: Effect,
}

words! {
    /// What becomes of a file.
    pub enum FileChange {
        /// It is new.
        Added = "added",
        /// It goes.
        Removed = "removed",
        /// It is another.
        Changed = "changed",
    }
}

/// A file that differs.
#[derive(Debug, Clone, Serialize)]
pub struct FileDiff {
    /// The file, relative to the vault.
    pub path: String,
    /// The member or scope that it is about; `None` for a set of admins.
    pub name: Option<String>,
    /// `added`, `removed` or `changed`.
    pub change: FileChange,
    /// Whether an admin of today signed it as it stands in the later state: otherwise it counts once
    /// one has approved it.
    pub approved: bool,
    /// Why it cannot be understood; then the effect leaves it out.
    pub problem: Option<String>,
    /// Lines taken away (`-`) and added (`+`).
    pub diff: Vec<String>,
}

/// Where a comparison begins.
#[derive(Debug, Clone, Copy)]
pub enum DiffFrom<'r> {
    /// At this revision of git.
    Revision(&'r str),
    /// Where the other state left this revision: what that one has got since is left out.
    ForkPoint(&'r str),
}

/// Compares a revision of git with the revision `to`; without `to` with the files as they lie there.
///
/// # Errors
/// There is no such revision; no vault, or a damaged one.
pub fn policy_diff(ctx: &Context, from: DiffFrom<'_>, to: Option<&str>) -> Result<PolicyDiff> {
    let opened = OpenVault::open(ctx)?;
    let before = match from {
        DiffFrom::Revision(rev) => State::of_revision(&opened, rev)?,
        DiffFrom::ForkPoint(rev) => {
            let shared = git::fork_point(&ctx.vault, rev, to.unwrap_or("HEAD"))?;
            // What git does not know is said of the revision.
            State::of_revision(&opened, shared.as_deref().unwrap_or(rev))?
        }
    };
    let after = match to {
        Some(to) => State::of_revision(&opened, to)?,
        None => State::of_files(&opened)?,
    };
    let ((old, _), (new, unreadable)) = (before.ruling(&opened), after.ruling(&opened));
    let mut files = Vec::new();
    for path in before.differing(&after) {
        let diff = text_diff(&before.shown(&opened, &path), &after.shown(&opened, &path));
        // Signed anew, or another version number: nothing that anybody could tell apart.
        if diff.is_empty() && after.is_approved(&opened, &path) {
            continue;
        }
        let there = (before.documents.contains_key(&path), after.documents.contains_key(&path));
        files.push(FileDiff {
            change: match there {
                (false, _) => FileChange::Added,
                (_, false) => FileChange::Removed,
                _ => FileChange::Changed,
            },
            name: match VaultPath::parse(&path).as_ref().map(VaultPath::subject) {
                Some(Subject::Member(name)) => Some(name.to_string()),
                Some(Subject::Policy(name)) => Some(name.to_string()),
                _ => None,
            },
            approved: after.is_approved(&opened, &path),
            problem: unreadable.get(&path).cloned(),
            diff,
            path,
        });
    }
    let mut names = before.secrets;
    names.extend(after.secrets);
    names.sort_unstable();
    names.dedup();
    Ok(PolicyDiff { files, effect: effect(&old, &new, &names) })
}
