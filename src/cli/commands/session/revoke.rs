//! `authy session revoke`.

use std::process::ExitCode;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Revoke a session: its token opens nothing any more
///
/// What the token's holder has read already they know. A shared session is gone where the
/// commit arrives; rotate what it could read if the token fell into the wrong hands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy session list
  authy session revoke 3f2a               the beginning of its id is enough")]
pub(crate) struct Args {
    /// Take the session whose id begins like this
    id: String,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let id = authy::session_revoke(&env.context()?, &self.id)?;
        env.ui().note(format_args!("revoked session {id}"));
        Ok(ExitCode::SUCCESS)
    }
}
