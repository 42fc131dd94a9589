//! `authy helper aws`: the `credential_process` of AWS tools, seen with the aws command 1.45.

use std::process::ExitCode;

use authy::{HelperTool, SecretName};
use serde::Serialize;
use serde_json::value::RawValue;

use super::exchange::{Exchange, ScopeFlag, answer, line, text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Answer as an AWS credential_process
///
/// Set up in ~/.aws/config, below a profile: credential_process = authy helper aws aws/id aws/key.
/// One name means a secret whose value is the JSON that AWS wants, without Version if need be.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy helper aws aws/access-key-id aws/secret-access-key
  authy helper aws aws/id aws/key --session-token aws/session
  authy helper aws aws/json")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// The secret with the access key's id, or with all of it as JSON
    #[arg(value_name = "ID")]
    id: SecretName,
    /// The secret with the secret access key
    #[arg(value_name = "KEY")]
    key: Option<SecretName>,
    /// The secret with the session token
    #[arg(long, value_name = "NAME", requires = "key")]
    session_token: Option<SecretName>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Given<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
}

/// What may stand in the JSON of one secret.
#[derive(serde::Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Whole<'a> {
    #[serde(default = "one")]
    version: u8,
    #[serde(borrow)]
    access_key_id: &'a RawValue,
    #[serde(borrow)]
    secret_access_key: &'a RawValue,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    expiration: Option<&'a RawValue>,
}

const fn one() -> u8 {
    1
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let exchange = Exchange::new(env, HelperTool::Aws, &self.scope)?;
        let names: Vec<SecretName> =
            [Some(self.id), self.key, self.session_token].into_iter().flatten().collect();
        let values = exchange.named(&names)?;
        if let ([name], [value]) = (names.as_slice(), values.as_slice()) {
            let no = || Failure::NoAwsJson(name.clone());
            let whole: Whole<'_> =
                serde_json::from_str(value.expose_str().ok_or_else(no)?).map_err(|_| no())?;
            answer(env, &whole)?;
            return Ok(ExitCode::SUCCESS);
        }
        let lines = names.iter().zip(&values).map(|(name, value)| line(name, value));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let texts = names.iter().zip(&lines).map(|(name, value)| text(name, value));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        if let [id, key, session @ ..] = texts.as_slice() {
            let session_token = session.first().copied();
            let given =
                Given { version: 1, access_key_id: id, secret_access_key: key, session_token };
            answer(env, &given)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
