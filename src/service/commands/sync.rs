//! Bringing this clone and the remote together, and deciding what both changed.

use serde::Serialize;
use time::OffsetDateTime;

use crate::access::{Asker, Caller};
use crate::audit::Op;
use crate::fs::{Lock, Root};
use crate::git::{self, Division, Remote};
use crate::kind::Kind;
use crate::name::{MemberName, SecretName};
use crate::service::audit::recorder::Recorder;
use crate::service::base::context::Context;
use crate::service::base::error::{Error, Result};
use crate::service::base::note::Note;
use crate::service::base::opening::{LOCK_WAIT, Opened};
use crate::service::change::adopt_chains::import_chains;
use crate::service::change::commit::{commit_edits, commit_waiting, edits};
use crate::service::change::transaction::LockedVault;
use crate::service::identity::authenticate::authenticate;
use crate::service::secret::readers::note_pending;
use crate::service::session::token::refuse_token;
use crate::service::sync::conflict::{Clash, Matter, Side, State, named, split};
use crate::service::sync::merge::{SyncError, join, refuse_unrelated, refuse_unsynced};
use crate::service::sync::resign::{adopt, remember_published};
use crate::service::sync::resolve::{Taking, settle, settle_obvious};
use crate::store::{Record, Standing};

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
    /// What both sides had changed and where only one of them had a value of its own, so that
    /// nobody had to decide.
    pub settled: Vec<SecretName>,
}

/// Commits what waits, audit lines included; fetches, merges and pushes. git may ask for
/// credentials where `may_ask`.
///
/// # Errors
/// Both sides changed the same secret or document; there is no remote; git refuses.
pub fn sync(ctx: &Context, may_ask: bool) -> Result<SyncReport> {
    refuse_token(ctx, &Op::SYNC)?;
    let opened = Opened::open(ctx)?;
    refuse_unsynced(&opened)?;
    let who = Who::find(ctx, &opened)?;
    opened.settle(ctx);
    drop(opened);
    let desk = Desk::lock(ctx, &who)?;
    desk.import()?;
    desk.commit_waiting(ctx)?;
    drop(desk);
    let vault = ctx.vault.as_path();
    let remote = git::remote(vault)?;
    let mut report =
        SyncReport { remote: remote.shown(), received: 0, sent: 0, settled: Vec::new() };
    // Before what the branch there is now is known: it may have been put back.
    if let Some(tip) = git::fetched(vault, &remote)? {
        remember_published(ctx, &tip);
    }
    let mut theirs = git::fetch(vault, &remote, may_ask)?;
    for attempt in 1.. {
        let ahead = match &theirs {
            Some(theirs) => {
                let desk = Desk::lock(ctx, &who)?;
                desk.commit_waiting(ctx)?;
                desk.join(ctx, theirs, &remote, &mut report)?;
                desk.commit_edits(ctx)?;
                git::compare(vault, theirs)?.ahead
            }
            None => {
                Desk::lock(ctx, &who)?.commit_edits(ctx)?;
                git::commits(vault)?
            }
        };
        if ahead == 0 {
            break;
        }
        match git::push(vault, &remote, may_ask) {
            Ok(()) => {
                report.sent = ahead;
                break;
            }
            Err(error) => {
                let now = git::fetch(vault, &remote, may_ask)?;
                // It was not that somebody else was faster.
                if now == theirs || attempt == TRIES {
                    return Err(error.into());
                }
                theirs = now;
            }
        }
    }
    if let Some(tip) = git::fetched(vault, &remote)? {
        remember_published(ctx, &tip);
    }
    note_what_waits(ctx)?;
    Ok(report)
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

/// Who syncs.
struct Who {
    name: MemberName,
    /// `None` for somebody who is not approved yet: he can send his request.
    caller: Option<Caller>,
}

impl Who {
    fn find(ctx: &Context, opened: &Opened) -> Result<Self> {
        match authenticate(ctx, &opened.rules) {
            Ok(caller) => Ok(Self { name: caller.name.clone(), caller: Some(caller) }),
            Err(error) => match error.waiting_member() {
                Some(name) => Ok(Self { name: name.clone(), caller: None }),
                None => Err(error),
            },
        }
    }
}

/// The vault under its lock, and what whoever syncs can do in it.
enum Desk<'c> {
    /// He signs.
    Member(Box<LockedVault<'c>>),
    /// He only carries.
    Carrier { opened: Opened, lock: Lock, name: MemberName, caller: Option<Caller> },
}

impl<'c> Desk<'c> {
    fn lock(ctx: &'c Context, who: &Who) -> Result<Self> {
        if let Some(caller) = &who.caller {
            match LockedVault::lock_for(ctx, caller.clone()) {
                Ok(locked) => return Ok(Self::Member(Box::new(locked))),
                // A member without a signing key.
                Err(error) if error.kind() == Kind::Denied => {}
                Err(error) => return Err(error),
            }
        }
        let lock = Lock::acquire(&Root::new(ctx.vault.clone()), LOCK_WAIT)?;
        let opened = Opened::open_locked(ctx, &lock)?;
        Ok(Self::Carrier { opened, lock, name: who.name.clone(), caller: who.caller.clone() })
    }

    fn parts(&self) -> (&Opened, &Lock, &MemberName, Option<&Caller>) {
        match self {
            Self::Member(locked) => {
                (&locked.opened, locked.held(), &locked.caller.name, Some(&locked.caller))
            }
            Self::Carrier { opened, lock, name, caller } => (opened, lock, name, caller.as_ref()),
        }
    }

    fn import(&self) -> Result<()> {
        let (opened, lock, ..) = self.parts();
        import_chains(opened, lock).map(|_| ())
    }

    fn commit_waiting(&self, ctx: &Context) -> Result<()> {
        let (opened, lock, name, caller) = self.parts();
        commit_waiting(ctx, &opened.vault, name, || {
            let Some(caller) = caller else { return Ok(None) };
            let asker = Asker::Member(caller.clone());
            let recorder = Recorder::open_locked(ctx, opened, &asker, lock)?;
            Ok(Some(recorder.into_chain()))
        })
    }

    /// Commits what was edited by hand, once what came in has its place.
    fn commit_edits(&self, ctx: &Context) -> Result<()> {
        let (opened, _, name, _) = self.parts();
        let (edited, unreadable) = edits(&opened.vault)?;
        if !unreadable.is_empty() {
            let paths = unreadable.iter().map(ToString::to_string).collect();
            ctx.front.note(&Note::EditsKept { paths });
        }
        if edited.is_empty() {
            return Ok(());
        }
        commit_edits(&opened.vault, name, &edited)?;
        let paths = edited.iter().map(ToString::to_string).collect();
        ctx.front.note(&Note::EditsSent { paths });
        Ok(())
    }

    /// Settles what is obvious, and joins the branches.
    fn join(
        &self,
        ctx: &Context,
        theirs: &str,
        remote: &Remote,
        report: &mut SyncReport,
    ) -> Result<()> {
        let mut division = match git::compare(&ctx.vault, theirs) {
            Err(error) if error.is_unrelated() => {
                refuse_unrelated(self.parts().0, theirs, &remote.shown())?;
                return Err(error.into());
            }
            division => division?,
        };
        if let Self::Member(locked) = self {
            let clashes = split(locked.opened.vault.root(), &division)?.clashes;
            let settled = settle_obvious(locked, &clashes)?;
            if !settled.is_empty() {
                report.settled.extend(settled);
                division = git::compare(&ctx.vault, theirs)?;
            }
        }
        if division.behind == 0 {
            return Ok(());
        }
        match self {
            Self::Member(locked) => merge(locked, &division, remote)?,
            Self::Carrier { opened, lock, name, .. } => {
                join(opened, lock, &division, &remote.shown(), name.as_str())?;
            }
        }
        report.received += division.behind;
        Ok(())
    }
}

/// Joins the branches, once nothing is left to decide.
fn merge(locked: &LockedVault<'_>, division: &Division, remote: &Remote) -> Result<()> {
    let clashes = split(locked.opened.vault.root(), division)?.clashes;
    let adopted = adopt(locked, division, &clashes)?;
    // The branch has moved by that.
    let moved = adopted.then(|| git::compare(&locked.ctx.vault, &division.tips().1)).transpose()?;
    let division = moved.as_ref().unwrap_or(division);
    let author = locked.caller.name.as_str();
    join(&locked.opened, locked.held(), division, &remote.shown(), author)?;
    locked.refresh();
    Ok(())
}

/// Says what came in and nobody obeys yet, and what is encrypted to others than may read.
fn note_what_waits(ctx: &Context) -> Result<()> {
    let opened = Opened::open(ctx)?;
    let mut names: Vec<String> = opened.rules.unapproved().map(ToString::to_string).collect();
    names.extend(
        opened
            .rules
            .standings()
            .filter(|(_, standing)| matches!(standing, Standing::Unapproved(_)))
            .map(|(name, _)| name.to_string()),
    );
    opened.settle(ctx);
    if !names.is_empty() {
        ctx.front.note(&Note::AwaitsApproval { names });
    }
    note_pending(ctx)
}

/// Which side of a conflict to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// What this clone has.
    Ours,
    /// What was fetched.
    Theirs,
    /// The value that was given later.
    Newest,
}

/// Something that this clone and the remote both changed.
#[derive(Debug, Clone, Serialize)]
pub struct ConflictView {
    /// The secret's name, or the path of another file.
    pub name: String,
    /// `secret` or `document`.
    pub kind: &'static str,
    /// What this clone has.
    pub ours: SideView,
    /// What was fetched.
    pub theirs: SideView,
}

/// What one side has. Nothing in it was verified.
#[derive(Debug, Clone, Serialize)]
pub struct SideView {
    /// Whether it was taken away.
    pub removed: bool,
    /// The version, of a secret.
    pub version: Option<u64>,
    /// Since when a secret has that value (RFC 3339).
    pub changed: Option<String>,
    /// Who gave it that value.
    pub author: Option<String>,
}

/// Lists what this clone and the remote, as it was fetched last, both changed. Needs no
/// identity.
///
/// # Errors
/// There is no remote; the vault or its history cannot be read.
pub fn conflict_list(ctx: &Context) -> Result<Vec<ConflictView>> {
    let opened = Opened::open(ctx)?;
    refuse_unsynced(&opened)?;
    let remote = git::remote(&ctx.vault)?;
    let Some(theirs) = git::fetched(&ctx.vault, &remote)? else { return Ok(Vec::new()) };
    let division = git::compare(&ctx.vault, &theirs)?;
    let clashes = split(opened.vault.root(), &division)?.clashes;
    let views = clashes.iter().map(|clash| view(&opened, clash)).collect();
    opened.settle(ctx);
    Ok(views)
}

fn view(opened: &Opened, clash: &Clash) -> ConflictView {
    let side = |side| {
        let record: Option<Record> = clash.claimed(opened, State::Now(side));
        SideView {
            removed: clash.is_gone(side),
            version: record.as_ref().map(|record| record.version),
            changed: record.as_ref().map(|record| record.changed.to_string()),
            author: record.map(|record| record.author.to_string()),
        }
    };
    ConflictView {
        name: clash.matter.to_string(),
        kind: match clash.matter {
            Matter::Secret(_) => "secret",
            Matter::Document(_) => "document",
        },
        ours: side(Side::Ours),
        theirs: side(Side::Theirs),
    }
}

/// What taking a side did.
#[derive(Debug, Clone, Serialize)]
pub struct TakeReport {
    /// What was settled.
    pub taken: Vec<Taken>,
    /// What still is to be decided.
    pub left: Vec<String>,
}

/// Something that was settled.
#[derive(Debug, Clone, Serialize)]
pub struct Taken {
    /// The secret's name, or the path of another file.
    pub name: String,
    /// `ours` or `theirs`.
    pub side: &'static str,
}

/// Takes one side of each conflict in `names`, as a version above both; the other side stays
/// in history. Once nothing is left to decide, the branches are merged.
///
/// # Errors
/// There is no such conflict; that side is signed by nobody who may; denied.
pub fn conflict_take(ctx: &Context, choice: Choice, names: &[String]) -> Result<TakeReport> {
    let locked = LockedVault::lock(ctx, &Op::CONFLICT_TAKE)?;
    refuse_unsynced(&locked.opened)?;
    let remote = git::remote(&ctx.vault)?;
    let none = || -> Error { SyncError::NoClash(names.join(", ")).into() };
    let theirs = git::fetched(&ctx.vault, &remote)?.ok_or_else(none)?;
    let root = locked.opened.vault.root();
    let clashes = split(root, &git::compare(&ctx.vault, &theirs)?)?.clashes;
    let mut choices = Vec::new();
    for clash in named(&clashes, names)? {
        let side = match choice {
            Choice::Ours => Side::Ours,
            Choice::Theirs => Side::Theirs,
            Choice::Newest => clash.newest(&locked.opened)?,
        };
        choices.push(Taking { clash, side });
    }
    settle(&locked, Op::CONFLICT_TAKE, &choices)?;
    let taken = |Taking { clash, side }: &Taking<'_>| Taken {
        name: clash.matter.to_string(),
        side: side.as_str(),
    };
    let taken = choices.iter().map(taken).collect();
    let division = git::compare(&ctx.vault, &theirs)?;
    let left: Vec<String> =
        split(root, &division)?.clashes.iter().map(|clash| clash.matter.to_string()).collect();
    if left.is_empty() {
        // What was taken is committed, or the merge would be of something else.
        commit_waiting(ctx, &locked.opened.vault, &locked.caller.name, || Ok(None))?;
        merge(&locked, &division, &remote)?;
    }
    Ok(TakeReport { taken, left })
}
