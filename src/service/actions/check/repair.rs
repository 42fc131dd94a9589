//! Mending what is mechanical. Nobody gains or loses access by it, and no content is invented:
//! what was damaged is for people, and for git.

use super::modes;
use crate::audit::Op;
use crate::fs::Root;
use crate::service::base::commit::{Pending, commit_waiting};
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::opening::Opened;
use crate::service::base::recorder::AuditAction;
use crate::service::base::scaffold::{Lacking, lacking};
use crate::service::base::transaction::LockedVault;
use crate::store::CommitMode;

/// Takes permissions away that others should not have; puts lines back that `.gitignore` and
/// `.gitattributes` lack; deletes grants of sessions that have ended; commits what waits.
/// Returns what was done, in words. Whoever has no identity here mends the permissions only.
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
    let opened = Opened::open(ctx)?;
    let lacks = lacking(opened.vault.root())?;
    opened.settle(ctx);
    if lacks.is_empty() && !waits(&opened)? {
        return Ok(done);
    }
    let locked = LockedVault::lock(ctx, &Op::CHECK)?;
    let paths: Vec<String> = lacks.iter().map(|lack| lack.path.to_string()).collect();
    if !lacks.is_empty() {
        locked.transact(ctx, &AuditAction::new(Op::CHECK), |tx| {
            lacks.into_iter().for_each(|Lacking { path, whole, .. }| tx.put(path, whole));
            Ok((format!("Restore {}", paths.join(" and ")), ()))
        })?;
        done.push(format!("put lines back into {}", paths.join(" and ")));
    }
    if waits(&locked.opened)? {
        commit_waiting(ctx, (&locked.opened.vault, &locked.caller.name), || Ok(None))?;
        done.push("committed what waited".to_owned());
    }
    locked.refresh(ctx);
    Ok(done)
}

/// Whether a change waits for its commit.
fn waits(opened: &Opened) -> Result<bool> {
    let is_auto = opened.vault.config().commit == CommitMode::Auto;
    Ok(is_auto && !Pending::load(opened.vault.root())?.is_empty())
}
