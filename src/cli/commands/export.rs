//! `authy export`.

use super::CommandResult;
use super::env::{Form, print};
use crate::cli::context::CliEnv;
use crate::cli::inject::InjectFlags;

/// Print the secrets of a scope as a file of variables
///
/// The file holds the values in the clear: 'authy run' hands them over without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  authy export --scope backend --uppercase > .env")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form; --json means json
    #[arg(long, value_enum, default_value_t = Form::Dotenv, value_name = "FORMAT")]
    format: Form,
    /// Set the variables without exporting them, in forms for shells
    #[arg(long)]
    no_export: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let environment = authy::export(&ctx, &self.inject.request(env)?)?;
        print(env.ui(), &environment, (self.format, !self.no_export))
    }
}
