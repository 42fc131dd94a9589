//! What a front found out before it calls: places, identity, time; and how to ask back.

use std::fmt;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::name::{MemberName, ScopeName, printable};
use crate::secret::SecretBytes;

/// Where the identity comes from.
#[derive(Debug, Clone)]
pub enum IdentitySource {
    /// The identity itself (`AUTHY_IDENTITY`).
    Text(SecretBytes),
    /// An identity file that was named.
    File(PathBuf),
    /// The one usable identity in `~/.authy/keys`.
    Default,
}

/// The world as a front sees it: flag before environment before `.authy.toml` before vault.
pub struct Context {
    /// The vault's folder.
    pub vault: PathBuf,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Where this machine remembers vaults; the vault's id is added below it.
    pub state: Option<PathBuf>,
    /// Where the identity comes from.
    pub identity: IdentitySource,
    /// `AUTHY_TOKEN`, if it is set at all, even empty: then no identity is ever used.
    pub token: Option<SecretBytes>,
    /// `AUTHY_SCOPE`: the scope this process is confined to.
    pub confined: Option<ScopeName>,
    /// The user's login name, for `init`.
    pub user: Option<String>,
    /// The present moment.
    pub now: OffsetDateTime,
    /// Answers questions and takes notes.
    pub front: Box<dyn Front>,
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
    /// A new passphrase for `what`, asked twice; `None` where there is nobody to ask.
    fn new_passphrase(&self, what: &str) -> Option<SecretBytes>;
    /// Something the user should know; never an error.
    fn note(&self, note: &Note);
}

/// Something the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// This machine had not seen the vault before; its admins are now pinned.
    FirstUse {
        /// Each admin's name and the fingerprint of the verify key.
        admins: Vec<(MemberName, String)>,
    },
    /// The state folder cannot be written: nothing is pinned.
    NoPins {
        /// Why.
        reason: String,
    },
    /// The vault is read-only: the audit line went into this file.
    AuditElsewhere {
        /// The chain's file.
        file: PathBuf,
    },
    /// An interrupted change was completed.
    Recovered,
    /// The change is in the files, but not committed.
    CommitDeferred {
        /// Why, in a sentence.
        reason: String,
        /// What to do, where there is something.
        hint: Option<String>,
    },
    /// A policy that waits for an admin's signature gives nothing to the new secret.
    Unapproved {
        /// The policies.
        policies: Vec<ScopeName>,
    },
    /// Something that gives out no value could not be recorded.
    NotRecorded {
        /// Why.
        reason: String,
    },
    /// A pattern of `--only` matches nothing that the scope reaches.
    OnlyNothing {
        /// The pattern.
        pattern: String,
    },
    /// The vault lies inside a project's repository.
    ManualCommit,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstUse { admins } => {
                f.write_str("first use of this vault on this machine; its admins:")?;
                admins.iter().try_for_each(|(name, print)| write!(f, " {name} ({print})"))
            }
            Self::NoPins { reason } => {
                write!(f, "nothing about this vault can be remembered: {}", printable(reason))
            }
            Self::AuditElsewhere { file } => write!(
                f,
                "the vault is read-only; the audit line went to '{}'",
                printable(&file.to_string_lossy())
            ),
            Self::Recovered => f.write_str("completed a change that was interrupted"),
            Self::CommitDeferred { reason, hint } => {
                write!(f, "not committed: {}; the next change commits it", printable(reason))?;
                hint.iter().try_for_each(|hint| write!(f, " ({})", printable(hint)))
            }
            Self::Unapproved { policies } => {
                f.write_str("not approved, so they give the new secret to nobody:")?;
                policies.iter().try_for_each(|name| write!(f, " {name}"))
            }
            Self::NotRecorded { reason } => {
                write!(f, "this could not be recorded in the audit trail: {}", printable(reason))
            }
            Self::OnlyNothing { pattern } => {
                write!(f, "--only '{}' matches nothing in the scope", printable(pattern))
            }
            Self::ManualCommit => f.write_str(
                "the vault lies inside another git repository: authy will not commit there, and \
                 keeps the audit trail in '.local', out of git",
            ),
        }
    }
}
