//! `authy session revoke`.

use std::process::ExitCode;

use crate::cli::commands::Ending;
use crate::cli::context::World;

/// Take a session back: its token opens nothing from now on
///
/// What the token's holder has read already he knows. A shared session is gone where the
/// commit arrives; rotate what it could read if the token fell into the wrong hands.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take the session whose id begins like this
    id: String,
}

impl Args {
    pub(super) fn run(self, world: &World) -> Ending {
        let id = authy::session_revoke(&world.context()?, &self.id)?;
        world.ui().note(format_args!("revoked session {id}"));
        Ok(ExitCode::SUCCESS)
    }
}
