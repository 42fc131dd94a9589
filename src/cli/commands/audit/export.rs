//! `authy audit export`.

use std::process::ExitCode;

use super::filter::FilterFlags;
use crate::cli::context::World;
use crate::cli::error::Failure;

/// Print the audit trail as a JSON array
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterFlags,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let entries = authy::audit_show(&world.context()?, &args.filter.into(), None)?;
    world.ui().value(&entries)?;
    Ok(ExitCode::SUCCESS)
}
