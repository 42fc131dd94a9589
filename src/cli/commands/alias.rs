//! `authy alias`.

use std::process::ExitCode;

use authy::{ScopeName, Shell, ToolName};

use super::CommandResult;
use super::hook::UserShell;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::inject::NamingFlags;

/// Print aliases that start programs with a scope's secrets
///
/// To be evaluated: 'claude' then means 'authy run --scope SCOPE -- claude'. Names are plain
/// program names, and none that a shell or the system needs. 'authy hook' does this by itself
/// in the folders of allowed projects.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(authy alias claude-code claude aider)\"
  eval \"$(authy alias --from-project)\"       the scope, naming and aliases of .authy.toml
  authy alias ci deploy --shell fish | source")]
pub(crate) struct Args {
    /// Scope to use
    #[arg(required_unless_present = "from_project")]
    scope: Option<ScopeName>,
    /// Program names
    #[arg(value_name = "TOOL", required_unless_present = "from_project")]
    tools: Vec<ToolName>,
    /// Take scope, naming and programs from the allowed .authy.toml of this folder
    #[arg(long, conflicts_with_all = ["scope", "tools", "uppercase", "replace_dash", "prefix"])]
    from_project: bool,
    #[command(flatten)]
    naming: NamingFlags,
    /// Write them for this shell
    #[arg(long, value_enum, default_value_t = UserShell::Bash)]
    shell: UserShell,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let shell = match self.shell {
            UserShell::Bash | UserShell::Zsh => Shell::Posix,
            UserShell::Fish => Shell::Fish,
            UserShell::Powershell => Shell::Powershell,
        };
        let (scope, naming, tools) = match self.scope {
            Some(scope) => (scope, self.naming.naming(None), self.tools),
            None => {
                let file = env.the_project()?;
                env.must_be_allowed(file, "defines aliases")?;
                let no_aliases = || Failure::NoAliases(file.path.clone());
                authy::project_aliases(file)?.ok_or_else(no_aliases)?
            }
        };
        let lines = authy::aliases(shell, &scope, &naming, &tools)?;
        env.ui().data(lines.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
