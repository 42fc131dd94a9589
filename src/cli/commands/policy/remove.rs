//! `authy policy remove`.

use std::process::ExitCode;

use authy::ScopeName;

use crate::cli::commands::Ending;
use crate::cli::context::World;

/// Remove a policy; its scope reaches nothing any more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the policy
    name: ScopeName,
}

impl Args {
    pub(super) fn run(self, world: &World) -> Ending {
        authy::policy_remove(&world.context()?, &self.name)?;
        world.ui().note(format_args!("removed policy {}", self.name));
        Ok(ExitCode::SUCCESS)
    }
}
