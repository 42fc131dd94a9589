//! `authy deny`.

use std::process::ExitCode;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Take back the trust in the .authy.toml found from here
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(world: &World, _: &Args) -> Result<ExitCode, Failure> {
    let Some(file) = world.project()? else {
        return Err(Failure::usage("there is no .authy.toml here or above", "nothing to deny"));
    };
    authy::deny_project(&world.context_without_project()?, &file)?;
    world.ui().note(&format!("denied '{}'", authy::printable(&file.path.to_string_lossy())));
    Ok(ExitCode::SUCCESS)
}
