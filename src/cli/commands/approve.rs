//! `authy approve`.

use std::process::ExitCode;

use authy::{ApprovalKind, ReaderChange};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::ui::Ui;
use crate::front::counted;
use crate::front::{approval_lines, request_lines};

/// Review what waits for an admin, and sign it
///
/// Members who asked to join, and policies that somebody edited, are obeyed by nobody until an
/// admin approves them. Shows what changed since the last approval and what that means: who can
/// decrypt what from then on, by which policy and pattern. Then asks, signs, and encrypts the
/// secrets to those who may read them, in one commit. Looking needs no identity. What agents and
/// members asked for ('authy request') is shown too, with the line that grants it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy approve                            everything that waits
  authy approve bob
  authy approve prod --dry-run
  authy approve policy prod                where a member is called so, too
  authy approve bob --yes                  without a question
  authy approve bob --expect 7d1c0a…       just what '--dry-run' showed with this digest")]
pub(crate) struct Args {
    /// Take only the member or policy of this name; 'member NAME' or 'policy NAME' where both are
    #[arg(num_args = 0..=2, value_name = "[KIND] NAME")]
    what: Vec<String>,
    /// Approve without a question
    #[arg(short, long)]
    yes: bool,
    /// Approve just what a look with this digest showed, without a question
    #[arg(long, value_name = "DIGEST")]
    expect: Option<String>,
    /// Look and approve nothing
    #[arg(short = 'n', long, conflicts_with_all = ["yes", "expect"])]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (kind, name) = match self.what.as_slice() {
            [] => (None, None),
            [name] => (None, Some(name.as_str())),
            [kind, name, ..] => (Some(kind_of(kind)?), Some(name.as_str())),
        };
        let (ctx, ui) = (env.context()?, env.ui());
        let approval = authy::approval(&ctx, kind, name)?;
        if ui.wants_json() {
            ui.json(&approval)?;
        } else {
            let mut text: String =
                approval_lines(&approval).iter().map(|line| format!("{line}\n")).collect();
            if !approval.proposals.is_empty() {
                text.push_str(&format!("digest: {}\n", approval.digest));
            }
            ui.data(text.as_bytes())?;
        }
        let requests = match self.what.is_empty() {
            true => authy::access_requests(&ctx)?,
            false => Vec::new(),
        };
        if !requests.is_empty() {
            ui.show(request_lines(&requests).join("\n").as_str());
        }
        if let Some(last) = authy::last_fetched(&ctx)? {
            tell_age(ui, last.map(|last| ctx.now - last));
        }
        if approval.proposals.is_empty() {
            ui.note("nothing waits for approval");
            return Ok(ExitCode::SUCCESS);
        }
        if self.dry_run {
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(expected) = &self.expect
            && *expected != approval.digest
        {
            return Err(Failure::OtherApproval(approval.digest));
        }
        if !self.yes && self.expect.is_none() {
            match env.person().agrees("Approve?") {
                None => return Err(Failure::NobodyToAsk("an approval".to_owned())),
                Some(false) => return Err(Failure::NotApproved),
                Some(true) => {}
            }
        }
        let changes = authy::approve(&ctx, &approval)?;
        let names: Vec<&str> = approval.proposals.iter().map(|one| one.name.as_str()).collect();
        ui.note(format_args!("approved {}{}", names.join(", "), encrypted(&changes)));
        Ok(ExitCode::SUCCESS)
    }
}

/// Says how old it is what was looked at, where that matters.
fn tell_age(ui: Ui, age: Option<time::Duration>) {
    match age.map(since) {
        Some(None) => {}
        Some(Some(age)) => ui.note(format_args!("as of the last sync, {age} ago")),
        None => ui.note("never synced here: 'authy sync' gets what others ask for"),
    }
}

/// An age in words; `None` for one that is hardly any.
fn since(age: time::Duration) -> Option<String> {
    let (count, unit) = match age.whole_minutes() {
        ..10 => return None,
        minutes @ 10..120 => (minutes, "minute"),
        minutes @ 120..2880 => (minutes / 60, "hour"),
        minutes => (minutes / 1440, "day"),
    };
    Some(format!("{count} {unit}s"))
}

fn kind_of(word: &str) -> Result<ApprovalKind, Failure> {
    match word {
        "member" => Ok(ApprovalKind::Member),
        "policy" => Ok(ApprovalKind::Policy),
        other => Err(Failure::NoKind(other.to_owned())),
    }
}

/// What was encrypted anew, in words.
fn encrypted(changes: &[ReaderChange]) -> String {
    match changes.len() {
        0 => "; no secret had to be re-encrypted".to_owned(),
        count => format!("; re-encrypted {}", counted(count, "secret")),
    }
}
