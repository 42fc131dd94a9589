//! `authy list`.

use std::process::ExitCode;

use authy::{ListEntry, ListOptions, ScopeName};

use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::table;

/// List secrets by name; needs no identity
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only names that match, such as 'db-*'
    pattern: Option<String>,
    /// Only what this policy allows
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Show versions, times, readers, tags and descriptions
    #[arg(short, long)]
    long: bool,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    let options = ListOptions {
        pattern: args.pattern,
        scope: world.scope(args.scope)?,
        details: args.long || world.json(),
    };
    let entries = authy::list(&ctx, &options)?;
    let ui = world.ui();
    if world.json() {
        ui.value(&entries)?;
    } else if args.long {
        let rows: Vec<_> = entries.iter().map(row).collect();
        let heading = ["NAME", "VERSION", "CHANGED", "READERS", "TAGS", "DESCRIPTION"];
        ui.data(table::render(&heading, &rows).as_bytes())?;
    } else {
        let names: String = entries.iter().map(|entry| format!("{}\n", entry.name)).collect();
        ui.data(names.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &ListEntry) -> Vec<String> {
    let name = entry.name.to_string();
    match (&entry.details, &entry.problem) {
        (Some(it), _) => vec![
            name,
            it.version.to_string(),
            it.changed.clone(),
            it.readers.join(","),
            it.tags.join(","),
            it.description.clone(),
        ],
        (None, problem) => {
            let problem = problem.clone().unwrap_or_default();
            vec![
                name,
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                format!("damaged: {problem}"),
            ]
        }
    }
}
