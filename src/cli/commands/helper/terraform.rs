//! `authy helper terraform`: terraform's credentials helpers, seen with terraform 1.11.

use std::process::ExitCode;

use authy::{Answer, HelperTool, ServiceUrl};
use serde::{Deserialize, Serialize};

use super::exchange::{self, Exchange, ScopeFlag, Typed, answer, line, question_json, text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Answer terraform's credentials protocol
///
/// Set up with a link ~/.terraform.d/plugins/terraform-credentials-authy to authy, and
/// credentials_helper "authy" {} in ~/.terraformrc. Terraform goes on without a token where this
/// fails, and shows nothing of what is said here: look with TF_LOG=warn, or ask for yourself with
/// 'authy helper terraform get HOST'.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store terraform/cloud --for https://app.terraform.io
  authy helper terraform get app.terraform.io")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// What terraform wants
    #[arg(value_name = "OPERATION", value_parser = ["get", "store", "forget"])]
    operation: String,
    /// The host
    #[arg(value_name = "HOST")]
    host: String,
}

#[derive(Serialize, Default)]
struct Given<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Deserialize)]
struct Stored {
    token: Typed,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let odd = |_| Failure::OddQuestion(format!("'{}' is no host", self.host));
        let url = ServiceUrl::asked(&self.host).map_err(odd)?;
        let exchange = Exchange::new(env, HelperTool::Terraform, &self.scope)?;
        match self.operation.as_str() {
            "get" => get(&exchange, &url),
            "store" => {
                let stored: Stored = question_json()?;
                let Typed(value) = stored.token;
                let given = exchange::Given { user: None, bearer: false, value };
                exchange.keep("terraform", &[url], &given)?;
                Ok(ExitCode::SUCCESS)
            }
            _ => match exchange.places(Some(&url))?.into_iter().next() {
                Some(place) => Err(Failure::Kept(place.name)),
                None => Ok(ExitCode::SUCCESS),
            },
        }
    }
}

fn get(exchange: &Exchange<'_>, url: &ServiceUrl) -> CommandResult {
    match exchange.find(vec![url.clone()], None)? {
        Answer::Given(found) => {
            let value = line(&found.name, &found.value)?;
            answer(exchange.env, &Given { token: Some(text(&found.name, &value)?) })?;
        }
        Answer::Nothing { why, is_near } => {
            exchange.note_near(&why, is_near);
            answer(exchange.env, &Given::default())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
