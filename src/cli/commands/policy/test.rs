//! `authy policy test`.

use std::process::ExitCode;

use authy::{Kind, ScopeName, SecretName};

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Say whether a scope reaches a name, and by which pattern
///
/// Exits 0 where it is allowed and 4 where it is denied. The secret need not exist.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// The secret's name
    name: SecretName,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    let Some(scope) = world.scope(args.scope)? else {
        return Err(Failure::usage("no scope given", "name one with --scope"));
    };
    let verdict = authy::policy_test(&ctx, &scope, &args.name)?;
    if world.json() {
        world.ui().value(&verdict)?;
    } else {
        world.ui().line(&verdict.to_string())?;
    }
    Ok(match verdict.allowed {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(Kind::Denied.exit_code()),
    })
}
