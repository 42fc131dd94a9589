//! `authy conflict show`.

use std::process::ExitCode;

use authy::{ConflictShown, Context};
use clap::ValueEnum;

use super::list;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Show one side of a conflict: a secret's value, or what changed in another file
///
/// A value is printed as 'authy get' prints one, and recorded; who may read the secret may read both
/// sides. Of a policy, a member or the settings the lines are shown that the side took away and added.
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
            None => return both(env, &ctx, &self.name, self.with.as_deref()),
        };
        let shown = authy::conflict_show(&ctx, &self.name, side, self.with.as_deref())?;
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

/// Says of both sides who changed what; no value is shown.
fn both(env: &CliEnv, ctx: &Context, name: &str, with: Option<&str>) -> CommandResult {
    let mut conflicts = authy::conflict_list(ctx, with)?;
    conflicts.retain(|one| one.name == name || short(&one.name) == name);
    if conflicts.is_empty() {
        return Err(Failure::NoConflict(name.to_owned()));
    }
    list::show(env, &conflicts)?;
    Ok(ExitCode::SUCCESS)
}

/// The name of a file without folder and ending.
fn short(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.strip_suffix(".toml").unwrap_or(file)
}
