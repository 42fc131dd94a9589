//! age plugins: which may be started on this machine, and how they are.
//!
//! A recipient, and an identity file, name a plugin; both may come out of a repository or from somebody
//! else. So a program is started only where a person has allowed that file with that content, and the
//! vault's settings, which an admin signs, say for which plugins it encrypts at all.

mod allowed;
mod channel;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use age_core::format::Stanza;

use super::context::Context;
use super::error::Result;
use crate::crypto::FileKey;
use crate::crypto::digest::Digest;
use crate::crypto::plugin::{self, Asked, PluginError, PluginFault, Plugins, Wire};
use crate::fs;
use crate::name::{PluginName, printable};
use crate::secret::SecretBytes;
use channel::Channel;

pub(crate) use allowed::PluginProgramError;

/// Largest program that is looked at.
const MAX_PROGRAM: usize = 256 * 1024 * 1024;
/// Largest file that is kept for an identity of a plugin.
const MAX_KEPT: usize = 4 * 1024 * 1024;
/// What was kept for a signing key that is another one by now is of no use.
const UNUSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a plugin may say nothing: somebody may have to find the key and touch it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The person whom age plugins tell and ask, and where the plugins are.
#[derive(Clone)]
pub struct PluginAccess {
    path: OsString,
    user: Arc<dyn PluginUser>,
    /// Programs that were looked at: nobody is asked twice.
    found: Arc<Mutex<Found>>,
    /// The keys of files that were written or opened, by their recipient.
    known: Arc<Mutex<Known>>,
}

type Known = BTreeMap<String, Vec<(Digest, FileKey)>>;

type Found = BTreeMap<PluginName, std::result::Result<PathBuf, PluginFault>>;

impl PluginAccess {
    /// Plugins in the absolute folders of `path`, which is written as `PATH` is, and the person `user`.
    pub fn new(path: OsString, user: Arc<dyn PluginUser>) -> Self {
        Self { path, user, found: Arc::default(), known: Arc::default() }
    }
}

impl fmt::Debug for PluginAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginAccess").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What age plugins tell and ask a person. Texts are lines without control characters, and come from the
/// plugin.
pub trait PluginUser: Send + Sync {
    /// Shows what the plugin says, such as that its key is to be touched.
    fn message(&self, plugin: &PluginName, text: &str);
    /// The person's choice between `yes` and `no`; `None` where nobody is there.
    fn confirm(&self, plugin: &PluginName, text: &str, yes: &str, no: Option<&str>)
    -> Option<bool>;
    /// What the person types, such as a PIN; `None` where nobody is there.
    fn answer(&self, plugin: &PluginName, text: &str, hidden: bool) -> Option<SecretBytes>;
    /// Whether the person says yes to `question`, which is not the plugin's; false where nobody is there.
    fn consents(&self, question: &str) -> bool;
}

/// A plugin's program.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PluginProgram {
    /// The plugin.
    pub plugin: PluginName,
    /// The file.
    pub program: PathBuf,
    /// The SHA-256 of what is in it.
    pub digest: String,
    /// Whether it is allowed as it is.
    pub allowed: bool,
}

/// Starts plugins for one context.
struct Host {
    access: PluginAccess,
    /// Where this machine remembers what is allowed, and what plugins opened.
    state: Option<PathBuf>,
    /// Whether a person may be asked whether a program may be started.
    asks: bool,
    /// The agent at work, whom a person would answer without knowing.
    agent: Option<String>,
    patience: Duration,
}

impl Context {
    /// What starts plugins here; `None` where the front has none started.
    pub(crate) fn plugins(&self) -> Option<Arc<dyn Plugins>> {
        let access = self.plugins.clone()?;
        Some(Arc::new(Host {
            access,
            state: self.state.clone(),
            asks: self.agent.is_none() && self.confined.is_none(),
            agent: self.agent.as_ref().map(|agent| printable(&agent.marker)),
            patience: PATIENCE,
        }))
    }
}

/// The program of a plugin, as the context finds it.
///
/// # Errors
/// It is not installed, or cannot be read.
pub(crate) fn program_of(ctx: &Context, name: &PluginName) -> Result<PluginProgram> {
    let path = ctx.plugins.as_ref().map(|access| access.path.as_os_str()).unwrap_or_default();
    let fault = |fault| PluginError { name: name.clone(), fault };
    let program = find(path, name).ok_or_else(|| fault(PluginFault::NotInstalled))?;
    let digest = digest_of(&program).map_err(fault)?;
    let allowed = ctx.state.as_deref().is_some_and(|state| allowed::is(state, &program, &digest));
    Ok(PluginProgram { plugin: name.clone(), program, digest: digest.hex(), allowed })
}

/// Allows a plugin's program as it is now; see [`program_of`].
///
/// # Errors
/// It cannot be remembered.
pub(crate) fn allow(ctx: &Context, found: &PluginProgram) -> Result<()> {
    let state = ctx.state.as_deref().ok_or(PluginProgramError::NoState)?;
    let digest = Digest::from_hex(&found.digest).ok_or(PluginProgramError::NoState)?;
    Ok(allowed::add(state, &found.program, &digest)?)
}

/// Takes back what was allowed of a plugin, wherever its program lay; tells how many programs that were.
///
/// # Errors
/// It cannot be removed.
pub(crate) fn disallow(ctx: &Context, name: &PluginName) -> Result<usize> {
    let state = ctx.state.as_deref().ok_or(PluginProgramError::NoState)?;
    Ok(allowed::remove(state, &name.program())?)
}

/// The program in the first absolute folder that has it.
fn find(path: &OsStr, name: &PluginName) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name.program()))
        .find(|file| fs::is_program(file))
}

fn digest_of(program: &Path) -> std::result::Result<Digest, PluginFault> {
    let bytes = fs::read_outside(program, MAX_PROGRAM);
    let bytes = bytes.map_err(|error| PluginFault::NotStarted { reason: error.to_string() })?;
    Ok(Digest::of(&bytes.ok_or(PluginFault::NotInstalled)?))
}

impl Host {
    /// The program, found and allowed.
    fn program(&self, name: &PluginName, asks: bool) -> std::result::Result<PathBuf, PluginError> {
        let mut found = self.access.found.lock().unwrap_or_else(PoisonError::into_inner);
        let program = found.get(name).cloned().unwrap_or_else(|| {
            let looked = self.look(name, asks);
            // What nobody was asked about is asked when it has to be.
            if asks || looked.is_ok() {
                found.insert(name.clone(), looked.clone());
            }
            looked
        });
        program.map_err(|fault| PluginError { name: name.clone(), fault })
    }

    fn look(&self, name: &PluginName, asks: bool) -> std::result::Result<PathBuf, PluginFault> {
        let program = find(&self.access.path, name).ok_or(PluginFault::NotInstalled)?;
        let digest = digest_of(&program)?;
        let state = self.state.as_deref();
        if state.is_some_and(|state| allowed::is(state, &program, &digest)) {
            return Ok(program);
        }
        let shown = printable(&program.to_string_lossy());
        let changed = state.is_some_and(|state| allowed::is_other(state, &program));
        let from_now_on = if state.is_some() { ", now and from now on" } else { "" };
        let question = match changed {
            true => format!(
                "The age plugin '{name}' ({shown}) has changed since you allowed it. Start it{from_now_on}?"
            ),
            false => {
                format!("The age plugin '{name}' ({shown}) is needed here. Start it{from_now_on}?")
            }
        };
        if !asks || !self.asks || !self.access.user.consents(&question) {
            return Err(match changed {
                true => PluginFault::Changed { program: shown },
                false => PluginFault::NotAllowed { program: shown },
            });
        }
        // What was there when the question was asked.
        if digest_of(&program)? != digest {
            return Err(PluginFault::Changed { program: shown });
        }
        if let Some(state) = state {
            // Where that fails it is asked again.
            let _ = allowed::add(state, &program, &digest);
        }
        Ok(program)
    }

    fn talk<T>(
        &self,
        name: &PluginName,
        machine: &str,
        talk: impl FnOnce(&mut Wire<Channel>, &dyn Asked) -> std::result::Result<T, PluginFault>,
    ) -> std::result::Result<T, PluginError> {
        let program = self.program(name, true)?;
        let user = User { name, user: &*self.access.user, agent: self.agent.as_deref() };
        let done = Channel::start(&program, machine, self.patience)
            .map_err(|error| PluginFault::NotStarted { reason: error.to_string() })
            .and_then(|channel| talk(&mut Wire::new(channel), &user));
        done.map_err(|fault| PluginError { name: name.clone(), fault })
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        Some(self.state.as_ref()?.join("plugins").join(name))
    }
}

impl Plugins for Host {
    fn unwrap(
        &self,
        name: &PluginName,
        identities: &[SecretBytes],
        files: &[Vec<Stanza>],
    ) -> std::result::Result<Vec<Option<FileKey>>, PluginError> {
        self.talk(name, "identity-v1", |wire, asked| plugin::unwrap(wire, identities, files, asked))
    }

    fn wrap(
        &self,
        name: &PluginName,
        recipient: &str,
        key: &FileKey,
    ) -> std::result::Result<(Vec<Stanza>, Vec<String>), PluginError> {
        self.talk(name, "recipient-v1", |wire, asked| plugin::wrap(wire, recipient, key, asked))
    }

    fn ready(&self, name: &PluginName, asks: bool) -> std::result::Result<(), PluginError> {
        self.program(name, asks).map(drop)
    }

    fn know(&self, recipient: &str, header: Digest, key: &FileKey) {
        let mut known = self.access.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(recipient.to_owned()).or_default().push((header, key.clone()));
    }

    fn known(&self, recipient: &str) -> Vec<(Digest, FileKey)> {
        let known = self.access.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(recipient).cloned().unwrap_or_default()
    }

    fn kept(&self, name: &str) -> Option<Vec<u8>> {
        fs::read_plain(&self.place(name)?, MAX_KEPT).ok()?
    }

    fn keep(&self, name: &str, bytes: &[u8]) {
        if let Some(place) = self.place(name) {
            fs::remember(&place, bytes);
            if let Some(folder) = place.parent() {
                fs::remove_older(folder, UNUSED, |name| name.ends_with(".keys"));
            }
        }
    }
}

/// The person, asked in the name of one plugin.
struct User<'h> {
    name: &'h PluginName,
    user: &'h dyn PluginUser,
    agent: Option<&'h str>,
}

impl User<'_> {
    /// What the plugin says, and for whom it is asked where that is an agent.
    fn text(&self, text: &str) -> String {
        match self.agent {
            Some(agent) => format!("(for an agent, {agent}) {text}"),
            None => text.to_owned(),
        }
    }
}

impl Asked for User<'_> {
    fn message(&self, text: &str) {
        self.user.message(self.name, &self.text(text));
    }

    fn confirm(&self, text: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.user.confirm(self.name, &self.text(text), yes, no)
    }

    fn answer(&self, text: &str, hidden: bool) -> Option<SecretBytes> {
        self.user.answer(self.name, &self.text(text), hidden)
    }
}

#[cfg(test)]
mod tests;
