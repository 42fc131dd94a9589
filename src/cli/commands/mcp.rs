//! `authy mcp`.

use authy::ScopeName;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::Fronts;

/// Serve MCP on standard input and output: names, and programs run with values, masked
///
/// An agent lists the secrets of a scope, runs programs with their values, asks whether and why it may
/// use one, asks an admin for more, and reads its own lines of the audit trail. No tool returns a value,
/// whatever the scope says. What a program prints is masked; a scope's commands, seals and run-only
/// hold. Every revision of the protocol from 2024-11-05 to 2026-07-28 is spoken.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  claude mcp add authy -- authy mcp --token-file ~/.authy-token
  authy mcp --scope bot")]
pub(crate) struct Args {
    /// Serve what this policy allows; a token has its own
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl Args {
    #[cfg(feature = "mcp")]
    pub(super) fn run(self, env: &CliEnv, fronts: &Fronts) -> CommandResult {
        use crate::front::Serving;

        let told = |failure: Failure| match failure.hint() {
            Some(hint) => format!("{failure}; {hint}"),
            None => failure.to_string(),
        };
        let serving = Serving {
            program: crate::cli::leader::program(),
            words: env.words_for_itself(),
            scope: env.scope_of_its_own(self.scope)?,
            context: &|client| env.context_for_client(client).map_err(told),
        };
        (fronts.mcp)(&serving).map_err(Failure::Served)?;
        Ok(std::process::ExitCode::SUCCESS)
    }

    #[cfg(not(feature = "mcp"))]
    pub(super) fn run(self, _: &CliEnv, _: &Fronts) -> CommandResult {
        Err(Failure::NotBuilt("mcp"))
    }
}
