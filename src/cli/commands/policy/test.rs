//! `authy policy test`.

use std::process::ExitCode;

use authy::{Address, CredentialQuestion, Kind, ScopeName, SecretName, ServiceUrl, Towards};

use super::show::given;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Tell whether a scope allows a name, and which pattern decides
///
/// Exits with 0 where it is allowed and with 4 where it is denied. No such secret need exist.
/// With --for instead of a name it says which secret 'authy helper' would be given for an address;
/// it exits with 3 where there is none, with 4 where the
/// scope does not reach it, and with 7 where several fit.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "authy policy test [OPTIONS] [SCOPE] NAME",
    after_help = "\
Examples:
  authy policy test backend db-prod-password
  authy policy test --scope bot github-token --host api.github.com --path /user
  authy policy test --scope bot --for https://github.com/acme/app"
)]
pub(crate) struct Args {
    /// Scope to ask
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Ask whether its value may be put into a request to this host
    #[arg(long, value_name = "HOST[:PORT]")]
    host: Option<Address>,
    /// Method of the request
    #[arg(long, value_name = "METHOD", requires = "host", default_value = "GET")]
    method: String,
    /// Path of the request
    #[arg(long, value_name = "PATH", requires = "host", default_value = "/")]
    path: String,
    /// Ask which secret is for this address
    #[arg(long = "for", value_name = "URL", conflicts_with_all = ["host", "names"])]
    service: Option<ServiceUrl>,
    /// Ask about this name; with two words the first is the policy
    #[arg(required_unless_present = "service", value_name = "NAME", num_args = 1..=2)]
    names: Vec<SecretName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (first, name) = match self.names.as_slice() {
            [first, name, ..] if self.scope.is_none() => {
                (Some(ScopeName::parse(first.as_str()).map_err(authy::Error::from)?), Some(name))
            }
            // The policy is said already.
            [_, other, ..] => return Err(Failure::OneName(other.clone())),
            [name] => (None, Some(name)),
            [] => (None, None),
        };
        let scope = env.scope(self.scope.or(first))?;
        let Some(name) = name else {
            return would_give(env, scope.as_ref(), self.service);
        };
        let (method, path) = (self.method, self.path);
        let towards = self.host.map(|address| Towards { address, method, path });
        let (context, towards) = (env.context()?, towards.as_ref());
        if scope.is_none() && context.token.is_none() && self.names.len() == 1 {
            return Err(Failure::ScopeOrName(name.clone()));
        }
        let verdict = authy::policy_test(&context, scope.as_ref(), name, towards)?;
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

/// Says which secret a helper would be given.
fn would_give(
    env: &CliEnv,
    scope: Option<&ScopeName>,
    service: Option<ServiceUrl>,
) -> CommandResult {
    let question = CredentialQuestion { services: service.into_iter().collect(), user: None };
    let place = authy::place(&env.context()?, scope, &question)?;
    match env.ui().wants_json() {
        true => env.ui().json(&place)?,
        false => env.ui().data(format!("{}\n", given(&place)).as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
