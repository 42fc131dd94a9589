//! `authy conflict list`.

use std::process::ExitCode;

use authy::{ConflictView, SideView};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::table::Table;

/// List what this clone and the remote both changed; this needs no identity
///
/// Compares with what 'authy sync' fetched last, and shows who gave each side its value and
/// when and what it changed, never the value. In the middle of a merge that was begun with git, such as
/// 'git pull' in a project, it lists what that left open.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy conflict list
  authy conflict show db-url theirs
  authy conflict take newest db-url")]
pub(crate) struct Args {
    /// Compare with this branch, as 'sync --with' does
    #[arg(long, value_name = "REF")]
    with: Option<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let conflicts = authy::conflict_list(&env.context()?, self.with.as_deref())?;
        show(env, &conflicts)?;
        if conflicts.is_empty() {
            env.ui().note("nothing is in conflict");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints what is in conflict.
pub(super) fn show(env: &CliEnv, conflicts: &[ConflictView]) -> Result<(), Failure> {
    if env.ui().wants_json() {
        return env.ui().json(&conflicts);
    }
    let mut table = Table::new(["NAME", "OURS", "THEIRS"]);
    for one in conflicts {
        table.push([one.name.clone(), side(&one.ours), side(&one.theirs)]);
    }
    env.ui().table(&table)
}

fn side(side: &SideView) -> String {
    if side.removed {
        return "removed".to_owned();
    }
    let version =
        side.version.map_or_else(|| "changed".to_owned(), |version| format!("v{version}"));
    let who = side.made().map(|(by, at)| format!(" by {by}, {at}")).unwrap_or_default();
    format!("{version}{who}{}", changes(side, ": "))
}

/// What a side changed, behind `lead`.
fn changes(side: &SideView, lead: &str) -> String {
    match side.changes.as_slice() {
        [] => String::new(),
        changes => format!("{lead}{}", changes.join(", ")),
    }
}
