//! `authy backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::printable;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Copy your identity to a file, under a passphrase
///
/// Without your identity nothing can be decrypted: keep the copy somewhere else, such as on a USB
/// stick or in a password manager. An identity that has a passphrase keeps it; for another one a new
/// passphrase is asked for. The copy is an age file ('age -d' prints the identity), and works with
/// --keyfile as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy backup /media/stick/authy.key
  authy --keyfile /media/stick/authy.key status        with the copy alone")]
pub(crate) struct Args {
    /// Write the copy to this file, which must not exist
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let identity = authy::backup(&env.context()?, &self.file)?;
        let shown = |path: &PathBuf| printable(&path.to_string_lossy());
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({
                "identity": identity.to_string_lossy(),
                "backup": self.file.to_string_lossy(),
            }))?;
        }
        let (from, to) = (shown(&identity), shown(&self.file));
        env.ui()
            .note(format_args!("copied '{from}' to '{to}', under a passphrase: keep it elsewhere"));
        Ok(ExitCode::SUCCESS)
    }
}
