//! `authy policy …`.

mod create;
mod diff;
mod flags;
mod list;
mod remove;
mod show;
mod test;
mod update;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Say which secrets a scope reaches, and who may use it
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    Update(update::Args),
    Show(show::Args),
    List(list::Args),
    Remove(remove::Args),
    Test(test::Args),
    Diff(diff::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Create(args) => args.run(env),
        Command::Update(args) => args.run(env),
        Command::Show(args) => args.run(env),
        Command::List(args) => args.run(env),
        Command::Remove(args) => args.run(env),
        Command::Test(args) => args.run(env),
        Command::Diff(args) => args.run(env),
    }
}
