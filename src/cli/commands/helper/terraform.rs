//! `authy helper terraform`: terraform's credentials helpers, seen with terraform 1.11.

use std::process::ExitCode;

use authy::{HelperTool, ServiceUrl, StoreOptions};
use serde::{Deserialize, Serialize};

use super::exchange::{
    Exchange, ScopeFlag, Typed, answer, is_nothing, line, name_for, question_json, text,
};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Answer terraform's credentials protocol
///
/// Set up with a link ~/.terraform.d/plugins/terraform-credentials-authy to authy, and
/// credentials_helper "authy" {} in ~/.terraformrc. Terraform goes on without a token where this
/// fails, and says 'Module not found': look at what stands above that.
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
        let odd = || Failure::OddQuestion(format!("'{}' is no host", self.host));
        let url = ServiceUrl::asked(&self.host).map_err(|_| odd())?;
        let exchange = Exchange::new(env, HelperTool::Terraform, &self.scope)?;
        match self.operation.as_str() {
            "get" => get(&exchange, &url),
            "store" => {
                let stored: Stored = question_json()?;
                let Typed(value) = stored.token;
                let report = match exchange.places(Some(&url))?.into_iter().next() {
                    Some(place) => authy::rotate(&exchange.ctx, &place.name, &value)?,
                    None => {
                        let name = name_for("terraform", &url).ok_or_else(odd)?;
                        let options =
                            StoreOptions { services: vec![url], ..StoreOptions::default() };
                        authy::store(&exchange.ctx, &name, &value, &options)?
                    }
                };
                env.ui().note(format_args!("stored {}", report.name));
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
    match exchange.find(vec![url.clone()], None) {
        Ok(found) => {
            let value = line(&found.name, &found.value)?;
            answer(exchange.env, &Given { token: Some(text(&found.name, &value)?) })?;
        }
        Err(failure) if is_nothing(&failure) => {
            exchange.note_near(url, &failure);
            answer(exchange.env, &Given::default())?;
        }
        Err(failure) => return Err(failure),
    }
    Ok(ExitCode::SUCCESS)
}
