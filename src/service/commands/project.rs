//! Project files: found, understood, and trusted only after the user allowed them.

use std::path::{Path, PathBuf};

use crate::access::Principal;
use crate::audit::{Action, Op};
use crate::name::{PluginName, ScopeName};
use crate::project::{self, ProjectError, ProjectFile};
use crate::service::audit::Recorder;
use crate::service::base::plugin::{self, PluginProgram};
use crate::service::base::{
    Context, Note, OpenVault, Result, ScopeError, VaultError, known_scopes,
};
use crate::service::identity::agent;
use crate::service::identity::authenticate::authenticate;
use crate::service::session::refuse_token;
use crate::store;

/// Finds and reads the nearest `.authy.toml` at or above `start`.
///
/// # Errors
/// The file is there and cannot be understood.
pub fn find_project(start: &Path, home: Option<&Path>) -> Result<Option<ProjectFile>> {
    match project::find(start) {
        Some(path) => Ok(Some(ProjectFile::read(&path, home)?)),
        None => Ok(None),
    }
}

/// The folder of the vault that the user's configuration file `config` calls `name`; `None` where it
/// names none so, or is not there.
///
/// # Errors
/// The file is there and cannot be understood.
pub fn named_vault(config: &Path, home: Option<&Path>, name: &str) -> Result<Option<PathBuf>> {
    Ok(project::named_vault(config, home, name)?)
}

/// Whether the user allowed exactly this file at exactly this place.
pub fn project_is_allowed(state: Option<&Path>, file: &ProjectFile) -> bool {
    state.is_some_and(|state| project::is_trusted(state, file))
}

/// Whether this machine has used the vault in that folder before.
pub fn vault_is_known(state: Option<&Path>, vault: &Path) -> bool {
    let folder = vault.canonicalize().unwrap_or_else(|_| vault.to_owned());
    state.is_some_and(|state| store::known_vault(state, &folder).ok().flatten().is_some())
}

/// Writes a commented `.authy.toml` for a scope into `folder`: the one given, else the only
/// one of the vault. Returns where it lies, and its scope.
///
/// # Errors
/// It says not which scope; there is a file of the name already.
pub fn project_create(
    ctx: &Context,
    folder: &Path,
    scope: Option<ScopeName>,
) -> Result<(PathBuf, ScopeName)> {
    let scope = match scope {
        Some(scope) => scope,
        None => only_scope(known_scopes(ctx)?)?,
    };
    Ok((project::create(folder, &scope)?, scope))
}

fn only_scope(mut scopes: Vec<ScopeName>) -> Result<ScopeName> {
    match scopes.pop() {
        Some(only) if scopes.is_empty() => Ok(only),
        last => Err(ScopeError::Which { scopes: scopes.into_iter().chain(last).collect() }.into()),
    }
}

/// Trusts the file as it is now, at this place; recorded in the audit.
///
/// # Errors
/// A token or a confined process asks, or an agent and nobody at the terminal agrees; the state
/// folder cannot be written.
pub fn allow_project(ctx: &Context, file: &ProjectFile) -> Result<()> {
    ctx.refuse_confined()?;
    let what = "what this project file sets to be used";
    match OpenVault::open(ctx) {
        Ok(opened) => agent::refuse(ctx, &opened, what)?,
        Err(_) => agent::refuse_always(ctx, what)?,
    }
    change_trust(ctx, Op::ALLOW, |state| project::trust(state, file))
}

/// Takes trust back from every version of the file at this place; recorded in the audit.
///
/// # Errors
/// A token or a confined process asks; the state folder cannot be written.
pub fn deny_project(ctx: &Context, file: &ProjectFile) -> Result<()> {
    change_trust(ctx, Op::DENY, |state| project::distrust(state, file))
}

/// Finds the program of an age plugin on this machine, and whether it is allowed.
///
/// # Errors
/// It is not installed, or cannot be read.
pub fn plugin_program(ctx: &Context, name: &PluginName) -> Result<PluginProgram> {
    plugin::program_of(ctx, name)
}

/// Allows the program of an age plugin as it was found; another content is not.
///
/// # Errors
/// A confined process asks, or an agent and nobody at the terminal agrees; the state folder cannot be
/// written.
pub fn allow_plugin(ctx: &Context, found: &PluginProgram) -> Result<()> {
    refuse_token(ctx, &Op::ALLOW)?;
    ctx.refuse_confined()?;
    agent::refuse_always(ctx, "an age plugin to be started")?;
    plugin::allow(ctx, found)
}

/// Takes back what was allowed of an age plugin; tells how many programs that were.
///
/// # Errors
/// A confined process asks; the state folder cannot be written.
pub fn deny_plugin(ctx: &Context, name: &PluginName) -> Result<usize> {
    refuse_token(ctx, &Op::DENY)?;
    ctx.refuse_confined()?;
    plugin::disallow(ctx, name)
}

fn change_trust(
    ctx: &Context,
    op: Op,
    change: impl FnOnce(&Path) -> std::result::Result<(), ProjectError>,
) -> Result<()> {
    refuse_token(ctx, &op)?;
    // A program that was given values must not widen what runs by itself.
    ctx.refuse_confined()?;
    let state = ctx.state.as_deref().ok_or(VaultError::NoState)?;
    // A project can be trusted before its vault is there: then there is no chain to record in.
    if let Err(error) = record(ctx, op) {
        ctx.front.note(&Note::NotRecorded { reason: error.to_string() });
    }
    Ok(change(state)?)
}

fn record(ctx: &Context, op: Op) -> Result<()> {
    let opened = OpenVault::open(ctx)?;
    let asker = Principal::Member(authenticate(ctx, &opened.rules)?);
    let _receipt = Recorder::open(ctx, &opened, &asker)?.granted(&Action::new(op))?;
    Ok(())
}
