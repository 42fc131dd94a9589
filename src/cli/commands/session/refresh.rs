//! `authy session refresh`.

use std::process::ExitCode;

use crate::cli::commands::Ending;
use crate::cli::context::World;

/// Give the live sessions you made the values as they are now
///
/// Every command that uses your identity does this for the sessions of this clone. Run it
/// where a token says that something has changed, as after `git pull`; it updates shared
/// sessions too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, world: &World) -> Ending {
        let shared = authy::session_refresh(&world.context()?)?;
        for id in &shared {
            world.ui().note(format_args!("refreshed shared session {id}; push it"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
