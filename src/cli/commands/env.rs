//! `authy env`, and what it shares with `authy export`.

use std::process::ExitCode;

use authy::{Environment, Format};
use clap::ValueEnum;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::inject::InjectFlags;
use crate::cli::ui::Ui;

/// Print the secrets of a scope as variables for a shell
///
/// Every value is quoted so that it comes out of 'eval' unchanged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(authy env --scope backend --uppercase)\"
  authy env --scope backend --format fish | source
  authy env --scope ci --format github >> \"$GITHUB_ENV\"")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form; --json means json
    #[arg(long, value_enum, default_value_t = Form::Shell, value_name = "FORMAT")]
    format: Form,
    /// Set the variables without exporting them
    #[arg(long)]
    no_export: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let environment = authy::env(&ctx, &self.inject.request(env)?)?;
        if self.format == Form::Github && !env.ui().wants_json() {
            env.ui().for_runner(authy::mask_commands(&environment).expose());
        }
        print(env.ui(), &environment, (self.format, !self.no_export))
    }
}

/// A form of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For eval in sh, bash, zsh and ksh
    Shell,
    /// For a .env file
    Dotenv,
    /// One object
    Json,
    /// For source in fish
    Fish,
    /// For Invoke-Expression in PowerShell
    Powershell,
    /// For the file that $GITHUB_ENV names; what is to be masked in logs goes to standard error
    Github,
    /// One mapping
    Yaml,
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
            Form::Yaml => Self::Yaml,
        }
    }
}

/// Prints variables in a form, exported or not.
pub(super) fn print(
    ui: Ui,
    environment: &Environment,
    (form, export): (Form, bool),
) -> CommandResult {
    let form = if ui.wants_json() { Form::Json } else { form };
    ui.data(authy::render(environment, form.into(), export)?.expose())?;
    Ok(ExitCode::SUCCESS)
}
