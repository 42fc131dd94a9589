//! `authy policy create`.

use std::process::ExitCode;

use super::change::ChangeFlags;
use crate::cli::context::World;
use crate::cli::error::Failure;

/// Make a policy: which names a scope reaches
///
/// Deny overrides allow, and what nothing allows is denied. '*' is any run of characters, '/'
/// included, '?' one, '[a-z]' a set, '{a,b}' a choice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  authy policy create backend --allow 'db-*' --deny '*-admin'")]
pub(crate) struct Args {
    #[command(flatten)]
    change: ChangeFlags,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let change = args.change.into_change();
    authy::policy_create(&world.context()?, &change)?;
    world.ui().note(&format!("created policy {}", change.name));
    Ok(ExitCode::SUCCESS)
}
