//! `authy conflict show`.

use std::process::ExitCode;

use authy::ConflictShown;
use clap::ValueEnum;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Show one side of a conflict: a secret's value, or what changed in another file
///
/// A value is printed as 'authy get' prints one, and recorded; who may read the secret may read both
/// sides. Of a policy, a member or the settings the lines are shown that the side took away and added.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy conflict show db-url theirs
  authy conflict show policies/prod.toml ours
  authy conflict show prod ours            where nothing else is called so")]
pub(crate) struct Args {
    /// Name the secret, or the file, as 'conflict list' does
    name: String,
    /// Which side
    #[arg(value_enum)]
    side: Side,
    /// Look at this branch, as 'sync --with' does
    #[arg(long, value_name = "REF")]
    with: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Side {
    /// What this clone has
    Ours,
    /// What was fetched
    Theirs,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let side = match self.side {
            Side::Ours => authy::Side::Ours,
            Side::Theirs => authy::Side::Theirs,
        };
        let shown = authy::conflict_show(&env.context()?, &self.name, side, self.with.as_deref())?;
        match shown {
            ConflictShown::Value(value) => env.ui().value(value.expose())?,
            ConflictShown::Diff(lines) => {
                let text: String =
                    lines.iter().map(|line| format!("{}\n", authy::printable(line))).collect();
                env.ui().data(text.as_bytes())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
