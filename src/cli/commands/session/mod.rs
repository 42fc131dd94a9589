//! `authy session …`.

mod create;
mod list;
mod refresh;
mod revoke;
mod revoke_all;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Create and revoke read-only session tokens
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Refresh(refresh::Args),
    #[command(visible_alias = "rm")]
    Revoke(revoke::Args),
    RevokeAll(revoke_all::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Create(args) => args.run(env),
        Command::List(args) => args.run(env),
        Command::Refresh(args) => args.run(env),
        Command::Revoke(args) => args.run(env),
        Command::RevokeAll(args) => args.run(env),
    }
}
