//! `authy deny`.

use std::process::ExitCode;

use authy::printable;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Stop trusting the .authy.toml of this folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy deny")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let file = env.the_project()?;
        authy::deny_project(&env.context_without_project()?, file)?;
        env.ui().note(format_args!("denied '{}'", printable(&file.path.to_string_lossy())));
        Ok(ExitCode::SUCCESS)
    }
}
