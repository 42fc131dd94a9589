//! `authy policy remove`.

use std::process::ExitCode;

use authy::ScopeName;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Remove a policy; its scope reaches nothing any more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the policy
    name: ScopeName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        authy::policy_remove(&env.context()?, &self.name)?;
        env.ui().note(format_args!("removed policy {}", self.name));
        Ok(ExitCode::SUCCESS)
    }
}
