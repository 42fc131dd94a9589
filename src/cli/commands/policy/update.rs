//! `authy policy update`.

use std::process::ExitCode;

use super::change::ChangeFlags;
use crate::cli::context::World;
use crate::cli::error::Failure;

/// Add to a policy, and take from it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  authy policy update backend --allow cache-url --remove-deny '*-admin'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    change: ChangeFlags,
    /// Take this allow pattern away; may be repeated
    #[arg(long, value_name = "PATTERN")]
    remove_allow: Vec<String>,
    /// Take this deny pattern away; may be repeated
    #[arg(long, value_name = "PATTERN")]
    remove_deny: Vec<String>,
    /// Take this member, or @group, away; may be repeated
    #[arg(long = "remove-member", value_name = "MEMBER")]
    remove_members: Vec<String>,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let mut change = args.change.into_change();
    change.remove_allow = args.remove_allow;
    change.remove_deny = args.remove_deny;
    change.remove_members = args.remove_members;
    authy::policy_update(&world.context()?, &change)?;
    world.ui().note(&format!("updated policy {}", change.name));
    Ok(ExitCode::SUCCESS)
}
