//! `authy edit`.

use std::process::ExitCode;

use authy::SecretName;

use super::{CommandResult, store};
use crate::cli::context::CliEnv;

/// Open a secret in your editor and store what comes back
///
/// $VISUAL is tried first, then $EDITOR. The text lies on a memory file system only,
/// readable by you alone, and is removed however the editor ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy edit tls/key
  EDITOR=nano authy edit app-config")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        match authy::edit(&env.context()?, &self.name, &env.editor())? {
            Some(report) => store::report(env.ui(), "stored", &report),
            None => {
                env.ui().note(format_args!("{} is unchanged", self.name));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
