//! `authy export`.

use std::process::ExitCode;

use authy::ScopeName;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::CommandResult;
use super::env::{DotenvFlags, Form, print};
use crate::cli::context::CliEnv;
use crate::cli::inject::InjectFlags;

/// Print a scope's secrets as a file of variables
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
    /// Write them in this form; --json means json [default: dotenv]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<ExportForm>,
    #[command(flatten)]
    dotenv: DotenvFlags,
    /// Set the variables without exporting them, in forms for shells
    #[arg(long)]
    no_export: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let request = self.inject.request(env)?;
        let environment = authy::export(&ctx, &request)?;
        let (dotenv, variables) = (self.dotenv, |form| self.dotenv.form(form, Form::Dotenv));
        let form = match self.format {
            None => variables(None)?,
            Some(ExportForm::Variables(form)) => variables(Some(form))?,
            Some(ExportForm::K8s) if env.ui().wants_json() => Form::Json,
            Some(ExportForm::K8s) => {
                let name = request.scope.as_ref().map_or("authy", ScopeName::as_str);
                env.ui().data(authy::render_manifest(&environment, name).expose())?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        print(env.ui(), &environment, form, dotenv, !self.no_export)
    }
}

/// The forms of `env`, and one for a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExportForm {
    Variables(Form),
    K8s,
}

impl ValueEnum for ExportForm {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Variables(Form::Shell),
            Self::Variables(Form::Dotenv),
            Self::Variables(Form::Json),
            Self::Variables(Form::Fish),
            Self::Variables(Form::Powershell),
            Self::Variables(Form::Github),
            Self::Variables(Form::Yaml),
            Self::K8s,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Variables(form) => form.to_possible_value(),
            Self::K8s => {
                let help = "A Secret for Kubernetes, named after the scope";
                Some(PossibleValue::new("k8s").help(help))
            }
        }
    }
}
