//! `authy rename`.

use std::process::ExitCode;

use authy::SecretName;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Give a secret another name; value and readers stay
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name it has
    old: SecretName,
    /// The name it gets
    new: SecretName,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    authy::rename(&world.context()?, &args.old, &args.new)?;
    world.ui().note(&format!("renamed {} to {}", args.old, args.new));
    Ok(ExitCode::SUCCESS)
}
