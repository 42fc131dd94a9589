//! `authy store`.

use std::process::ExitCode;

use authy::{SecretName, StoreOptions, StoreReport};

use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::value::ValueFlags;

/// Store a new secret
///
/// The value comes from standard input (one newline at its end is dropped), from a hidden
/// prompt on a terminal, from --file, or is drawn with --generate. It is never an argument.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  echo \"$VALUE\" | authy store db-url\n  authy store api-key --generate=40 --tag api"
)]
pub(crate) struct Args {
    /// The secret's name
    name: SecretName,
    #[command(flatten)]
    value: ValueFlags,
    /// Replace the value of a secret that exists
    #[arg(long)]
    force: bool,
    /// Say what it is, for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Tag it, for people; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    if args.value.will_ask() {
        authy::store_ready(&ctx, &args.name, args.force)?;
    }
    let value = args.value.read(world, args.name.as_str())?;
    let options = StoreOptions {
        force: args.force,
        description: args.description.clone(),
        tags: args.tags.clone(),
    };
    stored(world, &authy::store(&ctx, &args.name, &value, &options)?)
}

/// Says what was written; shared by the commands that write values.
pub(super) fn stored(world: &World, report: &StoreReport) -> Result<ExitCode, Failure> {
    if world.json() {
        world.ui().value(report)?;
    } else {
        let verb = if report.created { "stored" } else { "rotated" };
        world.ui().note(&format!("{verb} {} (version {})", report.name, report.version));
    }
    Ok(ExitCode::SUCCESS)
}
