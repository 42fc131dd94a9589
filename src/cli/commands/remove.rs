//! `authy remove`.

use std::process::ExitCode;

use authy::SecretName;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Remove a secret
///
/// Nothing is asked: git keeps what was committed. A value that must not be used any more
/// has to be changed where it is accepted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the secret
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        authy::remove(&env.context()?, &self.name)?;
        env.ui().note(format_args!("removed {}", self.name));
        Ok(ExitCode::SUCCESS)
    }
}
