//! The tree of commands, and the way to each.

mod allow;
mod audit;
mod completions;
mod deny;
mod edit;
mod env;
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
mod store;

use std::process::ExitCode;

use clap::Subcommand;

use super::context::World;
use super::error::Failure;

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
    Run(run::Args),
    Env(env::Args),
    Export(env::ExportArgs),
    Resolve(resolve::Args),
    #[command(subcommand)]
    Audit(audit::Command),
    Allow(allow::Args),
    Deny(deny::Args),
    ProjectInfo(project_info::Args),
    Completions(completions::Args),
}

/// Runs a command; returns the exit code of one that worked.
pub(crate) fn run(world: &World, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Init(args) => init::run(world, args),
        Command::Store(args) => store::run(world, &args),
        Command::Get(args) => get::run(world, args),
        Command::List(args) => list::run(world, args),
        Command::Rotate(args) => rotate::run(world, &args),
        Command::Edit(args) => edit::run(world, &args),
        Command::Rename(args) => rename::run(world, &args),
        Command::Remove(args) => remove::run(world, &args),
        Command::Policy(command) => policy::run(world, command),
        Command::Run(args) => run::run(world, args),
        Command::Env(args) => env::run(world, args),
        Command::Export(args) => env::export(world, args),
        Command::Resolve(args) => resolve::run(world, args),
        Command::Audit(command) => audit::run(world, command),
        Command::Allow(args) => allow::run(world, &args),
        Command::Deny(args) => deny::run(world, &args),
        Command::ProjectInfo(args) => project_info::run(world, &args),
        Command::Completions(args) => completions::run(world, &args),
    }
}
