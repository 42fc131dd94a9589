//! `authy audit …`.

mod export;
mod filter;
mod show;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Read and verify the audit trail
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Verify(verify::Args),
    Export(export::Args),
}

pub(crate) fn run(world: &World, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Show(args) => show::run(world, args),
        Command::Verify(args) => verify::run(world, &args),
        Command::Export(args) => export::run(world, args),
    }
}
