//! `authy policy …`.

mod create;
mod flags;
mod list;
mod remove;
mod show;
mod test;
mod update;

use clap::Subcommand;

use super::Ending;
use crate::cli::context::World;

/// Say which secrets a scope reaches, and who may use it
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    Update(update::Args),
    Show(show::Args),
    List(list::Args),
    Remove(remove::Args),
    Test(test::Args),
}

pub(super) fn run(command: Command, world: &World) -> Ending {
    match command {
        Command::Create(args) => args.run(world),
        Command::Update(args) => args.run(world),
        Command::Show(args) => args.run(world),
        Command::List(args) => args.run(world),
        Command::Remove(args) => args.run(world),
        Command::Test(args) => args.run(world),
    }
}
