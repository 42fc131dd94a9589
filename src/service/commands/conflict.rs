//! Deciding what this clone and the remote both changed.

use serde::Serialize;

use crate::audit::Op;
use crate::fs::VaultPath;
use crate::git;
use crate::secret::SecretBytes;
use crate::service::base::{Context, Error, OpenVault, Result, SecretError, Snapshot};
use crate::service::change::{LockedVault, commit_waiting};
use crate::service::rules::{annotated, text_diff};
use crate::service::secret::read_loaded;
use crate::service::session::refuse_token;
use crate::service::sync::{
    Conflict, ConflictTarget, OtherSide, OwnRecords, Revision, Side, SyncError, Taking, left_open,
    merge_branches, named, offered, refuse_unsynced, resolve_conflicts, split,
};
use crate::store::Record;
use crate::words::words;

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

words! {
    /// What both sides changed.
    pub enum ConflictKind {
        /// A secret.
        Secret = "secret",
        /// Another file.
        Document = "document",
    }
}

/// Something that this clone and the remote both changed.
#[derive(Debug, Clone, Serialize)]
pub struct ConflictView {
    /// The secret's name, or the path of another file.
    pub name: String,
    /// `secret` or `document`.
    pub kind: ConflictKind,
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
    /// Who signed what this side has, as its signature says.
    pub signed_by: Option<String>,
    /// When (RFC 3339).
    pub signed: Option<String>,
    /// What it changed since the commit that both share: `value`, `readers` and the like of a secret,
    /// the keys of another file.
    pub changes: Vec<String>,
}

impl SideView {
    /// Who made what this side changed, and when (RFC 3339): of a value its author, of the rest whoever signed it.
    pub fn made(&self) -> Option<(&str, &str)> {
        let (by, at) = match is_value(&self.changes) {
            true => (&self.author, &self.changed),
            false => (&self.signed_by, &self.signed),
        };
        Some((by.as_deref()?, at.as_deref()?))
    }
}

/// Whether a side gave the secret a value.
fn is_value(changes: &[String]) -> bool {
    changes.iter().any(|what| what == "value" || what == "new")
}

/// One side of a conflict.
#[derive(Debug)]
pub enum ConflictShown {
    /// The value of a secret.
    Value {
        /// It.
        value: SecretBytes,
        /// What else that side changed of the secret, in words.
        also: Vec<String>,
    },
    /// What the side changed in another file, or in what a secret's record says beside the value: lines
    /// taken away (`-`) and added (`+`).
    Diff(Vec<String>),
    /// That the side took it away.
    Removed,
}

/// Lists what this clone and the remote, as it was fetched last, both changed; or this clone and the
/// branch `with`; in the middle of a merge of git's what that left open. Needs no identity.
///
/// # Errors
/// There is no remote, or no revision `with`; the vault or its history cannot be read.
pub fn conflict_list(ctx: &Context, with: Option<&str>) -> Result<Vec<ConflictView>> {
    let opened = OpenVault::open(ctx)?;
    let Meeting { conflicts, .. } = Meeting::find(ctx, &opened, with)?;
    let views = conflicts.iter().map(|conflict| view(&opened, conflict)).collect();
    Ok(views)
}

/// As [`conflict_list`], for the one conflict of that name, or of that file without folder and ending.
///
/// # Errors
/// There is no such conflict; as [`conflict_list`].
pub fn conflict_sides(ctx: &Context, name: &str, with: Option<&str>) -> Result<ConflictView> {
    let opened = OpenVault::open(ctx)?;
    let Meeting { conflicts, .. } = Meeting::find(ctx, &opened, with)?;
    let names = [name.to_owned()];
    let found = named(&conflicts, &names)?.first().map(|conflict| view(&opened, conflict));
    Ok(found.ok_or_else(|| SyncError::NoClash(name.to_owned()))?)
}

/// Two branches that meet, and what both changed.
#[derive(Default)]
struct Meeting {
    /// The other one, where there is one.
    other: Option<OtherSide>,
    /// Whether it is a merge that somebody began with git: that goes on with git.
    is_gits: bool,
    conflicts: Vec<Conflict>,
}

impl Meeting {
    /// The merge that git is in the middle of; else this branch and the one that it follows, or `with`.
    ///
    /// # Errors
    /// There is no remote, or no revision `with`; no merge is under way and authy makes none here.
    fn find(ctx: &Context, opened: &Snapshot, with: Option<&str>) -> Result<Self> {
        let vault = ctx.vault.as_path();
        let merged = git::merged_commit(vault)?.filter(|_| with.is_none());
        if let Some(theirs) = merged {
            let conflicts = left_open(&git::compare(vault, &theirs)?, &git::unmerged(vault)?);
            let other = Some(OtherSide::named(ctx, &theirs)?);
            return Ok(Self { other, is_gits: true, conflicts });
        }
        // What a rebase of git's leaves open is decided commit by commit, which authy does not.
        if let Some(reason @ git::Reason::InProgress(_)) = git::waits_for(vault)? {
            return Err(git::GitError::NotReady { reason }.into());
        }
        refuse_unsynced(opened)?;
        let other = OtherSide::find(ctx, with)?;
        let Some(theirs) = &other.commit else { return Ok(Self::default()) };
        let conflicts = split(opened.vault.root(), &git::compare(vault, theirs)?)?.conflicts;
        Ok(Self { other: Some(other), is_gits: false, conflicts })
    }
}

fn view(opened: &Snapshot, conflict: &Conflict) -> ConflictView {
    let side = |side| {
        let record: Option<Record> = conflict.claimed(opened, Revision::Now(side));
        let signature = conflict.signature(opened, side);
        SideView {
            signed_by: signature.as_ref().map(|(by, _)| by.to_string()),
            signed: signature.map(|(_, at)| at.to_string()),
            removed: conflict.is_gone(side),
            version: record.as_ref().map(|record| record.version),
            changed: record.as_ref().map(|record| record.changed.to_string()),
            author: record.as_ref().map(|record| record.author.to_string()),
            changes: changes(opened, conflict, side),
        }
    };
    ConflictView {
        name: conflict.matter.to_string(),
        kind: match conflict.matter {
            ConflictTarget::Secret(_) => ConflictKind::Secret,
            ConflictTarget::Document(_) => ConflictKind::Document,
        },
        ours: side(Side::Ours),
        theirs: side(Side::Theirs),
    }
}

/// What a side changed, in words.
fn changes(opened: &Snapshot, conflict: &Conflict, side: Side) -> Vec<String> {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    if let ConflictTarget::Document(path) = &conflict.matter {
        let keys = |at| {
            let bytes = conflict.at(opened, at, path).ok().flatten().unwrap_or_default();
            let table = String::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
            let table: Option<toml::Table> = table;
            table.unwrap_or_default()
        };
        let (old, new) = (keys(Revision::Shared), keys(Revision::Now(side)));
        if new.contains_key("removed") && !old.contains_key("removed") {
            return texts(&["removed"]);
        }
        let mut all: Vec<&String> = new.keys().chain(old.keys()).collect();
        all.sort();
        all.dedup();
        all.retain(|key| !["version", "signature"].contains(&key.as_str()));
        return all.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect();
    }
    let Some(new) = conflict.claimed(opened, Revision::Now(side)) else { return Vec::new() };
    let Some(old) = conflict.claimed(opened, Revision::Shared) else { return texts(&["new"]) };
    let value = [("value", !old.tells_same_value(&new)), ("readers", old.readers != new.readers)];
    let value = value.into_iter().filter_map(|(word, differs)| differs.then_some(word));
    texts(&value.chain(annotated(&new, &old)).collect::<Vec<_>>())
}

/// The lines that a side changed in a document or a record, its signature left out.
fn diff(opened: &Snapshot, conflict: &Conflict, side: Side) -> Vec<String> {
    let path = &match &conflict.matter {
        ConflictTarget::Document(path) => path.clone(),
        ConflictTarget::Secret(name) => VaultPath::record(name),
    };
    let text = |at| {
        let bytes = conflict.at(opened, at, path).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.split("[signature]").next().unwrap_or_default().to_owned()
    };
    text_diff(&text(Revision::Shared), &text(Revision::Now(side)))
}

/// Shows one side of a conflict: of a secret its value, as `get` would, or what else of it the side changed
/// where it left the value; of another file what the side changed in it. A value is recorded, a file needs no
/// identity.
///
/// # Errors
/// There is no such conflict; nobody who may has signed that side; as `get`.
pub fn conflict_show(
    ctx: &Context,
    name: &str,
    side: Side,
    with: Option<&str>,
) -> Result<ConflictShown> {
    refuse_token(ctx, &Op::CONFLICT_SHOW)?;
    let opened = OpenVault::open(ctx)?;
    let none = || -> Error { SyncError::NoClash(name.to_owned()).into() };
    let Meeting { conflicts, .. } = Meeting::find(ctx, &opened, with)?;
    let conflict = *named(&conflicts, &[name.to_owned()])?.first().ok_or_else(none)?;
    if conflict.is_gone(side) {
        return Ok(ConflictShown::Removed);
    }
    let ConflictTarget::Secret(name) = &conflict.matter else {
        return Ok(ConflictShown::Diff(diff(&opened, conflict, side)));
    };
    let what = changes(&opened, conflict, side);
    if !what.is_empty() && !is_value(&what) {
        return Ok(ConflictShown::Diff(diff(&opened, conflict, side)));
    }
    let load = |opened: &Snapshot| {
        let sealed = offered(opened, conflict, name, Revision::Now(side))?;
        sealed.ok_or_else(|| {
            SecretError::NotFound { name: name.clone(), scope: None, nearest: None }.into()
        })
    };
    let (op, scope) = (Op::CONFLICT_SHOW, ctx.confined.as_ref());
    let value = read_loaded(ctx, op, Some(side.as_str()), name, Some(&load), scope)?;
    let also = what.into_iter().filter(|what| !["value", "new"].contains(&what.as_str()));
    Ok(ConflictShown::Value { value, also: also.collect() })
}

/// What taking a side did.
#[derive(Debug, Clone, Serialize)]
pub struct TakeReport {
    /// What was settled.
    pub taken: Vec<Taken>,
    /// What still is to be decided.
    pub left: Vec<String>,
    /// Whether it is a merge that somebody began with git, and finishes with it.
    #[serde(skip)]
    pub is_gits: bool,
}

/// Something that was settled.
#[derive(Debug, Clone, Serialize)]
pub struct Taken {
    /// The secret's name, or the path of another file.
    pub name: String,
    /// `ours` or `theirs`.
    pub side: Side,
}

/// Takes one side of each conflict in `names`, as a version above both; the other side stays
/// in history. Once nothing is left to decide, the branches are merged; a merge that was begun with git goes on
/// with git.
///
/// # Errors
/// There is no such conflict; that side is signed by nobody who may; denied.
pub fn conflict_take(
    ctx: &Context,
    choice: Choice,
    names: &[String],
    with: Option<&str>,
) -> Result<TakeReport> {
    let locked = LockedVault::lock(ctx, &Op::CONFLICT_TAKE)?;
    let Meeting { other, is_gits, conflicts } = Meeting::find(ctx, &locked.opened, with)?;
    let root = locked.opened.vault.root();
    let mut choices = Vec::new();
    for conflict in named(&conflicts, names)? {
        let side = match choice {
            Choice::Ours => Side::Ours,
            Choice::Theirs => Side::Theirs,
            Choice::Newest => conflict.newest(&locked.opened)?,
        };
        choices.push(Taking { conflict, side });
    }
    resolve_conflicts(&locked, Op::CONFLICT_TAKE, &choices)?;
    let taken = |Taking { conflict, side }: &Taking<'_>| Taken {
        name: conflict.matter.to_string(),
        side: *side,
    };
    let taken = choices.iter().map(taken).collect();
    let Some(other) = other.filter(|_| !choices.is_empty()) else {
        return Err(SyncError::NoClash(names.join(", ")).into());
    };
    if is_gits {
        let files = choices.iter().flat_map(|taking| &taking.conflict.files);
        let files: Vec<String> = files.filter_map(|file| file.path().map(str::to_owned)).collect();
        git::mark_merged(&ctx.vault, &files)?;
        let left = Meeting::find(ctx, &locked.opened, with)?.conflicts;
        let left = left.iter().map(|conflict| conflict.matter.to_string()).collect();
        return Ok(TakeReport { taken, left, is_gits });
    }
    let theirs = other.commit.clone().unwrap_or_default();
    let division = git::compare(&ctx.vault, &theirs)?;
    let left: Vec<String> = split(root, &division)?
        .conflicts
        .iter()
        .map(|conflict| conflict.matter.to_string())
        .collect();
    if left.is_empty() {
        // What was taken is committed, or the merge would be of something else.
        commit_waiting(ctx, &locked.opened, &locked.caller.name, || Ok(None))?;
        let own = OwnRecords::before(&locked.opened, &locked.caller, &theirs)?;
        merge_branches(&locked, &division, &other)?;
        drop(locked);
        own.map_or(Ok(()), |own| own.resign(ctx))?;
    }
    Ok(TakeReport { taken, left, is_gits })
}
