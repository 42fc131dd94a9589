//! `authy config …`.

mod set;
mod show;

use clap::Subcommand;

use super::Ending;
use crate::cli::context::World;

/// See and change the settings of a vault
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Set(set::Args),
}

pub(super) fn run(command: Command, world: &World) -> Ending {
    match command {
        Command::Show(args) => args.run(world),
        Command::Set(args) => args.run(world),
    }
}
