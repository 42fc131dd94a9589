//! Mending what is mechanical. Nobody gains or loses access by it, and no content is invented:
//! what was damaged is for people, and for git.

use super::modes;
use crate::audit::{Action, Op};
use crate::fs::{Root, VaultPath};
use crate::git;
use crate::service::base::{Context, OpenVault, Pending, Result, Snapshot};
use crate::service::change::{LockedVault, commit_waiting, waiting};
use crate::service::repository::{Lacking, lacking};
use crate::store::CommitMode;

/// Takes permissions away that others should not have; puts lines back that `.gitignore` and
/// `.gitattributes` lack; deletes grants of sessions that have ended; commits what waits. Mends
/// what a power cut left of git, and commits again what git lost. Returns what was done, in
/// words. Whoever has no identity here mends the permissions and git only.
///
/// # Errors
/// No vault, or a damaged one; the change cannot be made.
pub fn repair(ctx: &Context) -> Result<Vec<String>> {
    let mut done = Vec::new();
    match modes::close(&Root::new(ctx.vault.clone())) {
        0 => {}
        1 => done.push("took permissions of others away from 1 file or folder".to_owned()),
        many => done.push(format!("took permissions of others away from {many} files and folders")),
    }
    let mended = git::mend(&ctx.vault)?;
    done.extend(words(&mended));
    let opened = OpenVault::open(ctx)?;
    let lacks = lacking(opened.vault.root())?;
    let lost: Vec<String> =
        mended.changed.into_iter().filter(|path| VaultPath::parse(path).is_some()).collect();
    let recommits = !lost.is_empty() && opened.vault.config().commit == CommitMode::Auto;
    if lacks.is_empty() && !waits(&opened)? && !recommits {
        return Ok(done);
    }
    let locked = LockedVault::lock(ctx, &Op::CHECK)?;
    let paths: Vec<String> = lacks.iter().map(|lack| lack.path.to_string()).collect();
    if !lacks.is_empty() {
        locked.transact(&Action::new(Op::CHECK), |tx| {
            lacks.into_iter().for_each(|Lacking { path, whole, .. }| tx.put(path, whole));
            Ok((format!("Restore {}", paths.join(" and ")), ()))
        })?;
        done.push(format!("put lines back into {}", paths.join(" and ")));
    }
    if recommits {
        let again = git::commit(&git::Request {
            vault: locked.opened.vault.root().path(),
            paths: &lost,
            message: &locked.opened.vault.config().message("Commit again what git had lost"),
            fallback_author: locked.caller.name.as_str(),
        })?;
        match again {
            git::Outcome::Committed { .. } => {
                done.push("committed again what git had lost".to_owned());
            }
            git::Outcome::Nothing => {}
            git::Outcome::Deferred(reason) => return Err(git::GitError::NotReady { reason }.into()),
        }
    }
    if waits(&locked.opened)? {
        commit_waiting(ctx, &locked.opened, &locked.caller.name, || Ok(None))?;
        done.push("committed what waited".to_owned());
    }
    locked.refresh();
    Ok(done)
}

fn words(mended: &git::Mended) -> Vec<String> {
    let objects = match mended.objects {
        0 => None,
        1 => Some("removed 1 empty object of git".to_owned()),
        many => Some(format!("removed {many} empty objects of git")),
    };
    let head = mended.head.as_ref().map(|branch| format!("had git's HEAD name '{branch}' again"));
    let refilled =
        mended.is_refilled.then(|| "brought back objects of git that were lost".to_owned());
    let branch = mended.branch.as_ref().map(|id| {
        format!("moved the branch back to {}, the newest commit that is whole", &id[..7])
    });
    let index = mended.index.then(|| "rebuilt git's index".to_owned());
    [head, objects, refilled, branch, index].into_iter().flatten().collect()
}

/// Whether a change waits for its commit.
fn waits(opened: &Snapshot) -> Result<bool> {
    let is_auto = opened.vault.config().commit == CommitMode::Auto;
    let is_noted = is_auto && !Pending::load(opened.vault.root())?.is_empty();
    Ok(is_noted || !waiting(opened)?.signed.is_empty())
}
