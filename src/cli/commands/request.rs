//! `authy request`.

use std::process::ExitCode;

use authy::{ScopeName, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Ask an admin to let a scope reach secrets
///
/// The request is a line of the audit trail, so it reaches admins by 'authy sync' like every other, and
/// 'authy approve' shows it with the line that grants it. It is gone when the scope reaches what was
/// asked for, or after two weeks.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy request db-prod-url --scope bot --reason \"the migration needs it\"")]
pub(crate) struct Args {
    /// Secret names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<SecretName>,
    /// Ask for this scope
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Reason, in a line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, scope) = (env.context()?, env.scope(self.scope)?);
        let asked = authy::request_access(&ctx, scope.as_ref(), &self.names, &self.reason)?;
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({ "requested": asked }))?;
        } else {
            let names: Vec<&str> = asked.iter().map(SecretName::as_str).collect();
            env.ui().note(format_args!(
                "asked for {}: an admin sees it in 'authy approve'",
                names.join(", ")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
