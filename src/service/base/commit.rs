//! Turning published changes into one commit, and remembering those that had to wait.
//!
//! A change is in the files before it is committed. `.local/pending` is part of the change
//! itself, so that whatever interrupts a commit, the next change makes up for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::error::Result;
use super::note::Note;
use super::recorder::{chain_paths, read_clone_id};
use super::transaction::drop_pending;
use crate::audit::{self, Actor, Chain, ChainName, Event, Head, Op, Outcome};
use crate::fs::{self, Listing, Root, VaultPath};
use crate::git;
use crate::name::MemberName;
use crate::store::{AuditMode, Vault};

/// The list of changes that are not committed, below `.local/`.
pub(crate) const PENDING: &str = "pending";
/// The heads of other chains that this clone named last, below `.local/`.
const NAMED_HEADS: &str = "heads";
const LIMIT: usize = 64 << 20;

/// Changes that are published and not committed, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pending {
    messages: Vec<String>,
    paths: BTreeSet<String>,
}

impl Pending {
    /// Loads the list; one that cannot be read counts as empty, as its paths are in the
    /// files anyway.
    pub(crate) fn load(root: &Root) -> Result<Self> {
        let bytes = fs::read_outside(&root.local(PENDING), LIMIT)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Adds one change.
    pub(crate) fn add(&mut self, message: String, paths: &[VaultPath]) {
        self.messages.push(message);
        let valid = paths.iter().map(|path| path.as_str().to_owned());
        self.paths.extend(valid);
    }

    /// The list as its file holds it.
    pub(crate) fn render(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The newest change in the first line, those that had waited below it.
    fn message(&self) -> String {
        let Some((newest, waited)) = self.messages.split_last() else { return String::new() };
        let mut message = newest.clone();
        if !waited.is_empty() {
            message.push_str("\n\nWith what was not committed before:\n");
            waited.iter().for_each(|line| message.push_str(&format!("- {line}\n")));
        }
        message
    }
}

/// Commits what is pending together with this clone's audit lines. A commit that cannot be
/// made now is noted and made with the next change: the change itself is done.
pub(crate) fn commit(
    ctx: &Context,
    (vault, member): (&Vault, &MemberName),
    chain: &Chain,
    pending: &Pending,
) {
    let note = |reason: String| ctx.front.note(&Note::CommitDeferred { reason, hint: None });
    if let Err(error) = name_other_heads(ctx, (vault, member), chain) {
        return note(error.to_string());
    }
    let valid = |path: &String| VaultPath::parse(path).is_some();
    let mut paths: Vec<String> = pending.paths.iter().filter(|path| valid(path)).cloned().collect();
    match own_audit_paths(vault) {
        Ok(own) => paths.extend(own),
        Err(error) => return note(error.to_string()),
    }
    let request = git::Request {
        vault: vault.root().path(),
        paths: &paths,
        message: &pending.message(),
        fallback_author: member.as_str(),
    };
    match git::commit(&request) {
        Ok(git::Outcome::Deferred(reason)) => {
            let hint = reason.hint();
            ctx.front.note(&Note::CommitDeferred { reason: reason.to_string(), hint });
        }
        Ok(_) => {
            if let Err(error) = drop_pending(vault.root()) {
                note(error.to_string());
            }
        }
        Err(error) => note(error.to_string()),
    }
}

/// The audit files that this clone writes.
fn own_audit_paths(vault: &Vault) -> Result<Vec<String>> {
    if vault.config().audit == AuditMode::Local {
        return Ok(Vec::new());
    }
    let Some(clone) = read_clone_id(&vault.root().local("clone"))? else { return Ok(Vec::new()) };
    let (chains, keys) = (format!("-{clone}.jsonl"), format!("-{clone}.key.age"));
    let files = fs::list(vault.root(), Listing::Audit)?.files;
    let own = files.into_iter().filter(|f| f.ends_with(&chains) || f.ends_with(&keys));
    Ok(own.map(|file| format!("audit/{file}")).collect())
}

/// Adds a line that names the heads of other chains that moved since the last commit, so
/// that cutting the tail of one chain is seen from the others.
fn name_other_heads(
    ctx: &Context,
    (vault, member): (&Vault, &MemberName),
    chain: &Chain,
) -> Result<()> {
    if vault.config().audit == AuditMode::Local {
        return Ok(());
    }
    let mut heads = BTreeMap::new();
    for file in fs::list(vault.root(), Listing::Audit)?.files {
        let Some(name) = file.strip_suffix(".jsonl").and_then(ChainName::parse) else { continue };
        let Some((path, _)) = chain_paths(AuditMode::Repo, &name) else { continue };
        if name == *chain.name() {
            continue;
        }
        // One that cannot be read is for 'audit verify' to report; it keeps nobody from committing.
        if let Ok(Some(head)) = audit::head(&vault.root().file(&path)) {
            heads.insert(name, head);
        }
    }
    let file = vault.root().local(NAMED_HEADS);
    let known = fs::read_outside(&file, LIMIT)?.unwrap_or_default();
    let known: BTreeMap<ChainName, Head> = serde_json::from_slice(&known).unwrap_or_default();
    let mut moved = heads.clone();
    moved.retain(|name, head| known.get(name) != Some(head));
    if moved.is_empty() {
        return Ok(());
    }
    let event = Event {
        op: Op::COMMIT,
        secrets: Vec::new(),
        scope: None,
        actor: Actor::Member { name: member.clone() },
        outcome: Outcome::Granted,
        detail: None,
        heads: moved,
    };
    chain.note(&event, ctx.now)?;
    fs::replace(&file, &serde_json::to_vec(&heads).unwrap_or_default())?;
    Ok(())
}
