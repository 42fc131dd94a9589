//! `authy config show`.

use std::process::ExitCode;

use authy::PluginName;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// Show the settings of the vault; this needs no identity
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy config show
  authy config show --json")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let settings = authy::config_show(&env.context()?)?;
        if env.ui().wants_json() {
            env.ui().json(&settings)?;
        } else {
            let mut table = Table::new(["SETTING", "VALUE"]);
            table.push(["vault".to_owned(), settings.vault]);
            table.push(["created".to_owned(), settings.created]);
            table.push(["commit".to_owned(), settings.commit.to_string()]);
            table.push(["audit".to_owned(), settings.audit.to_string()]);
            table.push(["agents".to_owned(), settings.agents.to_string()]);
            table.push(["sync".to_owned(), settings.sync.to_string()]);
            if !settings.plugins.is_empty() {
                let names: Vec<&str> = settings.plugins.iter().map(PluginName::as_str).collect();
                table.push(["plugins".to_owned(), names.join(",")]);
            }
            if let Some(subject) = settings.subject {
                table.push(["subject".to_owned(), subject]);
            }
            env.ui().table(&table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
