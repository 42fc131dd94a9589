//! `authy restore`.

use std::process::ExitCode;

use authy::SecretName;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Restore an earlier value of a secret
///
/// Takes the value from git and stores it as a new version, encrypted to those who read the
/// secret now. Without --version it takes the value before the present one; a secret that was
/// removed comes back with its last. Whoever could read that value
/// and may not read the secret now makes it due for rotation.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy restore db-url                     the value before, or after a removal the last one
  authy history db-url
  authy restore db-url --version 3
  authy restore db-url --version 3 --commit 0a1b2c3d")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
    /// Take the value of this version; 'authy history' lists them
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    /// Take it from the commit whose id begins like this, where two clones made one each
    #[arg(long, value_name = "ID", requires = "version")]
    commit: Option<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let restored =
            authy::restore(&env.context()?, &self.name, self.version, self.commit.as_deref())?;
        let (name, from, new) = (&self.name, restored.from, restored.version);
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({ "name": name, "version": new }))?;
        } else {
            env.ui().note(format_args!("restored {name} to version {from} (version {new} now)"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
