//! `authy env`, and what it shares with `authy export`.

use std::process::ExitCode;

use authy::{Dotenv, Environment, Format, Misread, Reader};
use clap::ValueEnum;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::inject::InjectFlags;
use crate::cli::ui::Ui;

/// Print a scope's secrets as variables for a shell
///
/// Every value is quoted so that it comes out of 'eval' unchanged. Programs differ about .env
/// files: --for writes the one that a program reads, and refuses what that cannot hold; without
/// it, what most of them read alike, and a note says who does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(authy env --scope backend --uppercase)\"
  authy env --scope backend --format fish | source
  authy env --scope ci --format github >> \"$GITHUB_ENV\"
  authy env --scope web --uppercase --for next > .env.local
  authy env --scope web --uppercase --format names > names
  authy run --scope web --uppercase -- docker run --env-file names IMAGE")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Write them in this form; --json means json [default: shell]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Form>,
    #[command(flatten)]
    dotenv: DotenvFlags,
    /// Set the variables without exporting them
    #[arg(long)]
    no_export: bool,
}

/// The words about `.env` files.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct DotenvFlags {
    /// Write the .env file that this program reads
    #[arg(long = "for", value_enum, value_name = "PROGRAM")]
    reader: Option<Program>,
    /// Write values that some readers of .env files would take apart into variables, too
    #[arg(long)]
    multiline: bool,
}

impl DotenvFlags {
    /// The form that is meant: a program reads `.env` files only.
    ///
    /// # Errors
    /// `--for` or `--multiline` beside another format.
    pub(super) fn form(self, form: Option<Form>, usual: Form) -> Result<Form, Failure> {
        match form {
            None | Some(Form::Dotenv) if self.reader.is_some() || self.multiline => {
                Ok(Form::Dotenv)
            }
            Some(_) if self.reader.is_some() || self.multiline => Err(Failure::OnlyForDotenv),
            form => Ok(form.unwrap_or(usual)),
        }
    }

    fn dotenv(self) -> Dotenv {
        let reader = self.reader.map_or(Reader::Common, Program::reader);
        Dotenv { reader, multiline: self.multiline || self.reader.is_some() }
    }
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let form = self.dotenv.form(self.format, Form::Shell)?;
        if form == Form::Names {
            let names = authy::variables(&ctx, &self.inject.request(env)?)?;
            match env.ui().wants_json() {
                true => env.ui().json(&names)?,
                false => env.ui().data(lines(&names).as_bytes())?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        let environment = authy::env(&ctx, &self.inject.request(env)?)?;
        if form == Form::Github && !env.ui().wants_json() {
            env.ui().for_runner(authy::mask_commands(&environment).expose());
        }
        print(env.ui(), &environment, form, self.dotenv, !self.no_export)
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
    /// The variables' names alone, a line each: for 'docker run --env-file'; opens nothing
    Names,
}

impl Form {
    fn format(self, dotenv: DotenvFlags) -> Format {
        match self {
            Self::Dotenv => Format::Dotenv(dotenv.dotenv()),
            Self::Json | Self::Names => Format::Json,
            Self::Shell => Format::Shell,
            Self::Fish => Format::Fish,
            Self::Powershell => Format::Powershell,
            Self::Github => Format::Github,
            Self::Yaml => Format::Yaml,
        }
    }
}

/// A program that reads `.env` files; docs/FORMATS.md has the versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// node --env-file, dotenv and dotenvx for Node
    Node,
    /// python-dotenv, uv
    Python,
    /// Next.js
    Next,
    /// Vite
    Vite,
    /// dotenv-cli, and whatever uses dotenv-expand
    DotenvCli,
    /// Bun
    Bun,
    /// docker --env-file
    Docker,
    /// podman --env-file
    Podman,
    /// Docker Compose
    Compose,
    /// EnvironmentFile= of systemd
    Systemd,
    /// 'dotenv' in an .envrc of direnv
    Direnv,
    /// dotenv for Ruby
    Ruby,
    /// python-decouple
    Decouple,
    /// django-environ
    Django,
}

impl Program {
    const fn reader(self) -> Reader {
        match self {
            Self::Node | Self::Python => Reader::Common,
            Self::Next | Self::Vite | Self::DotenvCli => Reader::Expand,
            Self::Bun => Reader::Bun,
            Self::Docker | Self::Podman => Reader::Docker,
            Self::Compose => Reader::Compose,
            Self::Systemd => Reader::Systemd,
            Self::Direnv => Reader::Direnv,
            Self::Ruby => Reader::Ruby,
            Self::Decouple => Reader::Decouple,
            Self::Django => Reader::Django,
        }
    }
}

fn lines(names: &[String]) -> String {
    names.iter().flat_map(|name| [name, "\n"]).collect()
}

/// Prints variables in a form, exported or not; says who reads some of them otherwise.
pub(super) fn print(
    ui: Ui,
    environment: &Environment,
    form: Form,
    dotenv: DotenvFlags,
    export: bool,
) -> CommandResult {
    let form = if ui.wants_json() { Form::Json } else { form };
    let text = authy::render(environment, form.format(dotenv), export)?;
    if form == Form::Dotenv && dotenv.reader.is_none() {
        for Misread { readers, how, variables } in authy::misread(environment) {
            ui.note(format_args!("{readers} {how}: {}", variables.join(", ")));
        }
    }
    ui.data(text.expose())?;
    Ok(ExitCode::SUCCESS)
}
