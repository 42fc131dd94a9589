//! `authy helper npm`: a line for an `.npmrc` that holds no value, as npm 11 reads it.

use std::process::ExitCode;

use authy::{HelperTool, ServiceUrl};

use super::exchange::{Exchange, ScopeFlag};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::inject::NamingFlags;

/// Print the line of an .npmrc for a registry of npm
///
/// npm runs no program for a credential, so the line names a variable, and 'authy run' sets it. With
/// the '?' npm takes an unset variable for none; without it, it would send the text of the line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store npm-token --for https://registry.npmjs.org
  authy helper npm --uppercase >> .npmrc
  authy run --scope bot --uppercase -- npm publish")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    #[command(flatten)]
    naming: NamingFlags,
    /// The registry
    #[arg(value_name = "URL", default_value = "https://registry.npmjs.org")]
    registry: ServiceUrl,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let exchange = Exchange::new(env, HelperTool::Npm, &self.scope)?;
        let place = exchange.place(self.registry.clone())?;
        let variable = authy::variable(&self.naming.naming(env.project()?), &place.name)?;
        let registry = self.registry.to_string();
        let (_, at) = registry.split_once("://").unwrap_or(("", &registry));
        env.ui().data(format!("//{at}/:_authToken=${{{variable}?}}\n").as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
