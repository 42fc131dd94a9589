//! `authy audit show`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use authy::{AuditEntry, AuditFilter, Context, Outcome};
use time::OffsetDateTime;

use super::filter::FilterFlags;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::table::Table;
use crate::cli::ui::Ui;

/// Show who did what, newest last
///
/// On a terminal a line is an entry, and times are ages; into a pipe it is all of it, and times are
/// RFC 3339 in UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy audit show -n 20
  authy audit show --secret 'db-*' --outcome denied --since 7d
  authy audit show --agent                 what AI agents did
  authy audit show --follow                and then what comes, until Ctrl-C")]
pub(crate) struct Args {
    /// Show so many of the newest lines; 0 shows all
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    lines: usize,
    /// Go on showing what comes
    #[arg(short, long, conflicts_with = "until")]
    follow: bool,
    #[command(flatten)]
    filter: FilterFlags,
}

/// How often is looked for more.
const PAUSE: Duration = Duration::from_secs(1);
/// How far a clock elsewhere may be behind, so that its new entries are found.
const RECENT: time::Duration = time::Duration::minutes(10);

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, ui) = (env.context()?, env.ui());
        let filter = self.filter.into_filter(ctx.now);
        let last = (self.lines > 0).then_some(self.lines);
        let entries = authy::audit_show(&ctx, &filter, last)?;
        show(ui, &entries)?;
        if self.follow {
            follow(&ctx, ui, &filter, &entries)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(ui: Ui, entries: &[AuditEntry]) -> Result<(), Failure> {
    match ui.wants_json() {
        true => ui.json(&entries),
        false => ui.data(text(ui, entries).as_bytes()),
    }
}

fn text(ui: Ui, entries: &[AuditEntry]) -> String {
    ui.rendered(&if ui.is_for_eyes() { for_eyes(entries) } else { table(entries) })
}

/// Shows what comes until nobody reads it, in the order in which it is found: a line of another chain
/// may be older. As JSON a line is an entry.
fn follow(
    ctx: &Context,
    ui: Ui,
    filter: &AuditFilter,
    shown: &[AuditEntry],
) -> Result<(), Failure> {
    let mut seen: BTreeSet<String> = shown.iter().map(AuditEntry::place).collect();
    // What lies further back was there before.
    let since = ctx.now - RECENT;
    let since = filter.since.map_or(since, |at| at.max(since));
    let filter = AuditFilter { since: Some(since), ..filter.clone() };
    let before = authy::audit_show(ctx, &filter, None)?;
    seen.extend(before.iter().filter(|entry| is_before(entry, ctx.now)).map(AuditEntry::place));
    loop {
        std::thread::sleep(PAUSE);
        let mut new = authy::audit_show(ctx, &filter, None)?;
        new.retain(|entry| seen.insert(entry.place()));
        if new.is_empty() {
            continue;
        }
        let text = match ui.wants_json() {
            true => new
                .iter()
                .filter_map(|one| serde_json::to_string(one).ok())
                .fold(String::new(), |text, line| text + &line + "\n"),
            // A heading stands there already.
            false => text(ui, &new)
                .lines()
                .skip(usize::from(ui.is_for_eyes()))
                .fold(String::new(), |text, line| text + line + "\n"),
        };
        if !ui.is_read(text.as_bytes())? {
            return Ok(());
        }
    }
}

/// Whether an entry was there when the command began.
fn is_before(entry: &AuditEntry, now: OffsetDateTime) -> bool {
    let at = OffsetDateTime::parse(&entry.time(), &time::format_description::well_known::Rfc3339);
    at.is_ok_and(|at| at <= now)
}

fn table(entries: &[AuditEntry]) -> Table {
    let heading = ["TIME", "ACTOR", "OPERATION", "OUTCOME", "SCOPE", "DETAIL", "SECRETS"];
    let mut table = Table::new(heading);
    for entry in entries {
        table.push([
            entry.time(),
            by(entry, entry.actor()),
            entry.op().to_owned(),
            entry.outcome().as_str().to_owned(),
            entry.scope().unwrap_or_default().to_owned(),
            told(entry),
            entry.secrets().collect::<Vec<_>>().join(" "),
        ]);
    }
    table
}

/// What a person looks for stands first, and what may be cut last.
fn for_eyes(entries: &[AuditEntry]) -> Table {
    let heading = ["WHEN", "WHO", "OPERATION", "SCOPE", "WHAT"];
    let mut table = Table::new(heading).with_times(&[0]);
    for entry in entries {
        let op = match entry.outcome() {
            Outcome::Granted => entry.op().to_owned(),
            outcome => format!("{} {}", entry.op(), outcome.as_str()),
        };
        let secrets = entry.secrets().collect::<Vec<_>>().join(" ");
        let told = told(entry);
        let gap = if secrets.is_empty() || told.is_empty() { "" } else { ": " };
        let scope = entry.scope().unwrap_or_default().to_owned();
        table.push([
            entry.time(),
            by(entry, entry.actor_in_short()),
            op,
            scope,
            format!("{secrets}{gap}{told}"),
        ]);
    }
    table
}

fn by(entry: &AuditEntry, actor: String) -> String {
    match entry.agent() {
        Some(agent) => format!("{actor} by {agent}"),
        None => actor,
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
