//! `authy policy list`.

use std::process::ExitCode;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// List policies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy list
  authy policy list --json")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let views = authy::policy_list(&env.context()?)?;
        if env.ui().wants_json() {
            env.ui().json(&views)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = Table::new(["NAME", "STATUS", "RUN-ONLY", "ALLOW", "DENY", "DESCRIPTION"]);
        for view in &views {
            table.push([
                view.name.to_string(),
                view.status.to_string(),
                match (view.seal_only, view.run_only) {
                    (true, _) => "sealed",
                    (_, true) => "yes",
                    _ => "no",
                }
                .to_owned(),
                view.allow.join(" "),
                view.deny.join(" "),
                view.problem.clone().unwrap_or_else(|| view.description.clone()),
            ]);
        }
        env.ui().table(&table)?;
        Ok(ExitCode::SUCCESS)
    }
}
