//! `authy rekey`.

use std::process::ExitCode;

use authy::{MemberName, ReaderChange};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;
use crate::front::counted;

/// Re-encrypt secrets to those who may read them now; admins only
///
/// Policies and members say who may read; what is encrypted already follows by this step. It
/// prints who gains and who loses what, then changes all of it in one commit, or nothing. Who
/// could read a value before can still read it in the history of git: rotate it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy rekey --dry-run
  authy rekey")]
pub(crate) struct Args {
    /// Print what would change and change nothing; this needs no identity
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, ui) = (env.context()?, env.ui());
        let mut shown = Ok(());
        let mut show = |changes: &[ReaderChange]| {
            if !ui.wants_json() {
                shown = ui.table(&table(changes));
            }
        };
        let changes = match self.dry_run {
            true => {
                let changes = authy::rekey_needed(&ctx)?;
                show(&changes);
                changes
            }
            false => authy::rekey(&ctx, &mut show)?,
        };
        shown?;
        if ui.wants_json() {
            ui.json(&changes)?;
        }
        match (changes.len(), self.dry_run) {
            (0, _) => env.ui().note("every secret is encrypted to those who may read it"),
            (count, true) => env.ui().note(format_args!("would re-encrypt {count}")),
            (count, false) => {
                env.ui().note(format_args!("re-encrypted {}", counted(count, "secret")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(changes: &[ReaderChange]) -> Table {
    let mut table = Table::new(["NAME", "GAINS", "LOSES"]);
    for change in changes {
        let names = |members: &[MemberName]| {
            members.iter().map(MemberName::as_str).collect::<Vec<_>>().join(" ")
        };
        table.push([change.name.to_string(), names(&change.gains), names(&change.loses)]);
    }
    table
}
