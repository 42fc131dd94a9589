//! `authy env` and `authy export`.

use std::process::ExitCode;

use authy::{Environment, Format};
use clap::ValueEnum;

use crate::cli::context::{InjectFlags, World};
use crate::cli::error::Failure;

/// Print the scope's values as variables, for a shell to read
///
/// Quoted so that every value survives 'eval' unchanged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  eval \"$(authy env --scope backend --uppercase)\"")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form
    #[arg(long, value_enum, default_value_t = Form::Shell, value_name = "FORMAT")]
    format: Form,
    /// Set variables without exporting them
    #[arg(long)]
    no_export: bool,
}

/// Print the scope's values as a file of variables
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form
    #[arg(long, value_enum, default_value_t = Form::Dotenv, value_name = "FORMAT")]
    format: Form,
    /// Set variables without exporting them
    #[arg(long)]
    no_export: bool,
}

/// A form of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Shell,
    Dotenv,
    Json,
    Fish,
    Powershell,
    Github,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Shell => Self::Shell,
            Form::Dotenv => Self::Dotenv,
            Form::Json => Self::Json,
            Form::Fish => Self::Fish,
            Form::Powershell => Self::Powershell,
            Form::Github => Self::Github,
        }
    }
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let (ctx, request) = (world.context()?, world.request(args.inject)?);
    print(world, &authy::env(&ctx, &request)?, (args.format, !args.no_export))
}

pub(crate) fn export(world: &World, args: ExportArgs) -> Result<ExitCode, Failure> {
    let (ctx, request) = (world.context()?, world.request(args.inject)?);
    print(world, &authy::export(&ctx, &request)?, (args.format, !args.no_export))
}

fn print(
    world: &World,
    environment: &Environment,
    (form, export): (Form, bool),
) -> Result<ExitCode, Failure> {
    let form = if world.json() { Form::Json } else { form };
    let text = authy::render(environment, form.into(), export)?;
    world.ui().data(text.expose())?;
    Ok(ExitCode::SUCCESS)
}
