//! `authy audit …`.

mod export;
mod filter;
mod show;
mod verify;

use clap::Subcommand;

use super::Ending;
use crate::cli::context::World;

/// Show and verify who did what
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Verify(verify::Args),
    Export(export::Args),
}

pub(super) fn run(command: Command, world: &World) -> Ending {
    match command {
        Command::Show(args) => args.run(world),
        Command::Verify(args) => args.run(world),
        Command::Export(args) => args.run(world),
    }
}
