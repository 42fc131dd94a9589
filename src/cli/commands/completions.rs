//! `authy completions`.

use std::process::ExitCode;

use clap::ValueEnum as _;
use clap_complete::Shell;

use super::CommandResult;
use crate::cli::completing;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Print a completion script for a shell
///
/// Commands, flags, and the names of secrets, scopes, members and sessions: as the folder of
/// the vault shows them, without unlocking anything. Load it anew after an update.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(authy completions bash)         in ~/.bashrc; zsh: the same in ~/.zshrc
  authy completions fish | source          in ~/.config/fish/config.fish")]
pub(crate) struct Args {
    /// Write it for this shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let shell = self.shell.to_possible_value();
        let name = shell.as_ref().map_or("", |value| value.get_name());
        env.ui().data(&completing::script(name).map_err(Failure::Output)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
