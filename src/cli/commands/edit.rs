//! `authy edit`.

use std::process::ExitCode;

use authy::SecretName;

use super::{Ending, store};
use crate::cli::context::World;

/// Open a secret in your editor and store what comes back
///
/// $VISUAL is tried first, then $EDITOR. The text lies on a memory file system only,
/// readable by you alone, and is removed however the editor ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name the secret
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, world: &World) -> Ending {
        match authy::edit(&world.context()?, &self.name, &world.editor())? {
            Some(report) => store::report(world.ui(), "stored", &report),
            None => {
                world.ui().note(format_args!("{} is unchanged", self.name));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
