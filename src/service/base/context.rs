//! What a front found out before it calls: places, identity, time; and how to ask back.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use time::OffsetDateTime;

use super::note::Note;
use super::once::OnceIdentity;
use super::plugin::PluginAccess;
use crate::access::AccessError;
use crate::crypto::Identity;
use crate::name::ScopeName;
use crate::secret::SecretBytes;

/// Where the identity comes from.
#[derive(Debug, Clone)]
pub enum IdentitySource {
    /// The identity itself (`AUTHY_IDENTITY`).
    Text(SecretBytes),
    /// What a program prints, or what comes through a pipe.
    Once(OnceIdentity),
    /// An identity file that was named.
    File(PathBuf),
    /// The one usable identity in `~/.authy/keys`.
    Default,
    /// An identity that was opened before: nobody is asked for a passphrase again.
    Open(OpenIdentity),
}

/// An identity in memory, for a front that makes many calls; wiped with the last copy.
#[derive(Clone)]
pub struct OpenIdentity(pub(crate) Arc<Identity>);

impl fmt::Debug for OpenIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where the session token comes from. Where there is one, no identity is ever used.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// The token itself (`AUTHY_TOKEN`), even an empty text; blanks around it do not count.
    Text(SecretBytes),
    /// A file that holds it (`--token-file`, `AUTHY_TOKEN_FILE`, `token_file`).
    File(PathBuf),
    /// A file that is not named: `AUTHY_TOKEN_FILE` is set, and empty.
    NoFile,
    /// A process above was given one, and this one was not.
    Lost,
}

/// An AI agent at work.
#[derive(Debug, Clone)]
pub struct AgentAtWork {
    /// What tells, such as the name of a variable.
    pub marker: String,
    /// Whether it works below a `run` of a person, who gave it the scope: it reads what that scope
    /// gives. It changes no more than any other.
    pub has_scope_of_person: bool,
    /// Set where the processes above it cannot be seen.
    pub unseen: Option<Unseen>,
}

/// An agent is at work, and what it was started under cannot be seen.
#[derive(Debug, Clone)]
pub struct Unseen {
    /// The one scope that may be used all the same: of an allowed project file.
    pub project: Option<ScopeName>,
}

/// The world as a front sees it: flag before environment before `.authy.toml` before vault.
pub struct Context {
    /// The vault's folder.
    pub vault: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Where this machine remembers vaults; the vault's id is added below it.
    pub state: Option<PathBuf>,
    /// Where a run is recorded when neither the vault nor `state` can be written, the preferred
    /// folder first; it is made, and used only where it is this user's and nobody else's.
    pub makeshift: Vec<PathBuf>,
    /// Where the identity comes from.
    pub identity: IdentitySource,
    /// The session token, if one is given at all: then no identity is ever used.
    pub token: Option<TokenSource>,
    /// The AI agent at work, where one is; `None` for a person.
    pub agent: Option<AgentAtWork>,
    /// `AUTHY_SCOPE`, here or of a process above: the scope this process is confined to.
    pub confined: Option<ScopeName>,
    /// The present moment.
    pub now: OffsetDateTime,
    /// How age plugins are started; `None`: not at all.
    pub plugins: Option<PluginAccess>,
    /// Answers questions and takes notes.
    pub front: Box<dyn Front>,
}

impl Context {
    /// A person at the vault in this folder, with the identity of `~/.authy/keys` once `home` is set,
    /// on a machine that remembers nothing until `state` is.
    pub fn new(vault: PathBuf, front: Box<dyn Front>) -> Self {
        Self {
            vault,
            home: None,
            state: None,
            makeshift: Vec::new(),
            identity: IdentitySource::Default,
            token: None,
            agent: None,
            confined: None,
            now: front.now(),
            plugins: None,
            front,
        }
    }

    /// Refuses a process that is confined to a scope.
    ///
    /// # Errors
    /// `Confined`.
    pub(crate) fn refuse_confined(&self) -> Result<(), AccessError> {
        match &self.confined {
            Some(confined) => Err(AccessError::Confined { confined: confined.clone() }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("vault", &self.vault)
            .field("identity", &self.identity)
            .field("confined", &self.confined)
            .finish_non_exhaustive()
    }
}

/// Answers the library's questions and takes its notes.
pub trait Front {
    /// The passphrase of `what`; `None` where there is nobody to ask.
    fn passphrase(&self, what: &str) -> Option<SecretBytes>;
    /// The passphrase that is given without a question (`AUTHY_PASSPHRASE`).
    fn given_passphrase(&self) -> Option<SecretBytes> {
        None
    }
    /// Whether to ask once more for the passphrase of `what`, as the one that was given is wrong.
    fn asks_again(&self, _what: &str) -> bool {
        false
    }
    /// A new passphrase for `what`, asked twice; `None` where there is nobody to ask.
    fn new_passphrase(&self, what: &str) -> Option<SecretBytes>;
    /// Whether the person at the terminal says yes to `question`; false where there is nobody.
    fn consents(&self, question: &str) -> bool;
    /// Whether a process above that runs in `scope` was given this value in its environment.
    fn was_given_above(&self, _scope: &ScopeName, _value: &SecretBytes) -> bool {
        false
    }
    /// The present moment, for what happens long after the start.
    fn now(&self) -> OffsetDateTime;
    /// Something the user should know; never an error.
    fn note(&self, note: &Note);
    /// How many of how many there are were done, while many are: secrets that are encrypted,
    /// chains that are verified.
    fn progress(&self, _done: usize, _total: usize) {}
}
