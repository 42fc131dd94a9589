//! `authy conflict`.

mod list;
mod show;
mod take;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Resolve what this clone and the remote both changed
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(list::Args),
    Show(show::Args),
    Take(take::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::List(args) => args.run(env),
        Command::Show(args) => args.run(env),
        Command::Take(args) => args.run(env),
    }
}
