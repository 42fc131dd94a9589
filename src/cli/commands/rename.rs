//! `authy rename`.

use std::process::ExitCode;

use authy::SecretName;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Give a secret another name
///
/// Policies speak of names: another scope may reach it afterwards.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the secret as it is now
    old: SecretName,
    /// Name it anew
    new: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        authy::rename(&env.context()?, &self.old, &self.new)?;
        env.ui().note(format_args!("renamed {} to {}", self.old, self.new));
        Ok(ExitCode::SUCCESS)
    }
}
