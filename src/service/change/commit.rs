//! Turning published changes into one commit, and remembering those that had to wait.
//!
//! A change is in the files before it is committed. `.local/pending` is part of the change
//! itself, so that whatever interrupts a commit, the next change makes up for it.

use std::collections::BTreeMap;

use walkdir::WalkDir;

use super::waiting::{PLACES, waiting};
use crate::audit::{Actor, Chain, ChainName, Event, Head, Op, Outcome};
use crate::fs::{self, LocalFile, Root, Subject, VaultPath};
use crate::git;
use crate::name::MemberName;
use crate::service::audit::{Against, Unpublished, travelling};
use crate::service::base::{Context, Note, Pending, Result, Snapshot, drop_pending};
use crate::store::{AuditMode, CommitMode, Config, Member, Policy, SyncMode, Vault};

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

/// Says that a change is here alone, where there is a remote for it.
pub(crate) fn note_unsent(ctx: &Context, vault: &Vault) {
    let (config, root) = (vault.config(), vault.root().path());
    if config.commit != CommitMode::Auto {
        return;
    }
    let Ok(remote) = git::remote(root) else { return };
    let pushed = git::pushed_elsewhere(root, &remote).ok().flatten();
    let theirs = pushed.or_else(|| git::fetched(root, &remote).ok().flatten());
    let ours = git::commit_of(root, "HEAD").ok();
    if theirs.is_none() || ours != theirs {
        ctx.front.note(&Note::Unsent { auto: config.sync == SyncMode::Auto });
    }
}

/// As [`commit`], for a change by somebody who has no audit chain.
pub(crate) fn commit_files(ctx: &Context, vault: &Vault, member: &MemberName, pending: &Pending) {
    let note = |reason: String, hint: Option<String>| {
        ctx.front.note(&Note::CommitDeferred { reason, hint });
    };
    match try_commit(vault, member, pending) {
        Ok(None) => {}
        Ok(Some(reason)) => note(reason.to_string(), reason.hint()),
        Err(error) => note(error.to_string(), error.hint()),
    }
}

/// Commits the list and what this clone's chains have to publish, and forgets the list; or says why
/// that has to wait.
fn try_commit(
    vault: &Vault,
    member: &MemberName,
    pending: &Pending,
) -> Result<Option<git::Reason>> {
    let root = vault.root();
    let unpublished = Unpublished::find(vault, Against::Commit)?;
    let written = unpublished.write(root)?;
    let mut paths: Vec<String> = pending.valid_paths().chain(unpublished.paths(root)).collect();
    if git::is_unborn(root.path())? {
        // A branch begins with all of the vault: others could not open it otherwise.
        paths.extend(whole(root));
        paths.sort_unstable();
        paths.dedup();
    }
    let outcome = git::commit(&git::Request {
        vault: root.path(),
        paths: &paths,
        message: &message(vault, pending),
        fallback_author: member.as_str(),
    });
    // What no commit has would be in git's way when another branch is checked out.
    let withdraw = || unpublished.withdraw(root, &written);
    match outcome.inspect_err(|_| withdraw())? {
        git::Outcome::Deferred(reason) => {
            if !reason.is_without_repository() {
                withdraw();
            }
            return Ok(Some(reason));
        }
        git::Outcome::Committed { id, parent } => {
            unpublished.remember(root, &id, parent.as_deref());
        }
        git::Outcome::Nothing => unpublished.remember_tip(root),
    }
    drop_pending(root)?;
    Ok(None)
}

/// Every file of the vault that travels.
fn whole(root: &Root) -> Vec<String> {
    let places = [&[".gitattributes", ".gitignore", "audit"], &PLACES[..]].concat();
    let below = |place: &str| WalkDir::new(root.path().join(place)).into_iter().flatten();
    let files = places.into_iter().flat_map(below).filter(|entry| entry.file_type().is_file());
    let inside = files.filter_map(|entry| {
        Some(entry.path().strip_prefix(root.path()).ok()?.to_str()?.to_owned())
    });
    let travels = |path: &String| {
        path.starts_with(".git") || VaultPath::parse(path).is_some_and(|p| p.travels())
    };
    inside.filter(travels).collect()
}

/// What the commit says, as the settings want it: those that it brings, where it does.
fn message(vault: &Vault, pending: &Pending) -> String {
    let (path, message) = (VaultPath::config(), pending.message());
    let new = pending.paths.contains(path.as_str()).then(|| vault.claim::<Config>(&path));
    match new {
        Some(Ok(new)) => new.document.message(&message),
        _ => vault.config().message(&message),
    }
}

/// As [`try_commit`], where waiting is a failure.
fn commit_now(vault: &Vault, member: &MemberName, pending: &Pending) -> Result<()> {
    match try_commit(vault, member, pending)? {
        Some(reason) => Err(git::GitError::NotReady { reason }.into()),
        None => Ok(()),
    }
}

/// Puts what this clone's chains have to publish into the work tree, for whoever commits by hand.
///
/// # Errors
/// The chains cannot be read, or a file cannot be written.
pub(crate) fn publish_lines(vault: &Vault) -> Result<()> {
    Unpublished::find(vault, Against::WorkTree)?.write(vault.root()).map(drop)
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
    let paths = pending.valid_paths().collect::<Vec<_>>();
    let unpublished = Unpublished::find(vault, Against::Commit)?;
    let differs = !unpublished.is_empty()
        || (!paths.is_empty() && git::differs_from_last_commit(vault.root().path(), &paths)?);
    // What is committed may still wait for git's index, where that could not be replaced.
    if !differs && pending.is_empty() {
        unpublished.remember_tip(vault.root());
        return Ok(drop_pending(vault.root())?);
    }
    if differs && let Some(chain) = chain()? {
        name_other_heads(ctx, vault, member, &chain)?;
    }
    if pending.messages.is_empty() {
        pending.messages.push(format!("Record what {member} did"));
    }
    commit_now(vault, member, &pending)
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
    commit_now(vault, member, &pending)
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
    for copies in travelling(vault)?.into_iter().filter(|copies| copies.chain != *chain.name()) {
        // One that cannot be read is for 'audit verify' to report; it keeps nobody from committing.
        if let Ok(Some(head)) = copies.head() {
            heads.insert(copies.chain, head);
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
