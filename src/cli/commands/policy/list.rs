//! `authy policy list`.

use std::process::ExitCode;

use crate::cli::commands::Ending;
use crate::cli::context::World;
use crate::cli::table::Table;

/// List policies
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, world: &World) -> Ending {
        let views = authy::policy_list(&world.context()?)?;
        if world.ui().wants_json() {
            world.ui().json(&views)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = Table::new(["NAME", "STATUS", "RUN-ONLY", "ALLOW", "DENY", "DESCRIPTION"]);
        for view in &views {
            table.push([
                view.name.to_string(),
                view.status.to_owned(),
                if view.run_only { "yes" } else { "no" }.to_owned(),
                view.allow.join(" "),
                view.deny.join(" "),
                view.problem.clone().unwrap_or_else(|| view.description.clone()),
            ]);
        }
        world.ui().table(&table)?;
        Ok(ExitCode::SUCCESS)
    }
}
