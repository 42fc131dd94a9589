//! `authy config …`.

mod set;
mod show;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Show and change the vault's settings
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Set(set::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Show(args) => args.run(env),
        Command::Set(args) => args.run(env),
    }
}
