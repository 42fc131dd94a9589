//! `authy rename`.

use std::process::ExitCode;

use authy::{Context, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::target::{Names, Target};

/// Rename a secret, or move a folder of secrets
///
/// Policies speak of names: another scope may reach it afterwards. A folder is renamed in one commit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy rename db-url db-main-url
  authy mv db-url prod/                    to prod/db-url
  authy mv staging/ test/                  everything in staging/")]
pub(crate) struct Args {
    /// Secret name as it is now, or with a slash at its end a folder
    #[arg(value_name = "OLD")]
    old: Target,
    /// Name it as it is to be, or with a slash at its end the folder to put it into
    #[arg(value_name = "NEW")]
    new: Target,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let pairs = pairs(&ctx, &self.old, &self.new)?;
        authy::rename_all(&ctx, &pairs)?;
        match pairs.as_slice() {
            [(old, new)] => env.ui().note(format_args!("renamed {old} to {new}")),
            many => env.ui().note(format_args!("renamed {} secrets", many.len())),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is renamed, and to what.
fn pairs(
    ctx: &Context,
    old: &Target,
    new: &Target,
) -> Result<Vec<(SecretName, SecretName)>, Failure> {
    let joined = |folder: &SecretName, rest: &str| {
        SecretName::parse(&format!("{folder}/{rest}")).map_err(|error| Failure::Core(error.into()))
    };
    match (old, new) {
        (Target::Name(old), Target::Name(new)) => Ok(vec![(old.clone(), new.clone())]),
        (Target::Name(old), Target::Folder(folder)) => {
            let last = old.as_str().rsplit('/').next().unwrap_or_default();
            Ok(vec![(old.clone(), joined(folder, last)?)])
        }
        (Target::Folder(from), Target::Name(to) | Target::Folder(to)) => {
            let names = Names::of(ctx).below(from)?;
            if names.is_empty() {
                return Err(Failure::EmptyFolder(from.clone()));
            }
            let lead = from.as_str().len() + 1;
            let renamed = |name: SecretName| {
                let new = joined(to, &name.as_str()[lead..])?;
                Ok((name, new))
            };
            names.into_iter().map(renamed).collect()
        }
    }
}
