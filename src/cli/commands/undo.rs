//! `authy undo`.

use std::process::ExitCode;

use authy::{Undo, printable};
use time::OffsetDateTime;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::{ago, undo_lines};

/// Take back your last change of secrets or policies
///
/// The last commit says what it was: a new secret is removed, a removed one comes back, a value,
/// a name, an annotation or a policy becomes what it was. It is a change of its own, with a commit
/// and a line in the audit trail: git keeps both, and a second 'authy undo' takes the first one back. On a terminal
/// it shows what will happen and asks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy undo
  authy undo --dry-run                     only show what would happen
  authy undo -f                            without a question
  authy restore db-url                     one secret, whoever changed it and whenever")]
pub(crate) struct Args {
    /// Only show what would happen
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        // Of a token is said that it only reads.
        let ctx = if ctx.token.is_none() { env.unlocked(ctx)? } else { ctx };
        let plan = authy::undo_plan(&ctx)?;
        if self.dry_run {
            match env.ui().wants_json() {
                true => env.ui().json(&plan)?,
                false => env.ui().data(format!("{}\n", described(&plan, ctx.now)).as_bytes())?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        let question = || format!("{}\nGo on?", described(&plan, ctx.now));
        if !self.force && env.refuses(&ctx, || true, &question()) {
            return Err(Failure::NotUndone);
        }
        let undone = authy::undo(&ctx, &plan.commit.id)?;
        match env.ui().wants_json() {
            true => env.ui().json(&undone)?,
            false => {
                let subject = printable(&undone.subject);
                env.ui().note(format_args!("took back '{subject}'"));
                undo_lines(&undone.steps)
                    .iter()
                    .for_each(|line| env.ui().note(format_args!("{line}")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn described(plan: &Undo, now: OffsetDateTime) -> String {
    let (subject, when) = (printable(&plan.subject), ago(now, &plan.commit.time));
    let lines = undo_lines(&plan.steps).join("\n");
    format!("Last change ({when}): {subject}\nTaking it back\n{lines}")
}
