//! `authy approve`.

use std::process::ExitCode;

use authy::ReaderChange;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::effect::approval_lines;
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
            let text: String =
                approval_lines(&approval).iter().map(|line| format!("{line}\n")).collect();
            ui.data(text.as_bytes())?;
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
