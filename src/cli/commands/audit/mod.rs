//! `authy audit …`.

mod accept;
mod export;
mod filter;
mod show;
mod verify;

use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Show and verify the audit log
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Verify(verify::Args),
    Export(export::Args),
    Accept(accept::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Show(args) => args.run(env),
        Command::Verify(args) => args.run(env),
        Command::Export(args) => args.run(env),
        Command::Accept(args) => args.run(env),
    }
}
