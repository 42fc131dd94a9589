//! `authy rename`.

use std::process::ExitCode;

use authy::SecretName;

use super::Ending;
use crate::cli::context::World;

/// Give a secret another name
///
/// Policies speak of names: another scope may reach it afterwards.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the secret as it is now
    old: SecretName,
    /// Name it anew
    new: SecretName,
}

impl Args {
    pub(super) fn run(self, world: &World) -> Ending {
        authy::rename(&world.context()?, &self.old, &self.new)?;
        world.ui().note(format_args!("renamed {} to {}", self.old, self.new));
        Ok(ExitCode::SUCCESS)
    }
}
