//! `lock`: what the user's sessions keep unlocked ends.

use std::path::Path;

use serde::Serialize;

use crate::access::{Caller, Principal};
use crate::audit::{Action, Op};
use crate::crypto::Identity;
use crate::keyring;
use crate::service::audit::Recorder;
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::authenticate::identity_bytes;
use crate::service::identity::{identity_file, kept, member_of};

/// What was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LockReport {
    /// In how many sessions of this user an identity was unlocked.
    pub locked: usize,
    /// Whether the trail has a line of it: where the identity of this vault was one of them.
    pub recorded: bool,
}

/// Ends what `unlock` keeps, in every session of this user; `state` is this machine's state folder. It does
/// so whatever state the vault is in, and without one.
pub fn lock(ctx: Option<&Context>, state: Option<&Path>) -> LockReport {
    let recorded = ctx.is_some_and(|ctx| matches!(record(ctx), Ok(true)));
    LockReport { locked: keyring::forget(kept::doors(state).as_deref()), recorded }
}

/// Records it, if the identity is still there to do so.
fn record(ctx: &Context) -> Result<bool> {
    if ctx.token.is_some() {
        return Ok(false);
    }
    let Some(path) = identity_file(ctx) else { return Ok(false) };
    let Some(kept) = kept::find(identity_bytes(&path)?.expose(), ctx.now) else { return Ok(false) };
    let Ok(identity) = Identity::parse(kept.keys.expose(), &|| None) else { return Ok(false) };
    let opened = OpenVault::open(ctx)?;
    let name = member_of(&identity, &opened.rules)?;
    let asker = Principal::Member(Caller { name, identity: identity.into() });
    let _receipt = Recorder::open(ctx, &opened, &asker)?.granted(&Action::new(Op::LOCK))?;
    Ok(true)
}
