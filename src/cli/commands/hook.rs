//! `authy hook`.

use std::process::ExitCode;

use clap::ValueEnum;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Print the shell integration script
///
/// On entering a folder whose .authy.toml you have allowed, the programs of its 'aliases' are
/// started through 'authy run' with its scope, and AUTHY_KEYFILE is set where it names a
/// 'keyfile'. On leaving, everything is as it was. The text is always the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(authy hook bash)\"                in ~/.bashrc
  eval \"$(authy hook zsh)\"                 in ~/.zshrc
  authy hook fish | source                 in ~/.config/fish/config.fish")]
pub(crate) struct Args {
    /// Write it for this shell
    #[arg(value_enum)]
    shell: UserShell,
}

/// A shell that people type at.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum UserShell {
    /// bash, for the hook 4 or newer
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let text = match self.shell {
            UserShell::Bash => include_str!("../hooks/bash.sh"),
            UserShell::Zsh => include_str!("../hooks/zsh.zsh"),
            UserShell::Fish => include_str!("../hooks/fish.fish"),
            UserShell::Powershell => include_str!("../hooks/powershell.ps1"),
        };
        env.ui().data(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
