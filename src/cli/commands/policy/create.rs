//! `authy policy create`.

use std::process::ExitCode;

use authy::{Context, ListOptions, ScopeName, some_of};

use super::flags::PolicyFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Create a policy, and with it a scope
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
        let ctx = env.context()?;
        authy::policy_create(&ctx, &change)?;
        told(env, &ctx, "created", &change.name);
        Ok(ExitCode::SUCCESS)
    }
}

/// So many names are written out.
const SHOWN: usize = 6;

/// Says what a policy allows, of the secrets that are there.
pub(super) fn told(env: &CliEnv, ctx: &Context, verb: &str, scope: &ScopeName) {
    let of = |scope: Option<&ScopeName>| {
        let options = ListOptions { scope: scope.cloned(), ..ListOptions::default() };
        let entries = authy::list(ctx, &options).unwrap_or_default();
        entries.into_iter().map(|entry| entry.name.to_string()).collect::<Vec<_>>()
    };
    let (all, reached) = (of(None).len(), of(Some(scope)));
    let lead = if reached.is_empty() { "" } else { ": " };
    let names = some_of(&reached, SHOWN);
    let count = reached.len();
    env.ui().note(format_args!(
        "{verb} policy {scope}, which allows {count} of {all} secrets{lead}{names}"
    ));
}
