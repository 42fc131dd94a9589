//! Values for processes and files of variables: `run`, `env`, `export`.

mod request;
mod resolve;
mod run;
#[cfg_attr(not(feature = "sealed"), path = "unsealed.rs")]
mod sealed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::audit::Op;
use crate::inject::{self, Environment, Format, Misread, Naming};
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result};
use request::{Gather, gather};

pub use resolve::resolve;
pub use run::{Masking, RunCommand, check_program, hold, lead, run};
#[cfg(feature = "sealed")]
pub use sealed::sweep;

/// Which values, under which variables.
#[derive(Debug, Clone, Default)]
pub struct InjectRequest {
    /// The scope; there must be one.
    pub scope: Option<ScopeName>,
    /// How names become variables.
    pub naming: Naming,
    /// Globs on secret names; none means all that the scope reaches.
    pub only: Vec<String>,
    /// Globs on secret names that are left out all the same.
    pub except: Vec<String>,
    /// Variables and their templates, from an allowed project file.
    pub templates: Vec<(String, String)>,
    /// Variables, and files with placeholders whose resolved copies they name for a program
    /// that is run: in memory, for as long as it runs.
    pub files: Vec<(String, PathBuf)>,
    /// Variables that are left as they are, and the secrets for them unread.
    pub kept: BTreeSet<String>,
    /// Secrets that a program must be given, and what each is for.
    pub required: BTreeMap<SecretName, String>,
}

/// Gathers the scope's variables to be printed.
///
/// # Errors
/// Whatever keeps the values from being read.
pub fn env(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather::reveal(Op::ENV);
    gather(ctx, request, &wanted, |gathered, _| Ok(gathered.environment))
}

/// Gathers the scope's variables for a file, as [`env()`] does; recorded as `export`.
///
/// # Errors
/// As [`env()`].
pub fn export(ctx: &Context, request: &InjectRequest) -> Result<Environment> {
    let wanted = Gather::reveal(Op::EXPORT);
    gather(ctx, request, &wanted, |gathered, _| Ok(gathered.environment))
}

/// Names the variables that a request sets, in their order. Opens nothing: whoever may list the
/// scope may know them.
///
/// # Errors
/// Denied; names that make no variable, or the same one.
pub fn variables(ctx: &Context, request: &InjectRequest) -> Result<Vec<String>> {
    request::variables(ctx, request)
}

/// Names the variable of a secret.
///
/// # Errors
/// The prefix or replacement cannot stand in a variable's name, or it would begin with a digit.
pub fn variable(naming: &Naming, name: &SecretName) -> Result<String> {
    Ok(naming.variable(name)?)
}

/// Tells which variables of a `.env` file that is written for all some readers get wrong.
pub fn misread(environment: &Environment) -> Vec<Misread> {
    inject::misread(environment)
}

/// Writes variables in a format.
///
/// # Errors
/// A value that the format cannot hold.
pub fn render(environment: &Environment, format: Format, export: bool) -> Result<SecretBytes> {
    Ok(inject::render(environment, format, export)?)
}

/// Writes the commands by which a runner of GitHub Actions masks the values in its logs.
pub fn mask_commands(environment: &Environment) -> SecretBytes {
    inject::mask_commands(environment)
}

/// Writes variables as a Secret for Kubernetes; `name` is made fit for an object's name.
pub fn render_manifest(environment: &Environment, name: &str) -> SecretBytes {
    inject::manifest(environment, name)
}
