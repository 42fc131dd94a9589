//! `authy completions`.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::CommandResult;
use crate::cli::Cli;
use crate::cli::context::CliEnv;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy completions bash > ~/.local/share/bash-completion/completions/authy
  authy completions fish > ~/.config/fish/completions/authy.fish")]
pub(crate) struct Args {
    /// Write it for this shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "authy", &mut script);
        env.ui().data(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
