//! `authy helper openclaw`: OpenClaw's exec providers of secrets, seen with OpenClaw 2026.9.6.

use std::collections::BTreeMap;
use std::process::ExitCode;

use authy::{HelperTool, SecretName};
use serde::{Deserialize, Serialize};

use super::exchange::{Exchange, ScopeFlag, answer, question_json};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// The version of the protocol.
const VERSION: u8 = 1;
/// The one word that OpenClaw shows for an id.
const NOT_FOUND: &str = "NOT_FOUND";

/// Answer OpenClaw's exec provider
///
/// Set up in openclaw.json, below secrets.providers: authy = {source: "exec", command:
/// "/path/of/authy", args: ["helper", "openclaw", "--scope", "SCOPE"]}. The program may be no link, and
/// yours; its environment is empty, so it needs a token file (--token-file) or the default identity.
/// All ids of a request are answered at once. OpenClaw shows NOT_FOUND for an id that is not there or
/// not allowed, and the exit code where nothing could be read: 6 is a locked identity.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"protocolVersion\":1,\"ids\":[\"openai-api-key\"]}' | authy helper openclaw --scope agents")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    protocol_version: u8,
    ids: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    protocol_version: u8,
    values: BTreeMap<&'a str, &'a str>,
    errors: BTreeMap<&'a str, Refused>,
}

#[derive(Serialize)]
struct Refused {
    code: &'static str,
    message: String,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let asked: Question = question_json()?;
        if asked.protocol_version != VERSION {
            let found = asked.protocol_version;
            return Err(Failure::OddQuestion(format!("version {found} of the protocol")));
        }
        let exchange = Exchange::new(env, HelperTool::Openclaw, &self.scope)?;
        let mut errors = BTreeMap::new();
        let mut names = Vec::new();
        for id in &asked.ids {
            match SecretName::parse(id) {
                Ok(name) => names.push((id, name)),
                Err(error) => {
                    errors.insert(id.as_str(), refused(&error.to_string()));
                }
            }
        }
        let only: Vec<SecretName> = names.iter().map(|(_, name)| name.clone()).collect();
        let read = exchange.each(&only)?;
        let mut values = BTreeMap::new();
        for ((id, name), value) in names.iter().zip(&read) {
            let text = match value {
                Ok(value) => {
                    value.expose_str().ok_or_else(|| Failure::NoText(name.clone()).to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            match text {
                Ok(text) => drop(values.insert(id.as_str(), text)),
                Err(why) => drop(errors.insert(id.as_str(), refused(&why))),
            }
        }
        for error in errors.values() {
            exchange.env.ui().note(&error.message);
        }
        answer(env, &Answer { protocol_version: VERSION, values, errors })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn refused(message: &str) -> Refused {
    Refused { code: NOT_FOUND, message: authy::printable(message) }
}
