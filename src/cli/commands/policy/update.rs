//! `authy policy update`.

use std::process::ExitCode;

use authy::PolicyChange;

use super::create::told;
use super::flags::PolicyFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Change a policy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy update backend --allow cache-url
  authy policy update backend --remove-deny '*-admin' --run-only=false
  authy policy update bot --remove-seal github-token --seal 'github-token=api.github.com'")]
pub(crate) struct Args {
    #[command(flatten)]
    policy: PolicyFlags,
    /// Take this allow pattern away; may be repeated
    #[arg(long, value_name = "PATTERN")]
    remove_allow: Vec<String>,
    /// Take this deny pattern away; may be repeated
    #[arg(long, value_name = "PATTERN")]
    remove_deny: Vec<String>,
    /// Take this member or @group away; may be repeated
    #[arg(long = "remove-member", value_name = "MEMBER")]
    remove_members: Vec<String>,
    /// Take this program away; with none left 'run' starts nothing; may be repeated
    #[arg(long = "remove-command", value_name = "PATTERN")]
    remove_commands: Vec<String>,
    /// Let 'run' start any program again
    #[arg(long, conflicts_with_all = ["commands", "remove_commands"])]
    any_command: bool,
    /// Let sessions live as long as whoever makes them says
    #[arg(long, conflicts_with = "max_ttl")]
    no_max_ttl: bool,
    /// Take the sealed rules away that name just these secrets; may be repeated
    #[arg(long = "remove-seal", value_name = "NAMES")]
    remove_seal: Vec<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let change = PolicyChange {
            remove_allow: self.remove_allow,
            remove_deny: self.remove_deny,
            remove_members: self.remove_members,
            remove_commands: self.remove_commands,
            any_command: self.any_command,
            no_max_ttl: self.no_max_ttl,
            remove_seal: self.remove_seal,
            ..self.policy.into_change()
        };
        let ctx = env.context()?;
        authy::policy_update(&ctx, &change)?;
        told(env, &ctx, "updated", &change.name);
        Ok(ExitCode::SUCCESS)
    }
}
