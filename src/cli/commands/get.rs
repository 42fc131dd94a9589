//! `authy get`.

use std::process::ExitCode;

use authy::{ScopeName, SecretName};
use data_encoding::BASE64;

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Print a secret's value: its exact bytes
///
/// A newline is added only on a terminal. With --json the value is text, or base64 where it
/// is no text.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The secret's name
    name: SecretName,
    /// Read it by this policy
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context()?;
    let scope = world.scope(args.scope)?;
    let value = authy::get(&ctx, &args.name, scope.as_ref())?;
    let ui = world.ui();
    if world.json() {
        ui.value(&match value.expose_str() {
            Some(text) => serde_json::json!({ "name": args.name, "value": text }),
            None => serde_json::json!({
                "name": args.name,
                "value_base64": BASE64.encode(value.expose()),
            }),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    ui.data(value.expose())?;
    if ui.is_terminal() && !value.expose().ends_with(b"\n") {
        ui.data(b"\n")?;
    }
    Ok(ExitCode::SUCCESS)
}
