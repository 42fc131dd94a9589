//! `authy recover`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::printable;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Put your identity back from a copy
///
/// Takes what 'authy backup' made: the file, or the text of the printed page. Its passphrase is asked
/// for, and it keeps it. An identity that is there already is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy recover /media/stick/authy.key
  authy recover page.txt
  authy recover - < page.txt                        from standard input
  authy recover copy.key --to ~/.authy/keys/old.key")]
pub(crate) struct Args {
    /// The copy, or '-' for standard input
    file: PathBuf,
    /// Put it into this file [default: ~/.authy/keys/master.key]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context_without_project()?;
        let copy = match self.file == Path::new("-") {
            true => authy::read_copy(Path::new("/dev/stdin"))?,
            false => authy::read_copy(&self.file)?,
        };
        let done = authy::recover(&ctx, &copy, self.to.as_deref())?;
        if env.ui().wants_json() {
            env.ui().json(&done)?;
        }
        let file = printable(&done.identity.to_string_lossy());
        let whose = done.member.as_ref().map(|name| format!(", of {name}")).unwrap_or_default();
        env.ui().note(format_args!("put the identity back in '{file}'{whose}"));
        if done.member.is_none() {
            env.ui().note("clone the vault, and 'authy status' says who you are in it");
        }
        Ok(ExitCode::SUCCESS)
    }
}
