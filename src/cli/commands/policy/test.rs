//! `authy policy test`.

use std::process::ExitCode;

use authy::{Address, Kind, ScopeName, SecretName, Towards};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Say whether a scope reaches a name, and which pattern decides
///
/// Exits with 0 where it is allowed and with 4 where it is denied. No such secret need exist.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy test --scope backend db-prod-password
  authy policy test --scope bot github-token --host api.github.com --path /user")]
pub(crate) struct Args {
    /// Ask this policy
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Ask whether its value may be put into a request to this host
    #[arg(long, value_name = "HOST[:PORT]")]
    host: Option<Address>,
    /// Say which method the request has
    #[arg(long, value_name = "METHOD", requires = "host", default_value = "GET")]
    method: String,
    /// Say which path the request has
    #[arg(long, value_name = "PATH", requires = "host", default_value = "/")]
    path: String,
    /// Ask about this name
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let (method, path) = (self.method, self.path);
        let towards = self.host.map(|address| Towards { address, method, path });
        let (context, towards) = (env.context()?, towards.as_ref());
        let verdict = authy::policy_test(&context, scope.as_ref(), &self.name, towards)?;
        match env.ui().wants_json() {
            true => env.ui().json(&verdict)?,
            false => env.ui().data(format!("{verdict}\n").as_bytes())?,
        }
        Ok(match verdict.allowed {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(Kind::Denied.exit_code()),
        })
    }
}
