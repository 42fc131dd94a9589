//! `authy approve`.

use std::process::ExitCode;

use authy::{Approval, Proposal, ReaderChange, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::effect;
use crate::cli::error::Failure;

/// Look at what waits for an admin's signature, and sign it
///
/// Members who asked to join, and policies that somebody edited, are obeyed by nobody until an
/// admin approves them. Shows what changed since the last approval and what that means: who can
/// decrypt what from then on, by which policy and pattern. Then asks, signs, and encrypts the
/// secrets to those who may read them, in one commit. Looking needs no identity.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy approve                            everything that waits
  authy approve bob
  authy approve prod --dry-run
  authy approve bob --yes                  without a question")]
pub(crate) struct Args {
    /// Take only the member or policy of this name
    name: Option<String>,
    /// Approve without a question
    #[arg(short, long)]
    yes: bool,
    /// Look and approve nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, ui) = (env.context()?, env.ui());
        let approval = authy::approval(&ctx, self.name.as_deref())?;
        if ui.wants_json() {
            ui.json(&approval)?;
        } else {
            ui.data(describe(&approval).as_bytes())?;
        }
        if approval.proposals.is_empty() {
            ui.note("nothing waits for approval");
            return Ok(ExitCode::SUCCESS);
        }
        if self.dry_run {
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes {
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

/// What was encrypted anew, in words.
fn encrypted(changes: &[ReaderChange]) -> String {
    match changes.len() {
        0 => "; no secret had to be encrypted anew".to_owned(),
        1 => "; encrypted 1 secret anew".to_owned(),
        several => format!("; encrypted {several} secrets anew"),
    }
}

fn describe(approval: &Approval) -> String {
    if approval.proposals.is_empty() {
        return String::new();
    }
    let mut out: String = approval.proposals.iter().map(proposal).collect();
    out.push_str("What this means:\n");
    let lines = effect::lines(&approval.effect);
    if lines.is_empty() {
        out.push_str("  nobody gains or loses anything\n");
    }
    lines.iter().for_each(|line| out.push_str(&format!("  {}\n", printable(line))));
    out
}

fn proposal(one: &Proposal) -> String {
    let mut lines = vec![format!("{} {} ({})", one.what, one.name, one.path)];
    lines.push(format!("  not approved: {}", one.problem));
    lines.push(match &one.commit {
        Some(commit) => {
            format!(
                "  last changed by {} in commit {}, {}",
                commit.author,
                commit.short(),
                commit.time
            )
        }
        None => "  not committed as it is".to_owned(),
    });
    if let Some(fingerprint) = &one.fingerprint {
        lines.push(format!("  signing key: {fingerprint}; compare it with what the member says"));
    }
    lines.extend(one.diff.iter().map(|line| format!("  {line}")));
    lines.iter().map(|line| printable(line) + "\n").chain(["\n".to_owned()]).collect()
}
