//! `authy config show`.

use std::process::ExitCode;

use crate::cli::commands::Ending;
use crate::cli::context::World;
use crate::cli::table::Table;

/// Show the settings of the vault; this needs no identity
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, world: &World) -> Ending {
        let settings = authy::config_show(&world.context()?)?;
        if world.ui().wants_json() {
            world.ui().json(&settings)?;
        } else {
            let mut table = Table::new(["SETTING", "VALUE"]);
            table.push(["vault".to_owned(), settings.vault]);
            table.push(["created".to_owned(), settings.created]);
            table.push(["commit".to_owned(), settings.commit.to_owned()]);
            table.push(["audit".to_owned(), settings.audit.to_owned()]);
            table.push(["agents".to_owned(), settings.agents.to_owned()]);
            world.ui().table(&table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
