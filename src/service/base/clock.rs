//! The latest moment this clone has seen: a clock set back revives no session.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::context::Context;
use super::opening::Snapshot;
use crate::fs::{LocalFile, clock};

/// The present moment, or the latest one seen where the clock is behind that.
pub(crate) fn latest(ctx: &Context, opened: &Snapshot) -> OffsetDateTime {
    let seen = places(opened).into_iter().filter_map(|file| clock::marked(&file));
    seen.map(OffsetDateTime::from).fold(ctx.now, OffsetDateTime::max)
}

/// Remembers the present moment.
pub(crate) fn advance(ctx: &Context, opened: &Snapshot) {
    places(opened).into_iter().for_each(|file| clock::mark(&file, ctx.now.into()));
}

/// In the vault's own folder, which a container has, and on this machine, which has it
/// where the vault is read-only.
fn places(opened: &Snapshot) -> Vec<PathBuf> {
    let state = opened.vault.pins().folder().map(|folder| folder.join(LocalFile::Clock.name()));
    std::iter::once(opened.vault.root().local(LocalFile::Clock)).chain(state).collect()
}
