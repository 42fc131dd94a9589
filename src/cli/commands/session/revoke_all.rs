//! `authy session revoke-all`.

use std::process::ExitCode;

use crate::cli::commands::Ending;
use crate::cli::context::World;

/// Take every session back: an admin all of them, a member his own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, world: &World) -> Ending {
        let ids = authy::session_revoke_all(&world.context()?)?;
        match ids.len() {
            1 => world.ui().note("revoked 1 session"),
            n => world.ui().note(format_args!("revoked {n} sessions")),
        }
        Ok(ExitCode::SUCCESS)
    }
}
