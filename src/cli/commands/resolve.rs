//! `authy resolve`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{ScopeName, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Fill in the <authy:NAME> placeholders of a text file
///
/// With -o the result is written to a file that only you can read, all of it or nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy resolve config.tmpl -o config.json --scope backend")]
pub(crate) struct Args {
    /// Read this file
    file: PathBuf,
    /// Write the result here instead of printing it
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Scope to use
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let (ctx, out) = (env.context()?, self.output.as_deref());
        if let Some(text) = authy::resolve(&ctx, &self.file, out, scope.as_ref())? {
            env.ui().data(text.expose())?;
        }
        if let Some(out) = out {
            env.ui().note(format_args!("wrote '{}'", printable(&out.to_string_lossy())));
        }
        Ok(ExitCode::SUCCESS)
    }
}
