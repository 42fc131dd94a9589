//! The names of what is there, as files say them: nothing is opened, nobody is asked.

use super::commits::GitCommits;
use super::context::Context;
use super::error::Result;
use crate::fs::Root;
use crate::name::{MemberName, ScopeName};
use crate::store::{Member, Policy, Standing, Vault};

/// The vault as it lies: its settings verified, nothing recovered, nothing remembered.
///
/// # Errors
/// There is none, or its settings are damaged.
pub(crate) fn open_unrecovered(ctx: &Context) -> Result<Vault> {
    let commits = GitCommits::of(&ctx.vault);
    Ok(Vault::open(Root::new(ctx.vault.clone()), ctx.state.as_deref(), commits)?)
}

/// The scopes that were not removed, in force or not.
///
/// # Errors
/// The vault cannot be read.
pub(crate) fn known_scopes(ctx: &Context) -> Result<Vec<ScopeName>> {
    let vault = open_unrecovered(ctx)?;
    let mut names = vault.names_of::<Policy>()?;
    names.retain(|name| !matches!(vault.standing::<Policy>(name), Standing::Removed(_)));
    Ok(names)
}

/// The members that were not removed, approved or not.
///
/// # Errors
/// The vault cannot be read.
pub(crate) fn known_members(vault: &Vault) -> Result<Vec<MemberName>> {
    let mut names = vault.names_of::<Member>()?;
    names.retain(|name| !matches!(vault.standing::<Member>(name), Standing::Removed(_)));
    Ok(names)
}
