//! `authy lock`.

use std::process::ExitCode;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Forget what 'authy unlock' keeps open
///
/// Ends it in every shell and session of yours on this machine. From then on the passphrase is asked
/// for again. A program that has read a value keeps it, and so does an 'authy admin' that is open:
/// Ctrl-L locks that.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy lock")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "as all commands")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        // Whatever is wrong with the vault or the project file: locking comes first.
        let report = authy::lock(env.context_unasked().ok().as_ref(), env.state().as_deref());
        if env.ui().wants_json() {
            env.ui().json(&report)?;
        }
        env.ui().note(if report.locked == 0 { "nothing was unlocked" } else { "locked" });
        Ok(ExitCode::SUCCESS)
    }
}
