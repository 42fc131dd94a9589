//! `authy member …`.

mod add;
mod list;
mod remove;
mod show;
mod update;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Manage who shares the vault
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Show(show::Args),
    Update(update::Args),
    #[command(visible_alias = "rm")]
    Remove(remove::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Add(args) => args.run(env),
        Command::List(args) => args.run(env),
        Command::Show(args) => args.run(env),
        Command::Update(args) => args.run(env),
        Command::Remove(args) => args.run(env),
    }
}
