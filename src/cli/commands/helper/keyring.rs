//! `authy helper keyring`: the program `keyring`, as pip 26.3 and uv 0.13 start it.

use std::process::ExitCode;

use authy::{Answer, HelperTool, SecretBytes, ServiceUrl, ServiceUser};
use serde::Serialize;

use super::exchange::{self, Exchange, ScopeFlag, answer, joined, line, question, text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// The user name of a token for PyPI and what is made like it.
const TOKEN_USER: &str = "__token__";

/// Answer as the program 'keyring', for pip and uv
///
/// Set up with a link named keyring to authy in PATH, and keyring-provider = subprocess in the
/// configuration of pip or uv. Both ask for the whole address first and for the bare host after it,
/// which says nothing of TLS and gets nothing. pip shows nothing of what is said here: look with
/// 'authy helper keyring get URL USER', or into 'authy audit show'.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store pypi/work --for https://pypi.work.example --user ann
  pip config set global.keyring-provider subprocess
  authy helper keyring get https://pypi.work.example/simple ann")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// Give the user name too
    #[arg(long, value_name = "MODE", default_value = "password", value_parser = ["password", "creds"])]
    mode: String,
    /// Give it in this form
    #[arg(long, value_name = "FORM", default_value = "plain", value_parser = ["plain", "json"])]
    output: String,
    /// What is wanted: get, or set with the password on standard input
    #[arg(value_name = "OPERATION")]
    operation: String,
    /// The address
    #[arg(value_name = "URL")]
    service: String,
    /// The user name
    #[arg(value_name = "USER")]
    user: Option<String>,
}

#[derive(Serialize)]
struct Given<'a> {
    username: &'a str,
    password: &'a str,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        match self.operation.as_str() {
            "get" | "set" => {}
            _ => return Err(Failure::NoOperation(self.operation)),
        }
        let url = ServiceUrl::asked(&self.service).ok();
        let Some(url) = url.filter(|_| self.service.contains("://")) else {
            return Ok(ExitCode::FAILURE);
        };
        let exchange = Exchange::new(env, HelperTool::Keyring, &self.scope)?;
        let asked = self.user.as_deref().and_then(|user| ServiceUser::parse(user).ok());
        if self.operation == "set" {
            let value = SecretBytes::new(question()?.to_vec()).without_line_end();
            let user = asked.filter(|user| user.as_str() != TOKEN_USER);
            let given = exchange::Given { user, bearer: false, value };
            exchange.keep("pypi", &[url], &given)?;
            return Ok(ExitCode::SUCCESS);
        }
        let found = match exchange.find(vec![url], asked.clone())? {
            Answer::Given(found) => found,
            Answer::Nothing { why, is_near } => {
                exchange.note_near(&why, is_near);
                return Ok(ExitCode::FAILURE);
            }
        };
        let value = line(&found.name, &found.value)?;
        let user = found.user.or(asked);
        let user = user.as_ref().map_or(TOKEN_USER, ServiceUser::as_str);
        match (self.output.as_str(), self.mode.as_str()) {
            ("json", _) => {
                let given = Given { username: user, password: text(&found.name, &value)? };
                answer(env, &given)?;
            }
            (_, "creds") => {
                env.ui().data(&joined(&[user.as_bytes(), b"\n", value.expose(), b"\n"]))?;
            }
            _ => env.ui().data(&joined(&[value.expose(), b"\n"]))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
