//! `authy allow`.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use super::project_info::describe;
use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::ui::tell;

/// Trust the .authy.toml found from here, as it is now
///
/// Needed once for each content and place before a project may name a vault or an identity
/// of its own, or map variables in [env].
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let Some(file) = world.project()? else {
        return Err(Failure::usage(
            "there is no .authy.toml here or above",
            "make one; 'authy project-info' shows what is found",
        ));
    };
    tell(&describe(&file));
    if !(args.yes || world.may_ask() && agreed()?) {
        return Err(Failure::denied("not allowed", "say yes at the prompt, or give --yes"));
    }
    authy::allow_project(&world.context_without_project()?, &file)?;
    world.ui().note(&format!("allowed '{}'", authy::printable(&file.path.to_string_lossy())));
    Ok(ExitCode::SUCCESS)
}

fn agreed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    tell("Allow this? [y/N]");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::Input)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
