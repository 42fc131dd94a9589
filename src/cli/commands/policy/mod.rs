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

/// Define scopes: which secrets they allow, and to whom
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    Update(update::Args),
    Show(show::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    #[command(visible_alias = "rm")]
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
