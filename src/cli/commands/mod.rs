//! The tree of commands, and the way to each.

mod allow;
mod audit;
mod completions;
mod config;
mod deny;
mod edit;
mod env;
mod export;
mod get;
mod init;
mod list;
mod policy;
mod project_info;
mod remove;
mod rename;
mod resolve;
mod rotate;
mod run;
mod session;
mod store;

use std::process::ExitCode;

use clap::Subcommand;

use super::context::World;
use super::error::Failure;

/// How a command ends.
pub(crate) type Ending = Result<ExitCode, Failure>;

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Store(store::Args),
    Get(get::Args),
    List(list::Args),
    Rotate(rotate::Args),
    Edit(edit::Args),
    Rename(rename::Args),
    Remove(remove::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    #[command(subcommand)]
    Session(session::Command),
    Run(run::Args),
    Env(env::Args),
    Export(export::Args),
    Resolve(resolve::Args),
    #[command(subcommand)]
    Audit(audit::Command),
    Allow(allow::Args),
    Deny(deny::Args),
    ProjectInfo(project_info::Args),
    #[command(subcommand)]
    Config(config::Command),
    Completions(completions::Args),
}

/// Runs a command.
pub(crate) fn run(command: Command, world: &World) -> Ending {
    match command {
        Command::Init(args) => args.run(world),
        Command::Store(args) => args.run(world),
        Command::Get(args) => args.run(world),
        Command::List(args) => args.run(world),
        Command::Rotate(args) => args.run(world),
        Command::Edit(args) => args.run(world),
        Command::Rename(args) => args.run(world),
        Command::Remove(args) => args.run(world),
        Command::Policy(command) => policy::run(command, world),
        Command::Session(command) => session::run(command, world),
        Command::Run(args) => args.run(world),
        Command::Env(args) => args.run(world),
        Command::Export(args) => args.run(world),
        Command::Resolve(args) => args.run(world),
        Command::Audit(command) => audit::run(command, world),
        Command::Allow(args) => args.run(world),
        Command::Deny(args) => args.run(world),
        Command::ProjectInfo(args) => args.run(world),
        Command::Config(command) => config::run(command, world),
        Command::Completions(args) => args.run(world),
    }
}
