//! `authy undo`.

use std::process::ExitCode;

use authy::{Undo, UndoStep, Undoing, printable};
use time::OffsetDateTime;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::ago;

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

/// So many things are written out.
const SHOWN: usize = 10;

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
        let question = || format!("{}\nTake it back?", described(&plan, ctx.now));
        if !self.force && env.refuses(&ctx, || true, &question()) {
            return Err(Failure::NotUndone);
        }
        let undone = authy::undo(&ctx, &plan.commit.id)?;
        match env.ui().wants_json() {
            true => env.ui().json(&undone)?,
            false => {
                let subject = printable(&undone.subject);
                env.ui().note(format_args!("took back '{subject}'"));
                lines(&undone.steps).iter().for_each(|line| env.ui().note(format_args!("{line}")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn described(plan: &Undo, now: OffsetDateTime) -> String {
    let (subject, when) = (printable(&plan.subject), ago(now, &plan.commit.time));
    let lines = lines(&plan.steps).join("\n");
    format!("The last change is '{subject}' ({when}). Taking it back\n{lines}")
}

/// What happens, a line each.
fn lines(steps: &[UndoStep]) -> Vec<String> {
    let mut lines: Vec<String> =
        steps.iter().take(SHOWN).map(|step| format!("  {}", words(step))).collect();
    if steps.len() > SHOWN {
        lines.push(format!("  and {} more", steps.len() - SHOWN));
    }
    lines
}

fn words(step: &UndoStep) -> String {
    let name = &step.name;
    let version = step.version.map(|version| version.to_string()).unwrap_or_default();
    match step.what {
        Undoing::Remove => format!("removes {name}"),
        Undoing::Restore => format!("brings {name} back"),
        Undoing::Value => format!("gives {name} the value of version {version}"),
        Undoing::Annotation => format!("gives {name} the annotation of version {version}"),
        Undoing::Rename => {
            format!("renames {name} to {}", step.to.as_deref().unwrap_or_default())
        }
        Undoing::Policy => format!("makes policy {name} what it was in version {version}"),
        Undoing::PolicyRemove => format!("removes policy {name}"),
    }
}
