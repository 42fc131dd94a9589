//! `authy session list`.

use std::process::ExitCode;

use authy::SessionView;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// List sessions: those of this clone and those that are shared
///
/// Those that expired or were revoked here are listed last, for a week. ENDS is when a session ends, or did; USED is when the token was last given something, as far as this clone knows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy session list
  authy session list --json")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command is run like this")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let sessions = authy::session_list(&env.context()?)?;
        match env.ui().wants_json() {
            true => env.ui().json(&sessions)?,
            false => env.ui().table(&table(sessions))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(sessions: Vec<SessionView>) -> Table {
    let mut table =
        Table::new(["ID", "SCOPE", "STATUS", "KIND", "CREATED", "ENDS", "USED", "BY", "LABEL"])
            .with_times(&[4, 5, 6])
            .with_spare(&[4, 7]);
    for one in sessions {
        let usage = match (one.run_only, one.shared) {
            (true, true) => "run-only, shared",
            (true, false) => "run-only",
            (false, true) => "shared",
            (false, false) => "",
        };
        table.push([
            one.id.to_string(),
            one.scope.map(|scope| scope.to_string()).unwrap_or_default(),
            one.status.to_string(),
            usage.to_owned(),
            one.created.unwrap_or_default(),
            one.ended.or(one.expires).unwrap_or_default(),
            one.used.unwrap_or_default(),
            one.by.unwrap_or_default(),
            one.problem.unwrap_or(one.label),
        ]);
    }
    table
}
