//! `authy audit export`.

use std::process::ExitCode;

use super::filter::FilterFlags;
use crate::cli::commands::Ending;
use crate::cli::context::World;

/// Print the audit trail as a JSON array, newest last
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  authy audit export --since 2026-01-01 > audit.json")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterFlags,
}

impl Args {
    pub(super) fn run(self, world: &World) -> Ending {
        let ctx = world.context()?;
        let filter = self.filter.into_filter(ctx.now);
        world.ui().json(&authy::audit_show(&ctx, &filter, None)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
