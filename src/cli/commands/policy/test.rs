//! `authy policy test`.

use std::process::ExitCode;

use authy::{Kind, ScopeName, SecretName};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Say whether a scope reaches a name, and which pattern decides
///
/// Exits with 0 where it is allowed and with 4 where it is denied. No such secret need exist.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  authy policy test --scope backend db-prod-password")]
pub(crate) struct Args {
    /// Ask this policy
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Ask about this name
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let verdict = authy::policy_test(&env.context()?, scope.as_ref(), &self.name)?;
        match env.ui().wants_json() {
            true => env.ui().json(&verdict)?,
            false => env.ui().data(format!("{verdict}\n").as_bytes())?,
        }
        Ok(match verdict.allowed {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(Kind::Denied.exit_code()),
        })
    }
}
