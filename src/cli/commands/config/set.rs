//! `authy config set`.

use std::process::ExitCode;

use authy::Setting;
use clap::ValueEnum;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Change a setting of the vault; only an admin can, as the settings are signed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Settings:
  agents   run-only  without a token, AI agents get values into processes only (default)
           allow     no difference is made between agents and people
  commit   auto      every change is one commit (default)
           manual    you commit
  plugins  NAME,…    age plugins that members' recipients may need, such as yubikey,tpm; none
  subject  TEXT      the first line of a commit's message, for hooks that look at it: {} is
                     authy's own line, {lower} the same with a small first letter; {} alone
                     is the default
  sync     manual    'authy sync' sends changes (default)
           auto      each change is sent at once, if the vault has a remote

Examples:
  authy config set agents allow
  authy config set subject 'chore(vault): {lower}'")]
pub(crate) struct Args {
    /// Change this setting
    #[arg(value_enum)]
    setting: Name,
    /// Give it this value
    value: String,
}

/// The settings that can be changed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// What agents without a token may do
    Agents,
    /// Whether a change becomes a commit by itself
    Commit,
    /// The age plugins that members' recipients may need
    Plugins,
    /// How the first line of a commit's message reads
    Subject,
    /// Whether changes are sent to the remote as they are made
    Sync,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let setting = match self.setting {
            Name::Agents => Setting::Agents,
            Name::Commit => Setting::Commit,
            Name::Plugins => Setting::Plugins,
            Name::Subject => Setting::Subject,
            Name::Sync => Setting::Sync,
        };
        authy::config_set(&env.context()?, setting, &self.value)?;
        env.ui().note(format_args!("set {} to {}", setting.name(), self.value));
        Ok(ExitCode::SUCCESS)
    }
}
