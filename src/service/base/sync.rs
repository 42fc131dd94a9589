//! Joining this clone's branch with what was fetched, and what can go wrong with it.

use super::clash::{Split, split};
use super::commit::{PENDING, Pending, drop_pending};
use super::error::Result;
use super::opening::Opened;
use crate::fs::{Lock, Stage, VaultPath};
use crate::git::{self, Difference, Division, Home, Joining};
use crate::kind::Kind;
use crate::name::printable;
use crate::store::CommitMode;

/// A failure to bring two clones together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncProblem {
    #[error("this vault lies inside another git repository, whose history is not authy's")]
    Inside,
    #[error("this vault's commits are made by hand")]
    Manual,
    #[error("changed here and there: {}", .0.join(", "))]
    Clashes(Vec<String>),
    #[error("'{}' was changed here and there, and is no file of the vault", printable(path))]
    BothChanged { path: String },
    #[error("'{}' was written in two places at once", printable(path))]
    ForkedChain { path: String },
    #[error("'{}' is in no conflict", printable(.0))]
    NoClash(String),
    #[error("'{matter}' is no secret that both sides have, so neither is the newest")]
    NoNewest { matter: String },
    #[error("that side of '{matter}' cannot be taken: {why}")]
    Unfit { matter: String, why: Box<super::error::Error> },
}

impl SyncProblem {
    /// The kind of the failure.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Inside | Self::Manual | Self::NoNewest { .. } => Kind::Usage,
            Self::Clashes(_) | Self::BothChanged { .. } => Kind::Conflict,
            Self::ForkedChain { .. } => Kind::Damaged,
            Self::NoClash(_) => Kind::NotFound,
            Self::Unfit { why, .. } => why.kind(),
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Inside => "pull and push it with git".into(),
            Self::Manual => "pull and push with git, or run 'authy config set commit auto'".into(),
            Self::Clashes(_) => {
                "run 'authy conflict list', then 'authy conflict take ours|theirs|newest NAME'".into()
            }
            Self::BothChanged { .. } => "merge it with git, then run this again: git pull --no-rebase".into(),
            Self::ForkedChain { .. } => {
                "was the vault's folder copied? In the copy remove '.local', and take the other's version with git".into()
            }
            Self::NoClash(_) => "run 'authy conflict list'".into(),
            Self::NoNewest { .. } => "take ours or theirs".into(),
            Self::Unfit { .. } => "take the other side, or ask an admin to".into(),
        })
    }
}

/// Refuses where authy does not commit, so does not merge either.
///
/// # Errors
/// The vault lies inside another repository; its commits are made by hand.
pub(crate) fn refuse_unsynced(opened: &Opened) -> Result<()> {
    if let Home::Inside { .. } = git::locate(opened.vault.root().path())? {
        return Err(SyncProblem::Inside.into());
    }
    match opened.vault.config().commit {
        CommitMode::Auto => Ok(()),
        CommitMode::Manual => Err(SyncProblem::Manual.into()),
    }
}

/// Joins the branch with the other side, unless something is to be decided first.
///
/// # Errors
/// Clashes; a file that is to be replaced was edited and not committed; git cannot now.
pub(crate) fn join(
    (opened, lock): (&Opened, &Lock),
    division: &Division,
    (remote, author): (&str, &str),
) -> Result<()> {
    let root = opened.vault.root();
    let Split { taken, others, clashes } = split(root, division)?;
    if !clashes.is_empty() {
        let names = clashes.iter().map(|clash| clash.matter.to_string()).collect();
        return Err(SyncProblem::Clashes(names).into());
    }
    if division.behind == 0 {
        return Ok(());
    }
    let (taken, others): (Vec<&Difference>, Vec<&Difference>) =
        (taken.iter().collect(), others.iter().collect());
    let message = format!("Merge {remote}");
    let joining = Joining {
        vault: root.path(),
        division,
        taken: &taken,
        others: &others,
        message: &message,
        fallback_author: author,
    };
    let plain = others.iter().copied().filter(|file| file.is_plain());
    git::refuse_uncommitted(root.path(), &taken.iter().copied().chain(plain).collect::<Vec<_>>())?;
    git::bring_others(&joining)?;
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
        stage.put_local(PENDING, pending.render())?;
        stage.write()?.publish()?;
    }
    git::join(&joining)?;
    Ok(drop_pending(root)?)
}
