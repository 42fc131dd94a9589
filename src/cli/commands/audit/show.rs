//! `authy audit show`.

use std::process::ExitCode;

use authy::AuditEntry;

use super::filter::FilterFlags;
use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::table;

/// Show who did what, newest last
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show this many of the newest lines; 0 shows all
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    lines: usize,
    #[command(flatten)]
    filter: FilterFlags,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let last = (args.lines > 0).then_some(args.lines);
    let entries = authy::audit_show(&world.context()?, &args.filter.into(), last)?;
    if world.json() {
        world.ui().value(&entries)?;
    } else if !entries.is_empty() {
        let rows: Vec<_> = entries.iter().map(row).collect();
        let heading = ["TIME", "ACTOR", "OPERATION", "OUTCOME", "SCOPE", "PROGRAM", "SECRETS"];
        world.ui().data(table::render(&heading, &rows).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    vec![
        entry.time(),
        entry.actor(),
        entry.op().to_owned(),
        entry.outcome().as_str().to_owned(),
        dash(entry.scope()),
        dash(entry.detail()),
        entry.secrets().collect::<Vec<_>>().join(" "),
    ]
}
