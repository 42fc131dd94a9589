//! `authy policy show`.

use std::process::ExitCode;

use authy::{PolicyView, ScopeName, printable};

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Show a policy
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy's name
    name: ScopeName,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let view = authy::policy_show(&world.context()?, &args.name)?;
    if world.json() {
        world.ui().value(&view)?;
    } else {
        world.ui().data(describe(&view).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(view: &PolicyView) -> String {
    let mut out = format!("policy:      {}\nstatus:      {}\n", view.name, view.status);
    let mut add = |what: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("{:<13}{}\n", format!("{what}:"), printable(&value)));
        }
    };
    add("problem", view.problem.clone().unwrap_or_default());
    add("description", view.description.clone());
    view.allow.iter().for_each(|pattern| add("allow", pattern.clone()));
    view.deny.iter().for_each(|pattern| add("deny", pattern.clone()));
    add("members", view.members.join(" "));
    add("run-only", if view.run_only { "yes".to_owned() } else { String::new() });
    add("commands", view.commands.clone().unwrap_or_default().join(" "));
    add("max-ttl", view.max_ttl.clone().unwrap_or_default());
    if let (Some(by), Some(at)) = (&view.signed_by, &view.signed_at) {
        add("version", view.version.to_string());
        add("signed", format!("by {by} at {at}"));
    }
    out
}
