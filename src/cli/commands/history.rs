//! `authy history`.

use std::process::ExitCode;

use authy::{PastVersion, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// Show when a secret changed, and by whom; this needs no identity
///
/// Reads git, newest first: versions, whether the value changed or only who can read it, and
/// the commit. Values are not shown; 'authy restore' brings one back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy history db-url
  authy restore db-url --version 3")]
pub(crate) struct Args {
    /// Name the secret
    name: SecretName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let versions = authy::history(&env.context()?, &self.name)?;
        match env.ui().wants_json() {
            true => env.ui().json(&versions)?,
            false => env.ui().table(&table(&versions))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(versions: &[PastVersion]) -> Table {
    let heading = ["VERSION", "WHAT", "VALUE SINCE", "AUTHOR", "COMMIT", "COMMITTED", "SIGNED BY"];
    let mut table = Table::new(heading);
    for one in versions {
        table.push([
            one.version.map(|version| version.to_string()).unwrap_or_default(),
            one.what.to_string(),
            one.changed.clone().unwrap_or_default(),
            one.author.clone().unwrap_or_default(),
            one.commit.short().to_owned(),
            one.commit.time.clone(),
            one.signed_by.clone().unwrap_or_else(|| "?".to_owned()),
        ]);
    }
    table
}
