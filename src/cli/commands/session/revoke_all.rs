//! `authy session revoke-all`.

use std::process::ExitCode;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Revoke every session: an admin all of them, a member their own
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy session revoke-all")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ids = authy::session_revoke_all(&env.context()?)?;
        match ids.len() {
            1 => env.ui().note("revoked 1 session"),
            n => env.ui().note(format_args!("revoked {n} sessions")),
        }
        Ok(ExitCode::SUCCESS)
    }
}
