//! `authy allow`.

use std::process::ExitCode;

use authy::printable;

use super::{CommandResult, project_info};
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Trust the .authy.toml of this folder as it is now
///
/// Before that a project may choose the scope and the names of variables. Only an allowed
/// one may also name a vault that is new to this machine or an identity outside
/// ~/.authy/keys, or set variables of its own. A changed file has to be allowed again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy project-info                       what it does
  authy allow")]
pub(crate) struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let file = env.the_project()?;
        let ui = env.ui();
        if !(self.yes && ui.is_quiet()) {
            ui.show(project_info::describe(file).trim_end());
        }
        if !self.yes {
            let answer = env.person().agrees("Allow this?");
            let asked = || Failure::NobodyToAsk("a yes; --yes says so".to_owned());
            if !answer.ok_or_else(asked)? {
                return Err(Failure::Declined(file.path.clone()));
            }
        }
        authy::allow_project(&env.context_without_project()?, file)?;
        ui.note(format_args!("allowed '{}'", printable(&file.path.to_string_lossy())));
        Ok(ExitCode::SUCCESS)
    }
}
