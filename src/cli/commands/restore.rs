//! `authy restore`.

use std::process::ExitCode;

use authy::SecretName;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Give a secret a value that it had before
///
/// Takes the value from git and stores it as a new version, encrypted to those who read the
/// secret now. A secret that was removed comes back like this. Whoever could read that value
/// and may not read the secret now makes it due for rotation.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy history db-url
  authy restore db-url --version 3
  authy restore db-url --version 3 --commit 0a1b2c3d")]
pub(crate) struct Args {
    /// Name the secret
    name: SecretName,
    /// Take the value of this version; 'authy history' lists them
    #[arg(long, value_name = "N")]
    version: u64,
    /// Take it from the commit whose id begins like this, where two clones made one each
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let new =
            authy::restore(&env.context()?, &self.name, self.version, self.commit.as_deref())?;
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({ "name": self.name, "version": new }))?;
        } else {
            let (name, version) = (&self.name, self.version);
            env.ui().note(format_args!("restored {name} to version {version} (version {new} now)"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
