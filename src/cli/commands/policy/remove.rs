//! `authy policy remove`.

use std::process::ExitCode;

use authy::ScopeName;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Remove a policy
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy's name
    name: ScopeName,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    authy::policy_remove(&world.context()?, &args.name)?;
    world.ui().note(&format!("removed policy {}", args.name));
    Ok(ExitCode::SUCCESS)
}
