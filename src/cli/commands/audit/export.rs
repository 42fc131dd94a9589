//! `authy audit export`.

use std::process::ExitCode;

use super::filter::FilterFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Print the audit trail as a JSON array, newest last
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy audit export --since 2026-01-01 > audit.json")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterFlags,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let filter = self.filter.into_filter(ctx.now);
        env.ui().json(&authy::audit_show(&ctx, &filter, None)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
