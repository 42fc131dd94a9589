//! `authy sync`.

use std::process::ExitCode;

use authy::{SyncChange, SyncEvent, SyncKind, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::front::counted;

/// Commit, fetch, merge and push
///
/// Commits what waits, audit lines of reads included, fetches what others pushed, merges it,
/// gives live sessions the new values, and pushes. The network is the git program's, with its
/// credentials and ssh set-up; its remote and branch are those that the checked out branch
/// follows. Changes of different secrets, members and policies never conflict; a policy to which both
/// sides only added gets both, where an admin syncs. Where both
/// sides changed the same one nothing is merged, and 'authy conflict' decides. Members and
/// policies that were edited by hand go along as requests, which an admin approves.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy sync
  authy sync --no-input                    in a script: git asks for no password
  authy sync --with origin/main            on a branch: bring in what main has by now
  authy sync && authy conflict list")]
pub(crate) struct Args {
    /// Bring this branch into the one that is checked out, and push nothing
    #[arg(long, value_name = "REF")]
    with: Option<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ui = env.ui();
        let report = authy::sync(&env.context()?, self.with.as_deref(), env.person().may_ask())?;
        if ui.wants_json() {
            ui.json(&report)?;
        }
        if !report.settled.is_empty() {
            let names = printable(&report.settled.join(", "));
            ui.note(format_args!("changed on both sides, and nothing to decide: {names}"));
            for scope in &report.policies {
                ui.note(format_args!(
                    "policy {scope} has what both sides added; 'authy policy show {scope}' says what it gives to whom"
                ));
            }
        }
        changes(&report.changes).into_iter().for_each(|line| ui.note(line));
        if self.with.is_some() {
            ui.note(match report.received {
                0 => format!("{} is in this branch already", report.remote),
                received => {
                    format!("brought in {}: {}, not pushed", report.remote, commits(received))
                }
            });
            return Ok(ExitCode::SUCCESS);
        }
        env.is_sent();
        ui.note(match (report.received, report.sent) {
            (0, 0) => format!("in sync with {} already", report.remote),
            (received, sent) => format!(
                "in sync with {}: received {}, sent {}",
                report.remote,
                commits(received),
                commits(sent)
            ),
        });
        Ok(ExitCode::SUCCESS)
    }
}

/// So many changes are told.
const TOLD: usize = 12;

/// What others changed, a line each; of many the first.
fn changes(changes: &[SyncChange]) -> Vec<String> {
    // What waits for approval is told by a note of its own, which names all of it.
    let changes: Vec<_> = changes.iter().filter(|one| one.what != SyncEvent::Waits).collect();
    let mut lines: Vec<String> = changes.iter().take(TOLD).map(|one| told(one)).collect();
    if let Some(more) = changes.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more ('git log' has all)"));
    }
    lines
}

fn told(change: &SyncChange) -> String {
    let name = printable(&change.name);
    let name = match change.kind {
        SyncKind::Secret | SyncKind::Settings => name,
        SyncKind::Member | SyncKind::Policy => format!("{} {name}", change.kind),
    };
    let what = match (change.what, change.version) {
        (SyncEvent::New, _) => "added".to_owned(),
        (SyncEvent::Changed, Some(version)) => format!("version {version}"),
        (SyncEvent::Changed, None) => "changed".to_owned(),
        (SyncEvent::Removed, _) => "removed".to_owned(),
        (SyncEvent::Waits, _) => "waits for approval".to_owned(),
        (SyncEvent::Damaged, _) => "damaged ('authy check' says how)".to_owned(),
    };
    let by = change.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    format!("{name}: {what}{by}")
}

fn commits(count: usize) -> String {
    counted(count, "commit")
}
