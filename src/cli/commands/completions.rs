//! `authy completions`.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::context::World;
use crate::cli::error::Failure;

/// Print a completion script
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  authy completions bash > ~/.local/share/bash-completion/completions/authy"
)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "authy", &mut script);
    world.ui().data(&script)?;
    Ok(ExitCode::SUCCESS)
}
