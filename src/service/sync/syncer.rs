//! One clone's side of a sync: what waits is committed, what was fetched is joined.

use super::conflict::split;
use super::merge::{join, refuse_unrelated};
use super::other_side::OtherSide;
use super::own::OwnRecords;
use super::resign::resign_after_merge;
use super::resolve::auto_resolve;
use crate::access::{Caller, Principal, Rules};
use crate::fs::{Lock, Root, VaultPath};
use crate::git::{self, Divergence};
use crate::kind::Kind;
use crate::name::MemberName;
use crate::service::audit::Recorder;
use crate::service::base::{
    Context, LOCK_WAIT, Note, OpenVault, Result, Snapshot, missing_rules_and_trail, refuse_missing,
};
use crate::service::change::{LockedVault, commit_edits, commit_waiting, edits, import_chains};
use crate::service::identity::authenticate::authenticate;
use crate::service::identity::member_of;

/// Who syncs.
pub(crate) struct SyncIdentity {
    name: MemberName,
    /// `None` for somebody who is not approved yet: they can send their request.
    caller: Option<Caller>,
}

impl SyncIdentity {
    pub(crate) fn find(ctx: &Context, opened: &Snapshot) -> Result<Self> {
        match authenticate(ctx, &opened.rules) {
            Ok(caller) => Ok(Self { name: caller.name.clone(), caller: Some(caller) }),
            Err(error) => match error.waiting_member() {
                Some(name) => Ok(Self { name: name.clone(), caller: None }),
                None => Err(error),
            },
        }
    }

    /// Whether they were a member, and are none under these rules.
    pub(crate) fn is_gone(&self, rules: &Rules) -> bool {
        let gone = |caller: &Caller| match member_of(&caller.identity, rules) {
            Ok(_) => false,
            Err(error) => error.waiting_member().is_none(),
        };
        // An edit of the member's file, whoever made it, is for an admin to decide.
        self.caller.as_ref().is_some_and(|caller| !rules.waits(&caller.name) && gone(caller))
    }
}

/// What joining brought.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    /// How many commits came in.
    pub(crate) received: usize,
    /// What both sides had changed, and nobody had to decide.
    pub(crate) settled: Vec<String>,
    /// The files of the vault that came in.
    pub(crate) files: Vec<VaultPath>,
}

/// The vault under its lock, and what whoever syncs can do in it.
pub(crate) enum Syncer<'c> {
    /// They sign.
    Member(Box<LockedVault<'c>>),
    /// They only carry.
    Carrier { opened: Box<OpenVault<'c>>, lock: Lock, name: MemberName, caller: Option<Caller> },
}

impl<'c> Syncer<'c> {
    pub(crate) fn lock(ctx: &'c Context, who: &SyncIdentity) -> Result<Self> {
        if let Some(caller) = &who.caller {
            match LockedVault::lock_for(ctx, caller.clone()) {
                Ok(locked) => return Ok(Self::Member(Box::new(locked))),
                // A member without a signing key.
                Err(error) if error.kind() == Kind::Denied => {}
                Err(error) => return Err(error),
            }
        }
        let lock = Lock::acquire(&Root::new(ctx.vault.clone()), LOCK_WAIT)?;
        let opened = OpenVault::open_locked(ctx, &lock)?;
        Ok(Self::Carrier {
            opened: Box::new(opened),
            lock,
            name: who.name.clone(),
            caller: who.caller.clone(),
        })
    }

    fn parts(&self) -> (&Snapshot, &Lock, &MemberName, Option<&Caller>) {
        match self {
            Self::Member(locked) => {
                (&locked.opened, locked.held(), &locked.caller.name, Some(&locked.caller))
            }
            Self::Carrier { opened, lock, name, caller } => (opened, lock, name, caller.as_ref()),
        }
    }

    /// What whoever syncs wrote that the commit `theirs` lacks, where its signature may be lost.
    ///
    /// # Errors
    /// The branches cannot be compared.
    pub(crate) fn own_records(&self, theirs: &str) -> Result<Option<OwnRecords>> {
        let (opened, .., caller) = self.parts();
        caller.map_or(Ok(None), |caller| OwnRecords::before(opened, caller, theirs))
    }

    pub(crate) fn import(&self) -> Result<()> {
        let (opened, lock, ..) = self.parts();
        import_chains(opened, lock).map(|_| ())
    }

    pub(crate) fn commit_waiting(&self, ctx: &Context) -> Result<()> {
        let (opened, lock, name, caller) = self.parts();
        refuse_missing(opened, &missing_rules_and_trail(opened))?;
        commit_waiting(ctx, opened, name, || {
            let Some(caller) = caller else { return Ok(None) };
            let asker = Principal::Member(caller.clone());
            let recorder = Recorder::open_locked(ctx, opened, &asker, lock)?;
            Ok(Some(recorder.into_chain()))
        })
    }

    /// Commits what was edited by hand, once what came in has its place.
    pub(crate) fn commit_edits(&self, ctx: &Context) -> Result<()> {
        let (opened, _, name, _) = self.parts();
        let (edited, unreadable) = edits(opened)?;
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
    pub(crate) fn join(&self, ctx: &Context, theirs: &str, other: &OtherSide) -> Result<Joined> {
        let mut joined = Joined::default();
        let mut division = match git::compare(&ctx.vault, theirs) {
            Err(error) if error.is_unrelated() => {
                refuse_unrelated(self.parts().0, theirs, &other.shown)?;
                return Err(error.into());
            }
            division => division?,
        };
        if let Self::Member(locked) = self {
            let conflicts = split(locked.opened.vault.root(), &division)?.conflicts;
            let settled = auto_resolve(locked, &conflicts)?;
            if !settled.is_empty() {
                joined.settled = settled;
                division = git::compare(&ctx.vault, theirs)?;
            }
        }
        if division.behind == 0 {
            return Ok(joined);
        }
        match self {
            Self::Member(locked) => merge_branches(locked, &division, other)?,
            Self::Carrier { opened, lock, name, .. } => {
                join(opened, lock, &division, other, name.as_str())?;
            }
        }
        joined.received = division.behind;
        let came = division.files.iter().filter(|file| file.theirs != file.base);
        joined.files = came.filter_map(|file| VaultPath::parse(file.path()?)).collect();
        Ok(joined)
    }
}

/// Joins the branches, once nothing is left to decide.
pub(crate) fn merge_branches(
    locked: &LockedVault<'_>,
    division: &Divergence,
    other: &OtherSide,
) -> Result<()> {
    let conflicts = split(locked.opened.vault.root(), division)?.conflicts;
    let resigned = resign_after_merge(locked, division, &conflicts)?;
    // The branch has moved by that.
    let moved =
        resigned.then(|| git::compare(&locked.ctx.vault, &division.tips().1)).transpose()?;
    let division = moved.as_ref().unwrap_or(division);
    let author = locked.caller.name.as_str();
    join(&locked.opened, locked.held(), division, other, author)?;
    locked.refresh();
    Ok(())
}
