//! `authy session refresh`.

use std::process::ExitCode;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Give the live sessions you made the values as they are now
///
/// Every command that uses your identity does this for the sessions of this clone. Run it
/// where a token says that something has changed, as after `git pull`; it updates shared
/// sessions too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git -C ~/.authy pull && authy session refresh")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let shared = authy::session_refresh(&env.context()?)?;
        for id in &shared {
            env.ui().note(format_args!(
                "refreshed shared session {id}; send it with 'authy sync' or 'git push'"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
