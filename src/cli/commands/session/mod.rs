//! `authy session …`.

mod create;
mod list;
mod refresh;
mod revoke;
mod revoke_all;

use clap::Subcommand;

use super::Ending;
use crate::cli::context::World;

/// Hand out tokens that reach one scope, for a while, and change nothing
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    List(list::Args),
    Refresh(refresh::Args),
    Revoke(revoke::Args),
    RevokeAll(revoke_all::Args),
}

pub(super) fn run(command: Command, world: &World) -> Ending {
    match command {
        Command::Create(args) => args.run(world),
        Command::List(args) => args.run(world),
        Command::Refresh(args) => args.run(world),
        Command::Revoke(args) => args.run(world),
        Command::RevokeAll(args) => args.run(world),
    }
}
