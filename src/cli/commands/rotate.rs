//! `authy rotate`.

use std::process::ExitCode;

use authy::SecretName;

use super::store::stored;
use crate::cli::context::World;
use crate::cli::error::Failure;
use crate::cli::value::ValueFlags;

/// Give a secret a new value
///
/// The value is taken as 'authy store' takes it. Its readers stay as recorded.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The secret's name
    name: SecretName,
    #[command(flatten)]
    value: ValueFlags,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    if args.value.will_ask() {
        authy::rotate_ready(&ctx, &args.name)?;
    }
    let value = args.value.read(world, args.name.as_str())?;
    stored(world, &authy::rotate(&ctx, &args.name, &value)?)
}
