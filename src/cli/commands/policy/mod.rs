//! `authy policy …`.

mod change;
mod create;
mod list;
mod remove;
mod show;
mod test;
mod update;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Make, change, show and test policies
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    Update(update::Args),
    Show(show::Args),
    List(list::Args),
    Test(test::Args),
    Remove(remove::Args),
}

pub(crate) fn run(world: &World, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Create(args) => create::run(world, args),
        Command::Update(args) => update::run(world, args),
        Command::Show(args) => show::run(world, &args),
        Command::List(args) => list::run(world, &args),
        Command::Test(args) => test::run(world, args),
        Command::Remove(args) => remove::run(world, &args),
    }
}
