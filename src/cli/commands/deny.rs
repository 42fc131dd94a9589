//! `authy deny`.

use std::process::ExitCode;

use authy::{PluginName, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Stop trusting the .authy.toml of this folder, or an age plugin
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy deny
  authy deny --plugin yubikey")]
pub(crate) struct Args {
    /// Stop trusting the program of this age plugin instead, wherever it lies
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if let Some(name) = &self.plugin {
            let text = match authy::deny_plugin(&env.context_without_project()?, name)? {
                0 => format!("no program of the age plugin '{name}' was allowed"),
                _ => format!("denied the age plugin '{name}'"),
            };
            env.ui().note(text);
            return Ok(ExitCode::SUCCESS);
        }
        let file = env.the_project()?;
        authy::deny_project(&env.context_without_project()?, file)?;
        env.ui().note(format_args!("denied '{}'", printable(&file.path.to_string_lossy())));
        Ok(ExitCode::SUCCESS)
    }
}
