//! `authy deny`.

use std::process::ExitCode;

use authy::printable;

use super::Ending;
use crate::cli::context::World;

/// Take back what 'authy allow' gave the .authy.toml of this folder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, world: &World) -> Ending {
        let file = world.the_project()?;
        authy::deny_project(&world.context_without_project()?, file)?;
        world.ui().note(format_args!("denied '{}'", printable(&file.path.to_string_lossy())));
        Ok(ExitCode::SUCCESS)
    }
}
