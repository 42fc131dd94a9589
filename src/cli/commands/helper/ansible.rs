//! `authy helper ansible`: ansible's vault password clients, seen with ansible-core 2.19.

use std::process::ExitCode;

use authy::{HelperTool, SecretName};

use super::exchange::{Exchange, ScopeFlag, is_nothing, joined, line};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// How a client says that it has no password for an id.
const NONE: u8 = 2;

/// Answer as an ansible vault password client
///
/// ansible starts a script whose name ends in -client with --vault-id ID, and the password is the
/// secret ansible/ID. Set up with a link named authy-vault-client to authy, and
/// --vault-id prod@authy-vault-client, or vault_identity_list in ansible.cfg.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store ansible/prod
  ansible-playbook --vault-id prod@~/.local/bin/authy-vault-client site.yml
  authy helper ansible --vault-id prod")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// Give the secret ansible/ID
    #[arg(long, value_name = "ID", default_value = "default")]
    vault_id: String,
    /// Give this secret instead
    name: Option<SecretName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let of_id = || SecretName::parse(&format!("ansible/{}", self.vault_id.to_lowercase()));
        let name = self.name.clone().map_or_else(of_id, Ok);
        let name = name.map_err(|error| Failure::OddQuestion(error.to_string()))?;
        let exchange = Exchange::new(env, HelperTool::Ansible, &self.scope)?;
        match exchange.named(std::slice::from_ref(&name)) {
            Ok(mut values) => {
                let value = values.pop().ok_or_else(|| Failure::NoLine(name.clone()))?;
                env.ui().data(&joined(&[line(&name, &value)?.expose(), b"\n"]))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(failure) if is_nothing(&failure) => {
                exchange.tell(&failure);
                Ok(ExitCode::from(NONE))
            }
            Err(failure) => Err(failure),
        }
    }
}
