//! `authy run`.

use std::ffi::OsString;
use std::process::ExitCode;

use authy::RunCommand;

use crate::cli::context::{InjectFlags, World};
use crate::cli::error::Failure;

/// Run a command with the scope's values in its environment
///
/// authy replaces itself by the command: signals, terminal and exit code are the command's own.
/// The command's words are passed untouched.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  authy run --scope backend --uppercase -- ./server\n  authy run -- npm run dev        (scope from .authy.toml)"
)]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Give it the values and hardly anything else of this environment
    #[arg(long)]
    clean_env: bool,
    /// The command and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    let request = world.request(args.inject)?;
    let command = RunCommand {
        argv: args.command,
        clean_env: args.clean_env,
        inherited: std::env::vars_os().collect(),
    };
    match authy::run(&ctx, &request, command)? {}
}
