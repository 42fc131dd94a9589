//! Bringing this clone and the remote together.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;
use time::OffsetDateTime;

use crate::access::PolicyState;
use crate::audit::Op;
use crate::fs::{Subject, VaultPath};
use crate::git;
use crate::name::{MemberName, ScopeName};
use crate::service::base::{Context, Note, OpenVault, Result, Snapshot};
use crate::service::secret::note_pending;
use crate::service::session::refuse_token;
use crate::service::sync::{
    Joined, OtherSide, SyncError, SyncIdentity, Syncer, refuse_rewritten, refuse_unsynced,
    remember_published,
};
use crate::store::{Signed, Standing, in_conflict};
use crate::words::words;

/// How often the remote may move while we merge.
const TRIES: usize = 10;

/// What a sync did.
#[derive(Debug, Clone, Serialize)]
pub struct SyncReport {
    /// The branch it was synced with, such as `origin/main`.
    pub remote: String,
    /// How many commits came from there.
    pub received: usize,
    /// How many commits went there.
    pub sent: usize,
    /// What both sides had changed and left nobody to decide: secrets of which only one had a value of
    /// its own, and policies to which both only added, by their files.
    pub settled: Vec<String>,
    /// The policies among them.
    #[serde(skip)]
    pub policies: Vec<ScopeName>,
    /// What others changed and is here now.
    pub changes: Vec<SyncChange>,
}

/// Something that others changed.
#[derive(Debug, Clone, Serialize)]
pub struct SyncChange {
    /// What it is.
    pub kind: SyncKind,
    /// The name; of the settings and the list of admins, the file.
    pub name: String,
    /// What happened to it.
    pub what: SyncEvent,
    /// Its version now.
    pub version: Option<u64>,
    /// Who signed it.
    pub by: Option<MemberName>,
}

words! {
    /// What others changed.
    pub enum SyncKind {
        /// A secret.
        Secret = "secret",
        /// A member.
        Member = "member",
        /// A policy.
        Policy = "policy",
        /// The settings, or who the admins are.
        Settings = "settings",
    }
}

words! {
    /// What happened to it.
    pub enum SyncEvent {
        /// It is new.
        New = "new",
        /// It changed.
        Changed = "changed",
        /// It was removed.
        Removed = "removed",
        /// It waits for an admin's approval.
        Waits = "waits",
        /// It is not what it should be: `check` says what.
        Damaged = "damaged",
    }
}

/// Commits what waits, audit lines included; fetches, merges and pushes. Where a branch is named by
/// `with`, such as `origin/main`, that is brought into the one that is checked out, and nothing is pushed.
/// git may ask for credentials where `may_ask`.
///
/// # Errors
/// Both sides changed the same secret or document; there is no remote; git refuses.
pub fn sync(ctx: &Context, with: Option<&str>, may_ask: bool) -> Result<SyncReport> {
    refuse_token(ctx, &Op::SYNC)?;
    let opened = OpenVault::open(ctx)?;
    refuse_unsynced(&opened)?;
    let who = SyncIdentity::find(ctx, &opened)?;
    drop(opened);
    let syncer = Syncer::lock(ctx, &who)?;
    syncer.import()?;
    syncer.commit_waiting(ctx)?;
    drop(syncer);
    if let Some(rev) = with {
        return bring_in(ctx, &who, rev, may_ask);
    }
    let vault = ctx.vault.as_path();
    let remote = git::remote(vault)?;
    let mut report = SyncReport {
        remote: remote.shown(),
        received: 0,
        sent: 0,
        settled: Vec::new(),
        policies: Vec::new(),
        changes: Vec::new(),
    };
    // Before what the branch there is now is known: it may have been put back.
    if let Some(tip) = git::fetched(vault, &remote)? {
        remember_published(ctx, &remote, &tip);
    }
    let mut received = Vec::new();
    let mut theirs = git::fetch(vault, &remote, may_ask)?;
    refuse_rewritten(ctx, &remote, theirs.as_deref())?;
    for attempt in 1.. {
        let ahead = match &theirs {
            Some(theirs) => {
                let syncer = Syncer::lock(ctx, &who)?;
                syncer.commit_waiting(ctx)?;
                let own = syncer.own_records(theirs)?;
                let other = OtherSide::followed(&remote, Some(theirs.clone()));
                let joined = syncer.join(ctx, theirs, &other)?;
                report.received += joined.received;
                report.policies.extend(policies(&joined.settled));
                report.settled.extend(joined.settled);
                received.extend(joined.files);
                if joined.received > 0 {
                    // What came in may have taken lines of this clone's away, as a revert does.
                    syncer.commit_waiting(ctx)?;
                }
                syncer.commit_edits(ctx)?;
                drop(syncer);
                own.map_or(Ok(()), |own| own.resign(ctx))?;
                git::compare(vault, theirs)?.ahead
            }
            None => {
                Syncer::lock(ctx, &who)?.commit_edits(ctx)?;
                git::commits(vault)?
            }
        };
        // To a fork goes what the fork lacks.
        let ahead = match git::pushed_elsewhere(vault, &remote)? {
            Some(pushed) => git::ahead_and_behind(vault, &pushed)?.0,
            None => ahead,
        };
        if ahead == 0 {
            break;
        }
        if remote.target.is_none() {
            let (here, remote) = (remote.here.clone(), remote.shown());
            ctx.front.note(&Note::NotPushed { here, remote, count: ahead });
            break;
        }
        refuse_both_sides(ctx, theirs.as_deref())?;
        match git::push(vault, &remote, may_ask) {
            Ok(()) => {
                report.sent = ahead;
                break;
            }
            Err(error) => {
                let now = git::fetch(vault, &remote, may_ask)?;
                // It was not that somebody else was faster.
                if now == theirs || attempt == TRIES {
                    if only_lines(ctx, now.as_deref())? {
                        ctx.front.note(&Note::LinesKept { remote: report.remote.clone() });
                        break;
                    }
                    let (refused, remote) = (Box::new(error), remote.name);
                    return Err(SyncError::PushRefused { refused, remote, count: ahead }.into());
                }
                theirs = now;
            }
        }
    }
    git::move_bookmark(vault, &remote)?;
    if let Some(tip) = git::fetched(vault, &remote)? {
        remember_published(ctx, &remote, &tip);
    }
    report.changes = note_what_waits(ctx, &who, &received)?;
    Ok(report)
}

/// Brings another branch into the one that is checked out, as it stands at its remote, if it is one's.
fn bring_in(ctx: &Context, who: &SyncIdentity, rev: &str, may_ask: bool) -> Result<SyncReport> {
    if let Some(remote) = git::remote_of(&ctx.vault, rev)? {
        git::fetch(&ctx.vault, &remote, may_ask)?;
    }
    let other = OtherSide::named(ctx, rev)?;
    let syncer = Syncer::lock(ctx, who)?;
    let theirs = other.commit.clone().unwrap_or_default();
    let own = syncer.own_records(&theirs)?;
    let joined = syncer.join(ctx, &theirs, &other)?;
    syncer.commit_edits(ctx)?;
    drop(syncer);
    own.map_or(Ok(()), |own| own.resign(ctx))?;
    let changes = note_what_waits(ctx, who, &joined.files)?;
    let Joined { received, settled, .. } = joined;
    let policies = policies(&settled);
    Ok(SyncReport { remote: other.shown, received, sent: 0, settled, policies, changes })
}

/// The policies among what was settled, each by its file.
fn policies(settled: &[String]) -> Vec<ScopeName> {
    let scope = |file: &String| match VaultPath::parse(file)?.subject() {
        Subject::Policy(scope) => Some(scope.clone()),
        _ => None,
    };
    settled.iter().filter_map(scope).collect()
}

/// Whether the branch here has nothing but lines of the trail that the other side lacks: no reason to
/// fail where that takes no pushes.
fn only_lines(ctx: &Context, theirs: Option<&str>) -> Result<bool> {
    let Some(theirs) = theirs else { return Ok(false) };
    let files = git::paths_beyond(&ctx.vault, theirs)?;
    let is_trail =
        |path: &VaultPath| matches!(path.subject(), Subject::Segment(_) | Subject::ChainKey);
    Ok(files.iter().all(|file| VaultPath::parse(file).is_some_and(|path| is_trail(&path))))
}

/// Refuses to send a file that was committed with both sides of a conflict in it: nobody could read it
/// there either.
///
/// # Errors
/// [`StoreError::Conflict`].
fn refuse_both_sides(ctx: &Context, theirs: Option<&str>) -> Result<()> {
    let changed = theirs.map(|theirs| git::paths_beyond(&ctx.vault, theirs)).transpose()?;
    let changed: Option<BTreeSet<String>> = changed.map(|paths| paths.into_iter().collect());
    let is_document = |path: &str| {
        let path = VaultPath::parse(path);
        path.is_some_and(|path| match path.subject() {
            Subject::Record(_) | Subject::Member(_) | Subject::Policy(_) => true,
            Subject::Settings | Subject::Admins(_) => true,
            Subject::Value(_) | Subject::Segment(_) | Subject::ChainKey | Subject::Other => false,
        })
    };
    let wants = |path: &str| {
        changed.as_ref().is_none_or(|changed| changed.contains(path)) && is_document(path)
    };
    for (path, bytes) in git::files_at(&ctx.vault, "HEAD", &wants)?.contents {
        let Some(path) = VaultPath::parse(&path) else { continue };
        in_conflict(&path, &bytes).map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// When this clone last heard of its remote, where it has one: `Some(None)` is never.
///
/// # Errors
/// The repository cannot be read.
pub fn last_fetched(ctx: &Context) -> Result<Option<Option<OffsetDateTime>>> {
    match git::remote(&ctx.vault) {
        Ok(_) => Ok(Some(git::last_fetched(&ctx.vault)?.map(OffsetDateTime::from))),
        Err(_) => Ok(None),
    }
}

/// Says what came in and nobody obeys yet, and what is encrypted to others than may read; returns what
/// came in. What is in order counts as seen from here on, whether or not anybody reads it.
fn note_what_waits(
    ctx: &Context,
    who: &SyncIdentity,
    received: &[VaultPath],
) -> Result<Vec<SyncChange>> {
    let opened = OpenVault::open(ctx)?;
    if who.is_gone(&opened.rules) {
        ctx.front.note(&Note::NoMember);
    }
    let snapshot: &Snapshot = &opened;
    let mut changes: Vec<SyncChange> =
        received.par_iter().filter_map(|path| change(snapshot, path)).collect();
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    changes.dedup_by(|a, b| a.kind == b.kind && a.name == b.name);
    let names = opened.rules.await_approval();
    if !names.is_empty() {
        ctx.front.note(&Note::AwaitsApproval { names });
    }
    note_pending(ctx)?;
    Ok(changes)
}

/// What became of a file that came in, by what it is now.
fn change(opened: &Snapshot, path: &VaultPath) -> Option<SyncChange> {
    let told = |kind, name: String, what, version, by: Option<&MemberName>| SyncChange {
        kind,
        name,
        what,
        version,
        by: by.cloned(),
    };
    let event = |version| if version == 1 { SyncEvent::New } else { SyncEvent::Changed };
    Some(match path.subject() {
        // Damage is for 'check' to report.
        Subject::Record(name) | Subject::Value(name) => {
            let text = name.to_string();
            match opened.vault.secret(name, &opened.rules) {
                Ok(Some(sealed)) => {
                    let (version, by) = (sealed.record().version, sealed.record().by());
                    told(SyncKind::Secret, text, event(version), Some(version), Some(by))
                }
                Ok(None) => told(SyncKind::Secret, text, SyncEvent::Removed, None, None),
                Err(_) => told(SyncKind::Secret, text, SyncEvent::Damaged, None, None),
            }
        }
        Subject::Member(name) => {
            let standing = opened.rules.standing(name)?;
            let signed = standing.signed();
            let what = match standing {
                Standing::InForce(member) => event(member.version),
                Standing::Removed(_) => SyncEvent::Removed,
                Standing::Unapproved(_) => SyncEvent::Waits,
                Standing::Damaged(_) => SyncEvent::Damaged,
            };
            let version = signed.map(|signed| signed.version);
            told(SyncKind::Member, name.to_string(), what, version, signed.map(Signed::by))
        }
        Subject::Policy(name) => {
            let state = opened.rules.policy_state(name)?;
            let signed = state.signed();
            let what = match state {
                PolicyState::InForce(policy, _) => event(policy.version),
                PolicyState::Removed(_) => SyncEvent::Removed,
                PolicyState::Unapproved(_) => SyncEvent::Waits,
                PolicyState::Damaged(_) | PolicyState::Bad(_) => SyncEvent::Damaged,
            };
            let version = signed.map(|signed| signed.version);
            told(SyncKind::Policy, name.to_string(), what, version, signed.map(Signed::by))
        }
        Subject::Settings => {
            let version = Some(opened.vault.config().version);
            let by = Some(opened.vault.config_signer());
            told(SyncKind::Settings, path.to_string(), SyncEvent::Changed, version, by)
        }
        Subject::Admins(number) => {
            let version = u64::from(*number);
            told(SyncKind::Settings, path.to_string(), SyncEvent::New, Some(version), None)
        }
        Subject::Segment(_) | Subject::ChainKey | Subject::Other => return None,
    })
}
