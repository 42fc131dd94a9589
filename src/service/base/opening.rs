//! Opening a vault for one command: recovered, verified, pinned, its rules taken.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::approved::last_approved;
use super::clock;
use super::commits::GitCommits;
use super::context::Context;
use super::error::{Error, Result};
use super::missing::missing_admins;
use super::note::Note;
use super::secret_error::SecretError;
use crate::access::Rules;
use crate::fs::{self, LocalFile, Lock, Root, Subject, VaultPath};
use crate::git;
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName};
use crate::store::{StoreError, Vault};

/// How long a command waits for another one's lock.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A vault and the rules in force in it, as they were at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) vault: Arc<Vault>,
    pub(crate) rules: Rules,
}

/// A vault that a command has open. What was verified in it is pinned when this goes, whichever way
/// the command ends.
pub(crate) struct OpenVault<'c> {
    snapshot: Snapshot,
    ctx: &'c Context,
    /// Whether that was said which is said once.
    is_told: Cell<bool>,
    /// What was said to be newer in other branches.
    newer_told: Cell<u32>,
}

impl Deref for OpenVault<'_> {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Drop for OpenVault<'_> {
    fn drop(&mut self) {
        // Whoever moved the branch has saved since.
        if !self.is_told.get() {
            self.vault.accept_tip();
        }
        self.save_what_was_seen();
    }
}

impl<'c> OpenVault<'c> {
    /// Opens the vault of `ctx`, completing an interrupted change first.
    pub(crate) fn open(ctx: &'c Context) -> Result<Self> {
        let root = Root::new(ctx.vault.clone());
        refuse_tracked_private(&root)?;
        if fs::needs_recovery(&root) {
            recover(ctx, &root)?;
        }
        Self::open_as_it_lies(ctx)
    }

    /// Opens the vault under a lock that the caller holds.
    pub(crate) fn open_locked(ctx: &'c Context, lock: &Lock) -> Result<Self> {
        if fs::recover(lock)? {
            ctx.front.note(&Note::Recovered);
        }
        Self::open_as_it_lies(ctx)
    }

    fn open_as_it_lies(ctx: &'c Context) -> Result<Self> {
        let root = Root::new(ctx.vault.clone());
        let commits = GitCommits::of(root.path());
        let vault = Vault::open(root.clone(), ctx.state.as_deref(), commits).map_err(|error| {
            let missing = match &error {
                StoreError::Missing { path } => missing_admins(&root, path),
                _ => None,
            };
            missing.map_or_else(|| error.into(), Error::from)
        })?;
        if let Some(plugins) = ctx.plugins() {
            vault.use_plugins(plugins);
        }
        let vault = Arc::new(vault);
        let past = Arc::clone(&vault);
        // A history that cannot be read tells nothing.
        let rules = Rules::of(&vault)?.with_past(move |rules| last_approved(&past, rules).ok());
        let snapshot = Snapshot { vault, rules };
        snapshot.vault.know_latest(clock::latest(ctx, &snapshot).unix_timestamp());
        Ok(Self { snapshot, ctx, is_told: Cell::new(false), newer_told: Cell::new(0) })
    }

    /// Pins what was verified, and says so, once, where the vault is new to this machine: by itself
    /// when this goes, and before that where this process may become another program.
    pub(crate) fn save_pins(&self) {
        self.vault.accept_tip();
        self.save_what_was_seen();
    }

    fn save_what_was_seen(&self) {
        let ctx = self.ctx;
        let saved = self.vault.save_pins(ctx.state.as_deref());
        self.tell_newer();
        if self.is_told.replace(true) {
            return;
        }
        if let Err(error) = saved {
            ctx.front.note(&Note::NoPins { reason: error.to_string() });
        } else if self.vault.is_first_use() && ctx.state.is_some() {
            ctx.front.note(&self.introduction());
        }
    }
}

impl OpenVault<'_> {
    /// Says what other branches have that is newer, where something of it was met since.
    fn tell_newer(&self) {
        let (newer, waiting) = (self.vault.newer_elsewhere(), self.vault.waiting_elsewhere());
        let count = newer.iter().chain(&waiting).map(|(_, paths)| paths.len()).sum::<usize>();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if self.newer_told.replace(count) == count {
            return;
        }
        for (branch, paths) in newer {
            let secret = |path: &VaultPath| match path.subject() {
                Subject::Record(name) => Some(name.to_string()),
                _ => None,
            };
            let secrets: Vec<String> = paths.iter().filter_map(secret).collect();
            let others = paths.iter().filter(|path| secret(path).is_none());
            let rules: Vec<String> = others.map(ToString::to_string).collect();
            self.ctx.front.note(&Note::NewerElsewhere { branch, secrets, rules });
        }
        for (branch, paths) in waiting {
            let rules = paths.iter().map(ToString::to_string).collect();
            self.ctx.front.note(&Note::WaitsInRequest { branch, rules });
        }
    }
}

impl Snapshot {
    /// The same vault under other rules, such as those that a change is about to publish.
    pub(crate) fn under(&self, rules: Rules) -> Self {
        Self { vault: Arc::clone(&self.vault), rules }
    }

    /// The error for a secret that is not there, with the nearest name within reach.
    pub(crate) fn not_found(&self, name: &SecretName, scope: Option<&ScopeName>) -> Error {
        let policy = scope.and_then(|scope| self.rules.scope(scope).ok());
        let within = |other: &SecretName| {
            policy.as_ref().is_none_or(|(_, policy)| policy.rule(other).allows())
        };
        let near = |other: &SecretName| strsim::jaro_winkler(name.as_str(), other.as_str());
        let names = self.vault.names().unwrap_or_default();
        let lead = format!("{name}/");
        let inside = names.iter().filter(|other| other.as_str().starts_with(&lead));
        let count = inside.filter(|other| within(other)).count();
        if count > 0 {
            return SecretError::IsFolder { name: name.clone(), count }.into();
        }
        let nearest = names.into_iter().filter(within).max_by(|a, b| near(a).total_cmp(&near(b)));
        // The name itself lies here where it was removed, and put back by git.
        let nearest = nearest.filter(|best| near(best) > 0.85 && best != name);
        SecretError::NotFound { name: name.clone(), scope: scope.cloned(), nearest }.into()
    }

    /// Says who the vault's admins are, for whoever has to compare.
    pub(crate) fn introduction(&self) -> Note {
        let admins = self.vault.admins().admins.iter();
        let admins = admins.map(|(name, key)| (name.clone(), key.fingerprint())).collect();
        Note::FirstUse { admins }
    }
}

/// Completes what an interrupted command had published. In a read-only vault nobody can,
/// and nobody has to: its files then are what they are.
fn recover(ctx: &Context, root: &Root) -> Result<()> {
    match Lock::acquire(root, LOCK_WAIT) {
        Ok(lock) => {
            if fs::recover(&lock)? {
                ctx.front.note(&Note::Recovered);
            }
            Ok(())
        }
        Err(error) if error.is_read_only() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Keys and local files that git tracks would travel with the repository.
fn refuse_tracked_private(root: &Root) -> Result<()> {
    let note = root.local(LocalFile::CleanIndex);
    match git::tracked_private(root.path(), &note)?.into_iter().next() {
        Some(path) => {
            Err(VaultError::TrackedPrivate { path: crate::name::printable(&path) }.into())
        }
        None => Ok(()),
    }
}

/// Whether this error can come from reading while another command publishes.
pub(crate) fn may_be_a_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Digest { .. } | StoreError::Half { .. })
}

/// What keeps a vault from being used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    #[error("git tracks '{path}', which must never leave this machine")]
    TrackedPrivate { path: String },
    #[error("'{path}' is in the last commit and missing here{}", and_more(*more))]
    Missing { path: String, more: usize, way: String },
    #[error("'{path}' is gone from the last commit, and no admin removed it")]
    Gone { path: VaultPath, way: String },
    #[error("the vault is read-only")]
    ReadOnly,
    #[error("there is no state folder to remember it in")]
    NoState,
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => ", and one more".to_owned(),
        more => format!(", and {more} more"),
    }
}

impl Failure for VaultError {
    fn kind(&self) -> Kind {
        match self {
            Self::TrackedPrivate { .. } | Self::Missing { .. } | Self::Gone { .. } => Kind::Damaged,
            Self::ReadOnly | Self::NoState => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TrackedPrivate { path } => {
                format!(
                    "run 'git rm -r --cached {path}' in the vault; if it was pushed, make new keys"
                )
            }
            Self::Missing { way, .. } => format!("bring it back: {way}"),
            Self::Gone { way, .. } => {
                format!("bring it back: {way}; the next change, or 'authy sync', commits that")
            }
            Self::NoState => "set AUTHY_STATE_DIR to a folder that can be written".into(),
            Self::ReadOnly => "make the folder writable, or change the vault where it is".into(),
        })
    }
}
