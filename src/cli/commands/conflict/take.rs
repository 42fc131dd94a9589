//! `authy conflict take`.

use std::process::ExitCode;

use authy::Choice;
use clap::ValueEnum;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Take one side of a conflict; the other one stays in history
///
/// That side becomes a new version above both. Once nothing is left to decide, what was fetched
/// is merged; 'authy sync' then pushes it. 'authy history' shows the other side, and 'authy
/// restore' brings it back. In the middle of a merge that was begun with git, it decides what that left open, and
/// 'git commit' finishes it. Members, policies and settings are named by their files, such as
/// policies/prod.toml; only an admin can keep their own side of those.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy conflict take newest db-url        the value that was given later
  authy conflict take ours db-url          what this clone has
  authy conflict take theirs db-url db-key what was fetched")]
pub(crate) struct Args {
    /// Which side
    #[arg(value_enum)]
    side: Side,
    /// Secret names, or files, as 'conflict list' does
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Decide about this branch, as 'sync --with' does
    #[arg(long, value_name = "REF")]
    with: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Side {
    /// What this clone has
    Ours,
    /// What was fetched
    Theirs,
    /// The value that was given later
    Newest,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let choice = match self.side {
            Side::Ours => Choice::Ours,
            Side::Theirs => Choice::Theirs,
            Side::Newest => Choice::Newest,
        };
        let ui = env.ui();
        let report =
            authy::conflict_take(&env.context()?, choice, &self.names, self.with.as_deref())?;
        if ui.wants_json() {
            ui.json(&report)?;
        }
        for one in &report.taken {
            ui.note(format_args!("took {} of '{}'", one.side, one.name));
        }
        match report.left.as_slice() {
            [] if report.is_gits => {
                ui.note(
                    "nothing of the vault is left to decide; finish the merge with 'git commit'",
                );
            }
            [] => ui.note("merged; run 'authy sync' to push it"),
            left => ui.note(format_args!("still to decide: {}", left.join(", "))),
        }
        Ok(ExitCode::SUCCESS)
    }
}
