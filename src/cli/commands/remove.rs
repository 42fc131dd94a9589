//! `authy remove`.

use std::process::ExitCode;

use authy::{Kind, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::target::{Names, Target};

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
        let known = Names::of(&ctx);
        let names = self.names(&known)?;
        let listed = listed(&names);
        let are_there = || names.iter().all(|name| known.has(name).unwrap_or(false));
        if !self.force && env.refuses(&ctx, are_there, &format!("Remove {listed}?")) {
            return Err(Failure::NotRemoved);
        }
        authy::remove_all(&ctx, &names).map_err(|error| self.or_folder(&known, error))?;
        let one = names.first().filter(|_| names.len() == 1);
        let back = one.map_or_else(|| "NAME".to_owned(), ToString::to_string);
        env.ui().note(format_args!("removed {listed} ('authy restore {back}' brings it back)"));
        Ok(ExitCode::SUCCESS)
    }

    /// The secrets that are meant, each once.
    fn names(&self, known: &Names<'_>) -> Result<Vec<SecretName>, Failure> {
        let mut names = Vec::new();
        for target in &self.names {
            match target {
                Target::Name(name) if !self.recursive => names.push(name.clone()),
                Target::Name(name) | Target::Folder(name) => {
                    let inside = known.below(name)?;
                    let is_secret = matches!(target, Target::Name(_)) && known.has(name)?;
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
    fn or_folder(&self, known: &Names<'_>, error: authy::Error) -> Failure {
        if error.kind() != Kind::NotFound || self.recursive {
            return error.into();
        }
        let names = self.names.iter().filter_map(|target| match target {
            Target::Name(name) if !known.has(name).unwrap_or(true) => Some(name),
            _ => None,
        });
        let count = |name| known.below(name).unwrap_or_default().len();
        let mut folders = names.map(|name| (name, count(name))).filter(|(_, count)| *count > 0);
        match folders.next() {
            Some((name, count)) => Failure::IsFolder { name: name.clone(), count },
            None => error.into(),
        }
    }
}

fn listed(names: &[SecretName]) -> String {
    match names.len() {
        0..=SHOWN => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        count => format!("{count} secrets"),
    }
}
