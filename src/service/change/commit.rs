//! Turning published changes into one commit, and remembering those that had to wait.
//!
//! A change is in the files before it is committed. `.local/pending` is part of the change
//! itself, so that whatever interrupts a commit, the next change makes up for it.

use std::collections::BTreeMap;

use super::waiting::waiting;
use crate::audit::{self, Actor, Chain, ChainFiles, ChainName, Event, Head, Op, Outcome};
use crate::fs::{self, Listing, LocalFile, Root, Subject, VaultPath};
use crate::git;
use crate::kind::Failure as _;
use crate::name::MemberName;
use crate::service::audit::read_clone_id;
use crate::service::base::{Context, Note, Pending, Result, Snapshot, drop_pending};
use crate::store::{AuditMode, Member, Policy, Vault};

const LIMIT: usize = 64 << 20;

/// Commits what is pending together with this clone's audit lines. A commit that cannot be
/// made now is noted and made with the next change: the change itself is done.
pub(crate) fn commit(
    ctx: &Context,
    vault: &Vault,
    member: &MemberName,
    chain: &Chain,
    pending: &Pending,
) {
    if let Err(error) = name_other_heads(ctx, vault, member, chain) {
        return ctx.front.note(&Note::CommitDeferred { reason: error.to_string(), hint: None });
    }
    commit_files(ctx, vault, member, pending);
}

/// As [`commit`], for a change by somebody who has no audit chain.
pub(crate) fn commit_files(ctx: &Context, vault: &Vault, member: &MemberName, pending: &Pending) {
    let note = |reason: String| ctx.front.note(&Note::CommitDeferred { reason, hint: None });
    let own = match own_segments(vault) {
        Ok(own) => own,
        Err(error) => return note(error.to_string()),
    };
    match try_commit(vault, member, pending, &own) {
        Ok(git::Outcome::Deferred(reason)) => {
            let hint = reason.hint();
            ctx.front.note(&Note::CommitDeferred { reason: reason.to_string(), hint });
        }
        Ok(_) => {
            if let Err(error) = committed(vault, &own) {
                note(error.to_string());
            }
        }
        Err(error) => {
            let hint = error.hint();
            ctx.front.note(&Note::CommitDeferred { reason: error.to_string(), hint });
        }
    }
}

fn try_commit(
    vault: &Vault,
    member: &MemberName,
    pending: &Pending,
    own: &OwnSegments,
) -> std::result::Result<git::Outcome, git::GitError> {
    let paths: Vec<String> = pending.valid_paths().chain(own.paths()).collect();
    git::commit(&git::Request {
        vault: vault.root().path(),
        paths: &paths,
        message: &pending.message(),
        fallback_author: member.as_str(),
    })
}

fn committed(vault: &Vault, own: &OwnSegments) -> Result<()> {
    own.remember(vault.root());
    Ok(drop_pending(vault.root())?)
}

/// Commits what waits, audit lines of reads included, if there is anything. With the chain of
/// whoever commits, the commit names the heads of the others.
///
/// # Errors
/// It cannot be made now; the vault cannot be read.
pub(crate) fn commit_waiting(
    ctx: &Context,
    opened: &Snapshot,
    member: &MemberName,
    chain: impl FnOnce() -> Result<Option<Chain>>,
) -> Result<()> {
    let vault = &opened.vault;
    let mut pending = Pending::load(vault.root())?.still(vault.root().path());
    let mut forgotten = waiting(opened)?;
    forgotten.signed.retain(|path| !pending.paths.contains(path.as_str()));
    if !forgotten.signed.is_empty() {
        let names = forgotten.names();
        pending.add(format!("Commit {}, left uncommitted", names.join(", ")), &forgotten.signed);
        ctx.front.note(&Note::CommitsForgotten { names });
    }
    let paths = pending.valid_paths().chain(own_segments(vault)?.paths()).collect::<Vec<_>>();
    let differs = git::differs_from_last_commit(vault.root().path(), &paths)?;
    // What is committed may still wait for git's index, where that could not be replaced.
    if !differs && pending.is_empty() {
        return Ok(drop_pending(vault.root())?);
    }
    if differs && let Some(chain) = chain()? {
        name_other_heads(ctx, vault, member, &chain)?;
    }
    if pending.messages.is_empty() {
        pending.messages.push(format!("Record what {member} did"));
    }
    let own = own_segments(vault)?;
    match try_commit(vault, member, &pending, &own)? {
        git::Outcome::Deferred(reason) => Err(git::GitError::NotReady { reason }.into()),
        _ => committed(vault, &own),
    }
}

/// Sorts members and policies that were edited by hand and are not committed: those that can be sent
/// as requests, and those that cannot be read.
///
/// # Errors
/// The work tree or the history cannot be read.
pub(crate) fn edits(opened: &Snapshot) -> Result<(Vec<VaultPath>, Vec<VaultPath>)> {
    let reads = |path: &VaultPath| match path.subject() {
        Subject::Member(_) => opened.vault.claim::<Member>(path).is_ok(),
        _ => opened.vault.claim::<Policy>(path).is_ok(),
    };
    Ok(waiting(opened)?.edited.into_iter().partition(reads))
}

/// Commits edits by hand, as requests that nobody obeys before an admin approves them.
///
/// # Errors
/// It cannot be made now; the vault cannot be read.
pub(crate) fn commit_edits(vault: &Vault, member: &MemberName, edits: &[VaultPath]) -> Result<()> {
    let mut pending = Pending::load(vault.root())?;
    let names: Vec<_> = edits.iter().map(VaultPath::as_str).collect();
    pending.add(format!("Ask to change {}", names.join(", ")), edits);
    let own = own_segments(vault)?;
    match try_commit(vault, member, &pending, &own)? {
        git::Outcome::Deferred(reason) => Err(git::GitError::NotReady { reason }.into()),
        _ => committed(vault, &own),
    }
}

/// The chains that this clone writes, and with which lines the segments begin that are to be
/// committed.
#[derive(Debug, Default)]
struct OwnSegments(BTreeMap<ChainName, Vec<u64>>);

/// Finds the segments that may have changed since the last commit: closed ones that were
/// committed never do.
fn own_segments(vault: &Vault) -> Result<OwnSegments> {
    let mut own = OwnSegments::default();
    let root = vault.root();
    if vault.config().audit == AuditMode::Local {
        return Ok(own);
    }
    let Some(clone) = read_clone_id(&root.local(LocalFile::Clone))? else { return Ok(own) };
    let committed = fs::read_outside(&root.local(LocalFile::Committed), LIMIT)?.unwrap_or_default();
    let committed: BTreeMap<ChainName, u64> =
        serde_json::from_slice(&committed).unwrap_or_default();
    let ending = format!("-{clone}");
    for files in chains(vault)? {
        let chain = files.chain().clone();
        if !chain.as_str().ends_with(&ending) {
            continue;
        }
        let mut firsts = files.firsts()?;
        let since = committed.get(&chain).copied();
        firsts.retain(|first| since.is_none_or(|since| *first >= since));
        own.0.insert(chain, firsts);
    }
    Ok(own)
}

impl OwnSegments {
    /// The files, and the keys of the chains.
    fn paths(&self) -> Vec<String> {
        let of = |(chain, firsts): (&ChainName, &Vec<u64>)| {
            let chain = chain.as_str();
            let mut paths = vec![VaultPath::chain_key(chain)];
            paths.extend(firsts.iter().map(|first| VaultPath::segment(chain, *first)));
            paths.into_iter().flatten().map(|path| path.as_str().to_owned()).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Remembers what is committed. Where that fails the next commit looks at more files.
    fn remember(&self, root: &Root) {
        let last =
            |(chain, firsts): (&ChainName, &Vec<u64>)| Some((chain.clone(), *firsts.last()?));
        let last: BTreeMap<ChainName, u64> = self.0.iter().filter_map(last).collect();
        let text = serde_json::to_vec(&last).unwrap_or_default();
        let file = root.local(LocalFile::Committed);
        if fs::read_outside(&file, LIMIT).ok().flatten().as_deref() != Some(text.as_slice()) {
            let _ = fs::replace(&file, &text);
        }
    }
}

/// The chains that travel with the vault.
pub(crate) fn chains(vault: &Vault) -> Result<Vec<ChainFiles>> {
    fs::refuse_linked(vault.root(), Listing::Audit)?;
    Ok(audit::chains_in(&vault.root().folder(Listing::Audit))?)
}

/// The chains that stay in this clone.
pub(crate) fn local_chains(vault: &Vault) -> Result<Vec<ChainFiles>> {
    fs::refuse_linked(vault.root(), Listing::LocalAudit)?;
    Ok(audit::chains_in(&vault.root().folder(Listing::LocalAudit))?)
}

/// Adds a line that names the heads of other chains that moved since the last commit, so
/// that cutting the tail of one chain is seen from the others.
fn name_other_heads(
    ctx: &Context,
    vault: &Vault,
    member: &MemberName,
    chain: &Chain,
) -> Result<()> {
    if vault.config().audit == AuditMode::Local {
        return Ok(());
    }
    let mut heads = BTreeMap::new();
    for files in chains(vault)?.iter().filter(|files| files.chain() != chain.name()) {
        // One that cannot be read is for 'audit verify' to report; it keeps nobody from committing.
        if let Ok(Some(head)) = files.head() {
            heads.insert(files.chain().clone(), head);
        }
    }
    let file = vault.root().local(LocalFile::NamedHeads);
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
        actor: Actor::member(member),
        outcome: Outcome::Granted,
        reason: None,
        detail: None,
        heads: moved,
    };
    chain.note(&event, ctx.now)?;
    fs::replace(&file, &serde_json::to_vec(&heads).unwrap_or_default())?;
    Ok(())
}
