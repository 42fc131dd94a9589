//! `authy allow`.

use std::process::ExitCode;

use authy::{PluginName, PluginProgram, printable};

use super::{CommandResult, project_info};
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::ui::Ui;

/// Trust the .authy.toml of this folder as it is, or an age plugin
///
/// Before that a project may choose the scope and the names of variables. Only an allowed
/// one may also name a vault that is new to this machine or an identity outside
/// ~/.authy/keys, or set variables of its own. A changed file has to be allowed again, and so
/// has a changed program: authy starts no plugin that nobody allowed on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy project-info                       what it does
  authy allow
  authy allow --plugin yubikey             age-plugin-yubikey, where PATH finds it")]
pub(crate) struct Args {
    /// Allow the program of this age plugin instead
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if let Some(name) = &self.plugin {
            return self.allow_plugin(env, name);
        }
        let file = env.the_project()?;
        let ui = env.ui();
        if !(self.yes && ui.is_quiet()) {
            ui.show(project_info::describe(file).trim_end());
        }
        self.must_agree(env, || Failure::Declined(file.path.clone()))?;
        authy::allow_project(&env.context_without_project()?, file)?;
        ui.note(format_args!("allowed '{}'", printable(&file.path.to_string_lossy())));
        Ok(ExitCode::SUCCESS)
    }

    fn allow_plugin(&self, env: &CliEnv, name: &PluginName) -> CommandResult {
        let (ctx, ui) = (env.context_without_project()?, env.ui());
        let mut found = authy::plugin_program(&ctx, name)?;
        let program = printable(&found.program.to_string_lossy());
        if found.allowed {
            ui.note(format_args!("'{program}' is allowed already"));
            return tell(ui, &found);
        }
        if !(self.yes && (ui.is_quiet() || ui.wants_json())) {
            ui.show(&format!("{program}\nsha256:{}", found.digest));
        }
        self.must_agree(env, || Failure::Declined(found.program.clone()))?;
        authy::allow_plugin(&ctx, &found)?;
        found.allowed = true;
        ui.note(format_args!("allowed '{program}'"));
        tell(ui, &found)
    }

    /// # Errors
    /// Somebody says no, or nobody is there to say yes.
    fn must_agree(&self, env: &CliEnv, declined: impl FnOnce() -> Failure) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let asked = || Failure::Unconfirmed;
        match env.person().agrees("Allow this?").ok_or_else(asked)? {
            true => Ok(()),
            false => Err(declined()),
        }
    }
}

fn tell(ui: Ui, found: &PluginProgram) -> CommandResult {
    if ui.wants_json() {
        ui.json(found)?;
    }
    Ok(ExitCode::SUCCESS)
}
