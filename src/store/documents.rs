//! The signed documents that admins write: settings, admin sets, members, policies.
//!
//! Plain data in the order in which the files show it; unknown keys are errors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sealed::SealedRule;
use super::stamp::Stamp;
use super::subject::SubjectTemplate;
use crate::crypto::sign::VerifyKey;
use crate::fs::{Listing, Subject, VaultPath};
use crate::name::{GroupName, MachineName, MemberName, NameError, PluginName, ScopeName, Ttl};
use crate::words::{words, words_read};

/// The format that this authy reads and writes.
pub(crate) const FORMAT: u32 = 1;

words! {
    /// Whether a change becomes a commit by itself.
    pub enum CommitMode {
        /// Every change is one commit.
        Auto = "auto",
        /// The user commits (a vault inside a project's repository).
        Manual = "manual",
    }
}
words_read!(CommitMode { Auto, Manual });

words! {
    /// Where audit chains live.
    pub enum AuditMode {
        /// In `audit/`, committed with the next change.
        Repo = "repo",
        /// In `.local/audit/`, ignored by git, verifiable only in this clone.
        Local = "local",
    }
}
words_read!(AuditMode { Repo, Local });

words! {
    /// What agents without a token may do.
    #[derive(Default)]
    pub enum Agents {
        /// Reading commands behave as run-only.
        #[default]
        RunOnly = "run-only",
        /// No difference is made.
        Allow = "allow",
    }
}
words_read!(Agents { RunOnly, Allow });

words! {
    /// Whether changes are sent to the remote as they are made.
    #[derive(Default)]
    pub enum SyncMode {
        /// `authy sync` sends them.
        #[default]
        Manual = "manual",
        /// Each change is sent at once, as `authy sync` does it.
        Auto = "auto",
    }
}
words_read!(SyncMode { Manual, Auto });

impl SyncMode {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over like this")]
    fn is_manual(&self) -> bool {
        *self == Self::Manual
    }
}

/// `authy.toml`: the vault's settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Format version of the whole vault.
    pub(crate) format: u32,
    /// The vault's id: 32 hex digits.
    pub(crate) vault: String,
    /// When the vault was made.
    pub(crate) created: Stamp,
    /// Whether authy commits.
    pub(crate) commit: CommitMode,
    /// Where audit chains live.
    pub(crate) audit: AuditMode,
    /// What agents without a token may do.
    #[serde(default)]
    pub(crate) agents: Agents,
    /// Whether changes are sent as they are made; absent means `manual`.
    #[serde(default, skip_serializing_if = "SyncMode::is_manual")]
    pub(crate) sync: SyncMode,
    /// How the first line of a commit's message reads, where a hook wants more than authy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<SubjectTemplate>,
    /// The age plugins that members' recipients may need.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) plugins: BTreeSet<PluginName>,
    /// Counts the changes of this file; a vault whose settings were never changed has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) version: u64,
}

impl Config {
    /// A commit's message as the settings want it.
    pub(crate) fn message(&self, message: &str) -> String {
        self.subject.as_ref().map_or_else(|| message.to_owned(), |subject| subject.apply(message))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// `admins/<n>.toml`: the n-th set of admins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminSet {
    /// n: equals the file's number.
    pub(crate) version: u32,
    /// Who the admins are, and with which keys they sign.
    pub(crate) admins: BTreeMap<MemberName, VerifyKey>,
}

/// `members/<member>.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Counts the changes of this file; whoever writes one by hand may leave it out.
    #[serde(default)]
    pub(crate) version: u64,
    /// Set when the member was removed: a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed: Option<Stamp>,
    /// age and ssh recipients, as their owners write them.
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
    /// The groups this member belongs to.
    #[serde(default)]
    pub(crate) groups: Vec<GroupName>,
    /// The key that checks this member's signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verify: Option<VerifyKey>,
    /// Keys that this member signed with before: they began audit chains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) former: Vec<VerifyKey>,
    /// The signing key, an armored age file encrypted to this member's own recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing: Option<String>,
    /// Which of the recipients is which machine's, as far as the member says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) machines: BTreeMap<MachineName, String>,
}

/// `policies/<scope>.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Counts the changes of this file; whoever writes one by hand may leave it out.
    #[serde(default)]
    pub(crate) version: u64,
    /// Set when the policy was removed: a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed: Option<Stamp>,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    /// Patterns of names that the scope reaches.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// Patterns that override `allow`.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// Members and `@groups` who may use the scope; admins always may.
    #[serde(default)]
    pub(crate) members: Vec<Grantee>,
    /// Values go into processes only, never to a reader.
    #[serde(default)]
    pub(crate) run_only: bool,
    /// Patterns of programs that `run` may start; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commands: Option<Vec<String>>,
    /// Longest life of a session of this scope, such as `8h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_ttl: Option<Ttl>,
    /// No value is handed out at all: programs use what is sealed, and never hold it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) seal_only: bool,
    /// Secrets that programs can use without holding them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sealed: Vec<SealedRule>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// A kind of document that admins sign, one for each name, and that leaves a tombstone when it
/// is removed: all that reading, pinning, signing and merging one has to know.
pub(crate) trait Document: Clone + Serialize + DeserializeOwned {
    /// What names one.
    type Name: Clone + Ord;
    /// The folder that they lie in.
    const LISTING: Listing;
    /// Where the one of this name lies.
    fn path(name: &Self::Name) -> VaultPath;
    /// The name, where a path is one of a document of this kind.
    fn name(subject: &Subject) -> Option<&Self::Name>;
    /// Counts its changes.
    fn version(&self) -> u64;
    /// The same document under another version.
    fn with_version(self, version: u64) -> Self;
    /// Whether it is a tombstone.
    fn is_removed(&self) -> bool;
}

impl Document for Member {
    type Name = MemberName;
    const LISTING: Listing = Listing::Members;
    fn path(name: &MemberName) -> VaultPath {
        VaultPath::member(name)
    }
    fn name(subject: &Subject) -> Option<&MemberName> {
        if let Subject::Member(name) = subject { Some(name) } else { None }
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn with_version(self, version: u64) -> Self {
        Self { version, ..self }
    }
    fn is_removed(&self) -> bool {
        self.removed.is_some()
    }
}

impl Document for Policy {
    type Name = ScopeName;
    const LISTING: Listing = Listing::Policies;
    fn path(name: &ScopeName) -> VaultPath {
        VaultPath::policy(name)
    }
    fn name(subject: &Subject) -> Option<&ScopeName> {
        if let Subject::Policy(name) = subject { Some(name) } else { None }
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn with_version(self, version: u64) -> Self {
        Self { version, ..self }
    }
    fn is_removed(&self) -> bool {
        self.removed.is_some()
    }
}

/// Who a policy names: a member, or a group written `@name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grantee {
    /// One member.
    Member(MemberName),
    /// Every member of a group.
    Group(GroupName),
}

impl Grantee {
    /// Parses `alice` or `@backend`.
    ///
    /// # Errors
    /// [`NameError`] with the rule that the name breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix('@') {
            Some(group) => GroupName::parse(group).map(Self::Group),
            None => MemberName::parse(text).map(Self::Member),
        }
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "{name}"),
            Self::Group(name) => write!(f, "@{name}"),
        }
    }
}

impl Serialize for Grantee {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grantee {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
