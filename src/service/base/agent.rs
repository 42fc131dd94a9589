//! An AI agent at work without a token: values go into processes, not to a reader.
//!
//! A front tells from its environment that an agent is at work. That is friction and
//! evidence, no wall: a program that hides its markers is not noticed.

use super::context::Context;
use super::error::Result;
use super::opening::Opened;
use super::problem::Problem;
use super::reading::Wanted;
use crate::access::{Asker, Need};
use crate::name::{ScopeName, printable};
use crate::store::Agents;

/// Whether an agent is at work that the vault does not trust with values.
pub(crate) fn is_limited(ctx: &Context, opened: &Opened) -> bool {
    ctx.agent.is_some() && opened.vault.config().agents == Agents::RunOnly
}

/// Decides about a request for values; true where they may go into processes only.
///
/// # Errors
/// `Agent` where values are to be shown and nobody at the terminal agrees.
pub(crate) fn judge(
    ctx: &Context,
    opened: &Opened,
    (asker, wanted, scope): (&Asker, &Wanted<'_>, Option<&ScopeName>),
) -> Result<bool> {
    // A token says itself what it may do.
    if matches!(asker, Asker::Bearer(_)) || !is_limited(ctx, opened) {
        return Ok(false);
    }
    if wanted.need != Need::Reveal {
        return Ok(true);
    }
    let marker = printable(ctx.agent.as_deref().unwrap_or_default());
    let what = match (wanted.named.as_slice(), scope) {
        ([name], _) => format!("the value of '{name}'"),
        (_, Some(scope)) => format!("the values of scope '{scope}'"),
        _ => "values".to_owned(),
    };
    if ctx.front.consents(&format!("An agent ({marker}) asks for {what}. Show it?")) {
        return Ok(false);
    }
    Err(Problem::Agent { marker, scope: scope.cloned() }.into())
}

/// Refuses an agent what only a person may do, unless the one at the terminal agrees.
///
/// # Errors
/// `Agent`.
pub(crate) fn refuse(ctx: &Context, opened: &Opened, what: &str) -> Result<()> {
    if !is_limited(ctx, opened) {
        return Ok(());
    }
    let marker = printable(ctx.agent.as_deref().unwrap_or_default());
    match ctx.front.consents(&format!("An agent ({marker}) wants {what}. Let it?")) {
        true => Ok(()),
        false => Err(Problem::AgentMayNot { marker }.into()),
    }
}
