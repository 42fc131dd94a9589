//! `authy remove`.

use std::process::ExitCode;

use authy::{Context, Kind, ListOptions, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::target::{Target, below};

/// Remove secrets
///
/// On a terminal it asks first. git keeps what was committed: 'authy restore NAME' brings a value
/// back, and a value that must not be used any more has to be changed where it is accepted.
/// Several secrets are removed in one commit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy remove old-token
  authy rm -f a-key b-key                  without a question
  authy rm -r prod/db                      prod/db and all that is in prod/db/")]
pub(crate) struct Args {
    /// Secret names; with a slash at its end a folder
    #[arg(required = true, value_name = "NAME")]
    names: Vec<Target>,
    /// Remove folders with all that is in them
    #[arg(short, long)]
    recursive: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

/// So many names are written out.
const SHOWN: usize = 10;

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let names = self.names(&ctx)?;
        let listed = listed(&names);
        let are_there = || {
            let all = authy::list(&ctx, &ListOptions::default()).unwrap_or_default();
            names.iter().all(|name| all.iter().any(|entry| entry.name == *name))
        };
        if !self.force && env.refuses(&ctx, are_there, &format!("Remove {listed}?")) {
            return Err(Failure::NotRemoved);
        }
        authy::remove_all(&ctx, &names).map_err(|error| self.or_folder(&ctx, error))?;
        let one = names.first().filter(|_| names.len() == 1);
        let back = one.map_or_else(|| "NAME".to_owned(), ToString::to_string);
        env.ui().note(format_args!("removed {listed} ('authy restore {back}' brings it back)"));
        Ok(ExitCode::SUCCESS)
    }

    /// The secrets that are meant, each once.
    fn names(&self, ctx: &Context) -> Result<Vec<SecretName>, Failure> {
        let mut names = Vec::new();
        for target in &self.names {
            match target {
                Target::Name(name) if !self.recursive => names.push(name.clone()),
                Target::Name(name) | Target::Folder(name) => {
                    let inside = below(ctx, name)?;
                    let is_secret = matches!(target, Target::Name(_)) && is_secret(ctx, name)?;
                    if is_secret || inside.is_empty() {
                        names.push(name.clone());
                    } else if !self.recursive {
                        return Err(Failure::IsFolder { name: name.clone(), count: inside.len() });
                    }
                    names.extend(inside);
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Where a name that is not there is a folder's, that is what to say.
    fn or_folder(&self, ctx: &Context, error: authy::Error) -> Failure {
        let folders = self.names.iter().filter_map(|target| match target {
            Target::Name(name) => Some((name, below(ctx, name).ok()?.len())),
            Target::Folder(_) => None,
        });
        let is_missing = error.kind() == Kind::NotFound && !self.recursive;
        let mut folders = folders.filter(|(name, count)| {
            is_missing && *count > 0 && !is_secret(ctx, name).unwrap_or(true)
        });
        match folders.next() {
            Some((name, count)) => Failure::IsFolder { name: name.clone(), count },
            None => error.into(),
        }
    }
}

fn is_secret(ctx: &Context, name: &SecretName) -> Result<bool, Failure> {
    let all = authy::list(ctx, &ListOptions::default())?;
    Ok(all.iter().any(|entry| entry.name == *name))
}

fn listed(names: &[SecretName]) -> String {
    match names.len() {
        0..=SHOWN => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        count => format!("{count} secrets"),
    }
}
