//! `authy policy list`.

use std::process::ExitCode;

use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::table;

/// List policies
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(world: &World, _: &Args) -> Result<ExitCode, Failure> {
    let views = authy::policy_list(&world.context()?)?;
    if world.json() {
        world.ui().value(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = views
        .iter()
        .map(|view| {
            vec![
                view.name.to_string(),
                view.status.to_owned(),
                if view.run_only { "yes" } else { "no" }.to_owned(),
                view.allow.join(" "),
                view.deny.join(" "),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let heading = ["NAME", "STATUS", "RUN-ONLY", "ALLOW", "DENY"];
        world.ui().data(table::render(&heading, &rows).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
