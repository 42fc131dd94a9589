//! `authy remove`.

use std::process::ExitCode;

use authy::SecretName;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Remove a secret; git history keeps its old ciphertext
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The secret's name
    name: SecretName,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    authy::remove(&world.context()?, &args.name)?;
    world.ui().note(&format!("removed {}", args.name));
    Ok(ExitCode::SUCCESS)
}
