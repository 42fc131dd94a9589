//! `authy history`.

use std::process::ExitCode;

use authy::{PastChange, PastVersion, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// Show who changed a secret, and when; this needs no identity
///
/// Reads git, newest first: versions, what changed (the value, its readers, its annotation, its
/// name), who did it, and the commit. Values are not shown; 'authy restore' brings one back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy history db-url
  authy restore db-url --version 3")]
pub(crate) struct Args {
    /// Secret name
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

/// Who made the change: of a value its author, of the rest whoever signed it.
fn by(one: &PastVersion) -> String {
    // Nobody signs a removal: git says who committed it.
    if one.what == PastChange::Removed {
        return one.commit.author.clone();
    }
    let who = if one.what == PastChange::Value { &one.author } else { &one.signed_by };
    who.clone().unwrap_or_default()
}

fn table(versions: &[PastVersion]) -> Table {
    let heading = ["VERSION", "WHAT", "VALUE SINCE", "BY", "COMMIT", "COMMITTED", "SIGNED BY"];
    let mut table = Table::new(heading).with_times(&[2, 5]).with_spare(&[6, 5]);
    for one in versions {
        table.push([
            one.version.map(|version| version.to_string()).unwrap_or_default(),
            match one.fields.as_slice() {
                [] => one.what.to_string(),
                fields => fields.join(", "),
            },
            one.changed.clone().unwrap_or_default(),
            by(one),
            one.commit.short().to_owned(),
            one.commit.time.clone(),
            one.signed_by.clone().unwrap_or_else(|| "?".to_owned()),
        ]);
    }
    table
}
