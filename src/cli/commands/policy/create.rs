//! `authy policy create`.

use std::process::ExitCode;

use super::flags::PolicyFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Make a policy
///
/// A scope reaches the secrets whose name an allow pattern matches and no deny pattern.
/// '*' matches anything, '/' included; '?' one character; [a-z] and {a,b} work too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy create backend --allow 'db-dev-*' --allow 'api-*' --deny '*-admin'
  authy policy create agent --allow 'github-*' --run-only --command claude
  authy policy create bot --allow github-token --seal-only \\
      --seal 'github-token=api.github.com,*.githubusercontent.com;methods=GET'")]
pub(crate) struct Args {
    #[command(flatten)]
    policy: PolicyFlags,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let change = self.policy.into_change();
        authy::policy_create(&env.context()?, &change)?;
        env.ui().note(format_args!("created policy {}", change.name));
        Ok(ExitCode::SUCCESS)
    }
}
