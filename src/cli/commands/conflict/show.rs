//! `authy conflict show`.

use std::process::ExitCode;

use authy::ConflictShown;
use clap::ValueEnum;

use super::list;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Show one side of a conflict: a secret's value, or what else changed
///
/// A value is printed as 'authy get' prints one, and recorded; who may read the secret may read both
/// sides. Of a policy, a member or the settings the lines are shown that the side took away and added, and
/// of a secret whose value that side left as it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy conflict show db-url               who changed it, on both sides
  authy conflict show db-url theirs        the value there
  authy conflict show policies/prod.toml ours
  authy conflict show prod ours            where nothing else is called so")]
pub(crate) struct Args {
    /// Secret name, or file, as 'conflict list' does
    name: String,
    /// Which side; without it, who changed what on both
    #[arg(value_enum)]
    side: Option<Side>,
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
        let ctx = env.context()?;
        let side = match self.side {
            Some(Side::Ours) => authy::Side::Ours,
            Some(Side::Theirs) => authy::Side::Theirs,
            // No value is shown.
            None => {
                let sides = authy::conflict_sides(&ctx, &self.name, self.with.as_deref())?;
                list::show(env, &[sides])?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        let shown = authy::conflict_show(&ctx, &self.name, side, self.with.as_deref())?;
        match shown {
            ConflictShown::Value { value, also } => {
                env.ui().value(value.expose())?;
                if !also.is_empty() {
                    env.ui()
                        .note(format_args!("that side changed the {} as well", also.join(", ")));
                }
            }
            ConflictShown::Removed => env.ui().note("that side removed it"),
            ConflictShown::Diff(lines) => {
                let text: String =
                    lines.iter().map(|line| format!("{}\n", authy::printable(line))).collect();
                env.ui().data(text.as_bytes())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
