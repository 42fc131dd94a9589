//! `authy export`.

use std::process::ExitCode;

use authy::ScopeName;
use clap::ValueEnum;

use super::CommandResult;
use super::env::{Form, print};
use crate::cli::context::CliEnv;
use crate::cli::inject::InjectFlags;

/// Print the secrets of a scope as a file of variables
///
/// The file holds the values in the clear: 'authy run' hands them over without one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy export --scope backend --uppercase > .env
  authy export --scope backend --format k8s | kubectl apply -f -")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form; --json means json
    #[arg(long, value_enum, default_value_t = ExportForm::Dotenv, value_name = "FORMAT")]
    format: ExportForm,
    /// Set the variables without exporting them, in forms for shells
    #[arg(long)]
    no_export: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let request = self.inject.request(env)?;
        let environment = authy::export(&ctx, &request)?;
        let form = match self.format {
            ExportForm::K8s if !env.ui().wants_json() => {
                let name = request.scope.as_ref().map_or("authy", ScopeName::as_str);
                env.ui().data(authy::render_manifest(&environment, name).expose())?;
                return Ok(ExitCode::SUCCESS);
            }
            ExportForm::K8s | ExportForm::Json => Form::Json,
            ExportForm::Shell => Form::Shell,
            ExportForm::Dotenv => Form::Dotenv,
            ExportForm::Fish => Form::Fish,
            ExportForm::Powershell => Form::Powershell,
            ExportForm::Github => Form::Github,
            ExportForm::Yaml => Form::Yaml,
        };
        print(env.ui(), &environment, (form, !self.no_export))
    }
}

/// The forms of `env`, and one for a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportForm {
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
    /// For the file that $GITHUB_ENV names
    Github,
    /// One mapping
    Yaml,
    /// A Secret for Kubernetes, named after the scope
    K8s,
}
