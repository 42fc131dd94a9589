//! MergeRequest this clone's branch with what was fetched, and what can go wrong with it.

use std::path::Path;

use super::conflict::{MergePlan, split};
use super::other_side::OtherSide;
use crate::fs::{FOLDERS, LocalFile, Lock, Stage, Subject, VaultPath};
use crate::git::{self, Difference, Divergence, Home, MergeRequest};
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, printable};
use crate::service::base::{Pending, Result, Snapshot, drop_pending};

use crate::store::{CommitMode, Config, Unverified};

/// A failure to bring two clones together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error("this vault is inside another git repository, whose history is not authy's")]
    Inside,
    #[error("this vault's commits are made by hand")]
    Manual,
    #[error("changed on both sides: {}", names.join(", "))]
    Clashes {
        names: Vec<String>,
        /// The branch that was to be brought in, where it is not the one that is followed.
        with: Option<String>,
    },
    #[error("'{}' was changed on both sides, and is not a file of the vault", printable(path))]
    BothChanged { path: String },
    #[error("'{}' was written in two places at once", printable(path))]
    ForkedChain { path: String },
    #[error("what is there cannot be taken over: '{}': {why}", printable(path))]
    Brick { path: String, why: &'static str },
    #[error("'{who}' wrote {} there, though that was taken from them and published", names.join(", "))]
    TakenAway { who: MemberName, names: Vec<String> },
    #[error("'{remote}' holds another vault (its id is {id})")]
    AnotherVault { remote: String, id: String },
    #[error("'{remote}' is not empty and holds no vault")]
    NotEmpty { remote: String },
    #[error("{refused}")]
    PushRefused { refused: Box<git::GitError>, remote: String, count: usize },
    #[error("'{}/{}' is not there any more", printable(remote), printable(branch))]
    Gone { remote: String, branch: String, here: String },
    #[error(
        "'{}/{}' was rewritten: it does not go on from what this clone has of it",
        printable(remote),
        printable(branch)
    )]
    Rewritten { remote: String, branch: String },
    #[error("'{}' is not in conflict", printable(.0))]
    NoClash(String),
    #[error("'{matter}' is no secret that both sides have, so neither is the newest")]
    NoNewest { matter: String },
    #[error("that side of '{matter}' cannot be taken: {why}")]
    UnusableSide { matter: String, why: Box<crate::service::base::error::Error> },
}

impl Failure for SyncError {
    fn kind(&self) -> Kind {
        match self {
            Self::Inside | Self::Manual | Self::NoNewest { .. } => Kind::Usage,
            Self::Clashes { .. } | Self::BothChanged { .. } | Self::TakenAway { .. } => {
                Kind::Conflict
            }
            Self::ForkedChain { .. } | Self::Brick { .. } => Kind::Damaged,
            Self::AnotherVault { .. }
            | Self::NotEmpty { .. }
            | Self::Gone { .. }
            | Self::Rewritten { .. } => Kind::Conflict,
            Self::NoClash(_) => Kind::NotFound,
            Self::PushRefused { refused, .. } => refused.kind(),
            Self::UnusableSide { why, .. } => why.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Brick { .. } => {
                "nothing was changed here; ask who pushed it, and fix it there (git revert)".into()
            }
            Self::TakenAway { who, .. } => format!(
                "look at it with 'git log --author={who}' of what was fetched: give '{who}' the names again \
                 before you sync, or have the branch there put back to what it was"
            ),
            Self::Inside => {
                "pull and push it with git; what a merge of git's leaves open decides 'authy conflict'".into()
            }
            Self::Manual => "pull and push with git, or run 'authy config set commit auto'".into(),
            Self::Clashes { with, names } => {
                let with = with.as_ref().map(|rev| format!(" --with {}", git::quoted(Path::new(rev))));
                let with = with.unwrap_or_default();
                // Of a file neither side is the newest.
                let is_file = |name: &String| VaultPath::parse(name).is_some();
                let sides = if names.iter().all(is_file) { "ours|theirs" } else { "ours|theirs|newest" };
                format!("run 'authy conflict list{with}', then 'authy conflict take {sides} NAME{with}'")
            }
            Self::BothChanged { .. } => "merge it with git, then run this again: git pull --no-rebase".into(),
            Self::ForkedChain { .. } => {
                "was the vault's folder copied? In the copy remove '.local', and take the other's version with git".into()
            }
            Self::AnotherVault { .. } => {
                "to use that one: git clone it into a folder of its own, and 'authy --vault FOLDER join' there; to \
                 send this one: give it an empty repository (git remote set-url)"
                    .into()
            }
            Self::NotEmpty { remote } => {
                let (name, branch) = remote.split_once('/').unwrap_or((remote, ""));
                format!(
                    "bring the two together once, in the vault's folder: git pull --no-rebase --no-edit \
                     --allow-unrelated-histories {name} {branch}; then 'authy sync'"
                )
            }
            Self::PushRefused { remote, count, .. } => {
                let wait = if *count == 1 { "1 commit waits".into() } else { format!("{count} commits wait") };
                format!(
                    "what was fetched is merged here, and {wait}; where that branch takes requests alone, in \
                     the vault's folder: git push {remote} HEAD:refs/heads/NAME"
                )
            }
            Self::Gone { remote, branch, here } => format!(
                "in the vault's folder: where it was renamed 'git fetch {remote}', then 'git branch -u \
                 {remote}/NEW' and 'git branch -m NEW'; to make it again 'git push {remote} {here}:{branch}'"
            ),
            Self::Rewritten { remote, branch } => format!(
                "in the vault's folder: 'git log {remote}/{branch}..' shows what is only here; 'git reset \
                 --keep {remote}/{branch}' takes theirs without it, 'git push --force-with-lease {remote} \
                 HEAD:{branch}' puts yours there"
            ),
            Self::NoClash(_) => "run 'authy conflict list'".into(),
            Self::NoNewest { .. } => "take ours or theirs".into(),
            Self::UnusableSide { matter, .. } if VaultPath::parse(matter).is_none() => {
                format!("take the other side, or look at 'authy history {matter}' and restore one of its versions")
            }
            Self::UnusableSide { .. } => "take the other side, or ask an admin to".into(),
        })
    }
}

/// Says what a branch is that shares no past with this vault's; in a shallow clone it may be the
/// vault itself.
pub(crate) fn refuse_unrelated(opened: &Snapshot, theirs: &str, remote: &str) -> Result<()> {
    let path = VaultPath::config();
    let root = opened.vault.root().path();
    let Some(bytes) = git::file_at(root, theirs, &path.to_string())? else {
        return Err(SyncError::NotEmpty { remote: remote.to_owned() }.into());
    };
    let claim = Unverified::parse(&path, bytes).and_then(|read| read.peek::<Config>());
    match claim {
        Ok(claim) if claim.vault != opened.vault.id() => {
            let (remote, id) = (remote.to_owned(), printable(&claim.vault));
            Err(SyncError::AnotherVault { remote, id }.into())
        }
        _ => Ok(()),
    }
}

/// Refuses where authy does not commit, so does not merge either.
///
/// # Errors
/// The vault lies inside another repository; its commits are made by hand.
pub(crate) fn refuse_unsynced(opened: &Snapshot) -> Result<()> {
    if let Home::Inside { .. } = git::locate(opened.vault.root().path())? {
        return Err(SyncError::Inside.into());
    }
    match opened.vault.config().commit {
        CommitMode::Auto => Ok(()),
        CommitMode::Manual => Err(SyncError::Manual.into()),
    }
}

/// Refuses what would leave a vault that no command opens any more: it is looked at before it is
/// taken over.
fn refuse_bricks(opened: &Snapshot, division: &Divergence) -> Result<()> {
    let root = opened.vault.root().path();
    let brick = |file: &Difference, why: &'static str| {
        Err(SyncError::Brick { path: file.shown(), why }.into())
    };
    // What both changed is for a person to decide, who is told when a side cannot be taken.
    let theirs =
        division.files.iter().filter(|file| file.theirs != file.base && !file.is_changed_by_both());
    for file in theirs {
        let name = file.path().unwrap_or_default();
        if FOLDERS.contains(&name) {
            return brick(file, "it is no folder there");
        }
        let Some(path) = VaultPath::parse(name) else { continue };
        match (path.subject(), &file.theirs) {
            (Subject::Settings | Subject::Admins(_), None) => {
                return brick(file, "it was taken away there");
            }
            (Subject::Settings, Some(entry)) => {
                let bytes = git::content(root, entry)?;
                let signed = opened.vault.approved::<Config>(&path, bytes.clone());
                if signed.is_none() && !by_next_admin(opened, division, &path, &bytes)? {
                    return brick(file, "no admin signed it");
                }
            }
            (&Subject::Admins(number), Some(entry)) if file.base.is_none() => {
                // A set beyond the next one rests on another that comes along.
                let follows = number <= opened.vault.admins().version + 1;
                let bytes = git::content(root, entry)?;
                if follows && opened.vault.other_admins(number, &bytes).is_err() {
                    return brick(file, "no admin of the set before signed it");
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether an admin of a set that comes along signed these settings.
fn by_next_admin(
    opened: &Snapshot,
    division: &Divergence,
    path: &VaultPath,
    bytes: &[u8],
) -> Result<bool> {
    for file in &division.files {
        let found = file.path().and_then(VaultPath::parse);
        let (Some(set), Some(entry)) = (found, &file.theirs) else { continue };
        if let Subject::Admins(_) = set.subject() {
            let bytes_of_set = git::content(opened.vault.root().path(), entry)?;
            if opened.vault.is_signed_by_set(&set, bytes_of_set, path, bytes.to_vec()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Joins the branch with the other side, unless something is to be decided first.
///
/// # Errors
/// Clashes; a file that is to be replaced was edited and not committed; git cannot now.
pub(crate) fn join(
    opened: &Snapshot,
    lock: &Lock,
    division: &Divergence,
    other: &OtherSide,
    author: &str,
) -> Result<()> {
    let root = opened.vault.root();
    refuse_bricks(opened, division)?;
    let MergePlan { taken, others, conflicts } = split(root, division)?;
    if !conflicts.is_empty() {
        let names = conflicts.iter().map(|conflict| conflict.matter.to_string()).collect();
        return Err(other.clashes(names).into());
    }
    if division.behind == 0 {
        return Ok(());
    }
    let (taken, others): (Vec<&Difference>, Vec<&Difference>) =
        (taken.iter().collect(), others.iter().collect());
    let message = format!("Merge {}", other.shown);
    let subject = opened.vault.config().message(&message);
    let joining = MergeRequest {
        vault: root.path(),
        division,
        taken: &taken,
        others: &others,
        message: &subject,
        fallback_author: author,
    };
    let plain = others.iter().copied().filter(|file| file.is_plain());
    git::refuse_uncommitted(root.path(), &taken.iter().copied().chain(plain).collect::<Vec<_>>())?;
    git::checkout_foreign_files(&joining)?;
    let mut stage = Stage::new(lock);
    for file in &taken {
        let Some(path) = file.path().and_then(VaultPath::parse) else { continue };
        match &file.theirs {
            Some(entry) => stage.put(path, git::content(root.path(), entry)?),
            None => stage.remove(path),
        }
    }
    let paths = stage.paths();
    if !paths.is_empty() {
        // Whatever stops the merge from here on, the next commit has these files.
        let mut pending = Pending::load(root)?;
        pending.add(message.clone(), &paths);
        stage.put_local(LocalFile::Pending, pending.render());
        stage.write()?.publish()?;
    }
    git::join(&joining)?;
    Ok(drop_pending(root)?)
}
