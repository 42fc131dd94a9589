//! `authy audit show`.

use std::process::ExitCode;

use authy::AuditEntry;

use super::filter::FilterFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// Show who did what, newest last
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy audit show -n 20
  authy audit show --secret 'db-*' --outcome denied --since 7d")]
pub(crate) struct Args {
    /// Show so many of the newest lines; 0 shows all
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    lines: usize,
    #[command(flatten)]
    filter: FilterFlags,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let filter = self.filter.into_filter(ctx.now);
        let last = (self.lines > 0).then_some(self.lines);
        let entries = authy::audit_show(&ctx, &filter, last)?;
        match env.ui().wants_json() {
            true => env.ui().json(&entries)?,
            false => env.ui().table(&table(&entries))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(entries: &[AuditEntry]) -> Table {
    let heading = ["TIME", "ACTOR", "OPERATION", "OUTCOME", "SCOPE", "DETAIL", "SECRETS"];
    let mut table = Table::new(heading);
    for entry in entries {
        table.push([
            entry.time(),
            by(entry),
            entry.op().to_owned(),
            entry.outcome().as_str().to_owned(),
            entry.scope().unwrap_or_default().to_owned(),
            told(entry),
            entry.secrets().collect::<Vec<_>>().join(" "),
        ]);
    }
    table
}

fn by(entry: &AuditEntry) -> String {
    match entry.agent() {
        Some(agent) => format!("{} by {agent}", entry.actor()),
        None => entry.actor(),
    }
}

/// What was done, and why it was denied.
fn told(entry: &AuditEntry) -> String {
    let detail = short(entry.detail().unwrap_or_default());
    match entry.reason() {
        Some(reason) if detail.is_empty() => reason.to_owned(),
        Some(reason) => format!("{detail}: {reason}"),
        None => detail.to_owned(),
    }
}

/// A new session's detail names its chain key too, which is for programs: `--json` has it.
fn short(detail: &str) -> &str {
    detail.split_once(" chain ").map_or(detail, |(id, _)| id)
}
