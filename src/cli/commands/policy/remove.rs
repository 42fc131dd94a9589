//! `authy policy remove`.

use std::process::ExitCode;

use authy::ScopeName;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Remove a policy; its scope reaches nothing any more
///
/// On a terminal it asks first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy remove backend
  authy policy rm -f backend               without a question")]
pub(crate) struct Args {
    /// Policy name
    name: ScopeName,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let question = format!("Remove policy {}?", self.name);
        let is_there = || authy::policy_show(&ctx, &self.name).is_ok();
        if !self.force && env.refuses(&ctx, is_there, &question) {
            return Err(Failure::NotRemoved);
        }
        authy::policy_remove(&ctx, &self.name)?;
        env.ui().note(format_args!("removed policy {}", self.name));
        Ok(ExitCode::SUCCESS)
    }
}
