//! `authy audit accept`.

use std::process::ExitCode;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Accept that the end of a chain is gone for good, such as with a lost laptop
///
/// For admins. 'audit verify' and 'check' name the chain and the line from which on it is gone. Where
/// nobody can bring the lines back, this records that it is known, and why, so that pipelines go green
/// again; any other change of the chain is damage as before. First see that no clone still has them: the
/// next commit of the one that wrote them publishes what is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy audit verify
  authy audit accept bob-0123abcd --reason \"bob's laptop was stolen on Monday\"
  authy sync                               so that others know")]
pub(crate) struct Args {
    /// The chain, as 'audit verify' names it
    chain: String,
    /// Why the lines are gone: one line, for everybody to read
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let accepted = authy::audit_accept(&env.context()?, &self.chain, &self.reason)?;
        if env.ui().wants_json() {
            env.ui().json(&accepted)?;
        }
        let lines = match accepted.last - accepted.first {
            0 => format!("line {} is", accepted.first),
            _ => format!("lines {} to {} are", accepted.first, accepted.last),
        };
        env.ui().note(format_args!("accepted that {lines} lost of {}", accepted.chain));
        Ok(ExitCode::SUCCESS)
    }
}
