//! `authy resolve`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::ScopeName;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Fill in the <authy:NAME> placeholders of a text file
///
/// With -o the result is a file that only you can read; nothing is written unless every
/// name is known.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file with placeholders
    file: PathBuf,
    /// Write the result here instead of printing it
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Read by this policy
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    let scope = world.scope(args.scope)?;
    let out = args.output.as_deref();
    match authy::resolve(&ctx, &args.file, out, scope.as_ref())? {
        Some(text) => world.ui().data(text.expose())?,
        None => world.ui().note("written"),
    }
    Ok(ExitCode::SUCCESS)
}
