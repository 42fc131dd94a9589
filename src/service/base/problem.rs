//! Everything that can go wrong, with its kind and what to do next.

use std::path::PathBuf;
use std::sync::Arc;

use super::sealing::SealProblem;
use super::sync::SyncProblem;
use super::team::TeamProblem;
use crate::access::AccessError;
use crate::audit::{AuditError, ChainName};
use crate::crypto::CryptoError;
use crate::fs::{FsError, VaultPath};
use crate::git::GitError;
use crate::inject::InjectError;
use crate::kind::Kind;
use crate::name::{MemberName, NameError, ScopeName, SecretName, SessionId, printable};
use crate::project::ProjectError;
use crate::session::TtlError;
use crate::store::StoreError;
use crate::transfer::TransferError;

/// A failure of a use case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("secret '{name}' not found{}", scope.as_ref().map(|s| format!(" in scope '{s}'")).unwrap_or_default())]
    NotFound { name: SecretName, scope: Option<ScopeName>, nearest: Option<SecretName> },
    #[error("secrets not found: {}", names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", "))]
    NoneOf { names: Vec<SecretName>, scope: Option<ScopeName> },
    #[error("git knows {} of secret '{name}'", version.map_or_else(|| "nothing".to_owned(), |v| format!("no version {v}")))]
    NoPast { name: SecretName, version: Option<u64> },
    #[error(
        "version {version} of '{name}' is not signed by anybody who was a member, or its file is another one"
    )]
    ForgedPast { name: SecretName, version: u64 },
    #[error("git knows {} versions {version} of '{name}', made on different clones", commits.len())]
    SeveralPast { name: SecretName, version: u64, commits: Vec<String> },
    #[error("'{}' is the template itself", printable(&.0.to_string_lossy()))]
    OwnTemplate(PathBuf),
    #[error("'{}' is no text", printable(&.0.to_string_lossy()))]
    NoText(PathBuf),
    #[error("file '{}' not found", .0.display())]
    NoFile(PathBuf),
    #[error("secret '{0}' exists already")]
    Exists(SecretName),
    #[error("secret '{0}' exists already")]
    Taken(SecretName),
    #[error("policy '{0}' exists already")]
    PolicyExists(ScopeName),
    #[error("policy '{scope}' cannot be changed as it stands: {why}")]
    PolicyUnapproved { scope: ScopeName, why: Arc<StoreError> },
    #[error("a vault exists already at '{}'", .0.display())]
    VaultExists(PathBuf),
    #[error("'{}' has '{folder}' of a vault, and no authy.toml", printable(&vault.to_string_lossy()))]
    HalfVault { vault: PathBuf, folder: &'static str },
    #[error("git's hooks lie in '{}' for every repository (core.hooksPath)", printable(&.0.to_string_lossy()))]
    HooksOfAll(PathBuf),
    #[error("secret '{0}' was changed by somebody else meanwhile")]
    ChangedMeanwhile(SecretName),
    #[error("session revoked or unknown")]
    TokenUnknown,
    #[error("{place} holds no session token")]
    TokenInvalid { place: String },
    #[error("{place} is set, but empty")]
    TokenEmpty { place: String },
    #[error("token file: {0}")]
    TokenFile(FsError),
    #[error("token file '{}' not found", printable(&.0.to_string_lossy()))]
    NoTokenFile(PathBuf),
    #[error("token file '{}' can be read by others", printable(&.0.to_string_lossy()))]
    TokenFileOpen(PathBuf),
    #[error("'{}' holds something else than a token", printable(&.0.to_string_lossy()))]
    NotATokenFile(PathBuf),
    #[error("git would pick up '{}': it lies in a work tree that does not ignore it", printable(&.0.to_string_lossy()))]
    TokenInGit(PathBuf),
    #[error("a process above was given a session token, and this one was not")]
    TokenLost,
    #[error(
        "an agent is at work here ({marker}), and what it was started under cannot be seen: scope '{scope}' is not the project's"
    )]
    Unseen { marker: String, scope: ScopeName },
    #[error("session expired at {at}")]
    TokenExpired { at: String, scope: ScopeName },
    #[error("session tokens are read-only")]
    ReadOnlyToken,
    #[error("'{0}' was made for another token")]
    ForeignGrant(VaultPath),
    #[error("'{0}' is missing, or is not the one that its grant names")]
    TornGrant(VaultPath),
    #[error("session '{}' not found", crate::name::printable(.0))]
    NoSession(String),
    #[error("'{}' is the beginning of {count} sessions", crate::name::printable(given))]
    ManySessions { given: String, count: usize },
    #[error("session {id} was made by '{creator}'")]
    OthersSession { id: SessionId, creator: MemberName },
    #[error("an agent is at work here ({marker}): without a token it reads no values")]
    Agent { marker: String, scope: Option<ScopeName> },
    #[error("no identity found{}", dir.as_ref().map(|d| format!(" in '{}'", d.display())).unwrap_or_default())]
    NoIdentity { dir: Option<PathBuf> },
    #[error("identity file '{}' not found", .0.display())]
    NoIdentityFile(PathBuf),
    #[error("there are {count} identities in '{}' and no one of them is the member's", dir.display())]
    SeveralIdentities { dir: PathBuf, count: usize },
    #[error("{count} identities in '{}' belong to members of this vault", dir.display())]
    AmbiguousIdentity { dir: PathBuf, count: usize },
    #[error("identity file '{}' can be read by others", .0.display())]
    IdentityOpen(PathBuf),
    #[error("identity: {0}")]
    IdentityFile(FsError),
    #[error("identity '{label}': {source}")]
    Identity { label: String, source: CryptoError },
    #[error("git tracks '{path}', which must never leave this machine")]
    TrackedPrivate { path: String },
    #[error("no place to record the access: the vault is read-only and there is no state folder")]
    NoAuditPlace,
    #[error("the key of audit chain '{chain}' cannot be opened: {source}")]
    ChainKey { chain: ChainName, source: CryptoError },
    #[error("the key of audit chain '{0}' is missing")]
    NoChainKey(ChainName),
    #[error("'{}' holds no clone id", .0.display())]
    BadCloneId(PathBuf),
    #[error("there is a hook '{}' already", printable(&.0.to_string_lossy()))]
    HookTaken(PathBuf),
    #[error("the vault is read-only")]
    ReadOnlyVault,
    #[error("no passphrase given")]
    NoPassphrase,
    #[error("'{0}' cannot be edited here: there is no terminal")]
    NoTerminal(SecretName),
    #[error("'{0}' is no text that an editor would leave alone")]
    NotText(SecretName),
    #[error("--only '{}' matches no secret{}", printable(pattern), in_scope(scope))]
    OnlyNothing { pattern: String, scope: Option<ScopeName> },
    #[error("a token opens the values of today, and no older ones")]
    PastByToken,
    #[error("'{name}' has no {what}")]
    NoPart { name: SecretName, what: String, keys: Vec<String> },
    #[error("'{}' is there already, and a copy of an identity overwrites nothing", printable(&.0.to_string_lossy()))]
    CopyExists(PathBuf),
    #[error("the editor left nothing of '{0}', which keeps its value")]
    Emptied(SecretName),
    #[error("'{}' does not open the old vault", printable(&.0.to_string_lossy()))]
    OldVaultKey(PathBuf),
    #[error("no key at hand opens the old vault")]
    OldVaultKeys,
    #[error("a value is at most 1 MiB")]
    TooLarge,
    #[error(transparent)]
    Ttl(#[from] TtlError),
    #[error("policy '{0}' says that already: nothing to change")]
    Unchanged(ScopeName),
    #[error("there is no state folder to remember it in")]
    NoState,
    #[error("an agent is at work here ({marker}): this is for a person to do")]
    AgentMayNot { marker: String },
    #[error("setting '{setting}' cannot be '{given}'")]
    Setting { setting: &'static str, given: String, values: &'static str },
    #[error("the label cannot be used: {rule}")]
    Label { rule: &'static str },
    #[error("no scope given")]
    NoScope,
    #[error(transparent)]
    Sealing(#[from] SealProblem),
    #[error("which scope is the project's?")]
    WhichScope { scopes: Vec<ScopeName> },
    #[error(transparent)]
    Team(#[from] TeamProblem),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Sync(#[from] SyncProblem),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Inject(#[from] InjectError),
    #[error(transparent)]
    Project(#[from] ProjectError),
}

fn in_scope(scope: &Option<ScopeName>) -> String {
    scope.as_ref().map(|scope| format!(" in scope '{scope}'")).unwrap_or_default()
}

impl Problem {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::NoneOf { .. }
            | Self::NoPast { .. }
            | Self::OnlyNothing { .. }
            | Self::NoPart { .. }
            | Self::NoSession(_) => Kind::NotFound,
            Self::PastByToken => Kind::Denied,
            Self::Exists(_)
            | Self::Taken(_)
            | Self::PolicyExists(_)
            | Self::VaultExists(_)
            | Self::CopyExists(_)
            | Self::HookTaken(_)
            | Self::HooksOfAll(_)
            | Self::NotATokenFile(_)
            | Self::ChangedMeanwhile(_) => Kind::Conflict,
            Self::PolicyUnapproved { .. }
            | Self::ReadOnlyToken
            | Self::OthersSession { .. }
            | Self::Agent { .. }
            | Self::Unseen { .. }
            | Self::AgentMayNot { .. } => Kind::Denied,
            Self::TokenUnknown
            | Self::TokenExpired { .. }
            | Self::TokenInvalid { .. }
            | Self::TokenEmpty { .. }
            | Self::TokenFile(_)
            | Self::NoTokenFile(_)
            | Self::TokenFileOpen(_)
            | Self::TokenLost
            | Self::NoIdentity { .. }
            | Self::NoIdentityFile(_)
            | Self::SeveralIdentities { .. }
            | Self::AmbiguousIdentity { .. }
            | Self::IdentityOpen(_)
            | Self::IdentityFile(_)
            | Self::OldVaultKey(_)
            | Self::OldVaultKeys
            | Self::NoPassphrase => Kind::Credentials,
            Self::ForeignGrant(_)
            | Self::ForgedPast { .. }
            | Self::TornGrant(_)
            | Self::TrackedPrivate { .. }
            | Self::HalfVault { .. }
            | Self::NoChainKey(_)
            | Self::BadCloneId(_) => Kind::Damaged,
            Self::TooLarge
            | Self::NoTerminal(_)
            | Self::NotText(_)
            | Self::Emptied(_)
            | Self::ManySessions { .. }
            | Self::SeveralPast { .. }
            | Self::Label { .. }
            | Self::Setting { .. }
            | Self::Unchanged(_)
            | Self::WhichScope { .. }
            | Self::OwnTemplate(_)
            | Self::TokenInGit(_)
            | Self::NoScope => Kind::Usage,
            Self::Sealing(error) => error.kind(),
            Self::Team(error) => error.kind(),
            Self::Transfer(error) => error.kind(),
            Self::Sync(error) => error.kind(),
            Self::Ttl(error) => error.kind(),
            Self::Identity { source, .. } | Self::ChainKey { source, .. } => source.kind(),
            Self::Name(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Access(error) => error.kind(),
            Self::Fs(error) => error.kind(),
            Self::Crypto(error) => error.kind(),
            Self::Audit(error) => error.kind(),
            Self::Git(error) => error.kind(),
            Self::Inject(error) => error.kind(),
            Self::Project(error) => error.kind(),
            // The state of this machine: no place to write, no file to read.
            _ => Kind::Failure,
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { nearest: Some(near), .. } => format!("did you mean '{near}'?"),
            Self::NotFound { scope: Some(scope), .. }
            | Self::NoneOf { scope: Some(scope), .. } => {
                format!("run 'authy list --scope {scope}'")
            }
            Self::NotFound { .. } => "run 'authy list'".into(),
            Self::Taken(name) => format!("choose another name, or remove '{name}' first"),
            Self::NoneOf { scope: None, .. } => "run 'authy list'".into(),
            Self::OwnTemplate(_) => "write the result to another file".into(),
            Self::NoFile(_) => return None,
            Self::Exists(name) => {
                format!("run 'authy rotate {name}' for a new value, or store it with --force")
            }
            Self::PolicyExists(scope) => format!("run 'authy policy update {scope}' to change it"),
            Self::PolicyUnapproved { scope, .. } => {
                format!("run 'authy approve {scope}' to look at it and sign it, or drop it with 'git checkout -- policies/{scope}.toml'")
            }
            Self::VaultExists(_) => "choose another folder with --vault".into(),
            Self::ChangedMeanwhile(_) => "look at its present value and try again".into(),
            Self::NoIdentity { dir: None } => "name one with --keyfile or AUTHY_KEYFILE, or set HOME".into(),
            Self::NoIdentity { .. } => {
                "name one with --keyfile or AUTHY_KEYFILE; 'authy join' makes one and asks to become a member".into()
            }
            Self::NoIdentityFile(_) => "name an existing file with --keyfile or AUTHY_KEYFILE".into(),
            Self::SeveralIdentities { .. } | Self::AmbiguousIdentity { .. } => "name one with --keyfile or AUTHY_KEYFILE".into(),
            Self::IdentityOpen(path) => format!("run: chmod 600 '{}'", path.display()),
            Self::IdentityFile(error) => return error.hint(),
            Self::NoPassphrase => {
                "run it in a terminal, or set AUTHY_PASSPHRASE".into()
            }
            Self::TrackedPrivate { path } => {
                format!("run 'git rm -r --cached {path}' in the vault; if it was pushed, make new keys")
            }
            Self::NoAuditPlace | Self::NoState => "set AUTHY_STATE_DIR to a folder that can be written".into(),
            Self::NoChainKey(chain) => {
                format!("restore 'audit/{chain}.key.age' with git; without it the chain cannot grow")
            }
            Self::BadCloneId(_) => "remove that file; the next command draws a new id".into(),
            Self::HalfVault { .. } => {
                "bring it back with git, as in 'git checkout HEAD -- authy.toml', or choose another folder with --vault".into()
            }
            Self::HooksOfAll(_) => {
                "give this repository its own: git config --local core.hooksPath .git/hooks".into()
            }
            Self::HookTaken(_) => "add 'authy check --staged' to it".into(),
            Self::ReadOnlyVault => "make the folder writable, or change the vault where it is".into(),
            Self::NoScope => {
                "name one with --scope, AUTHY_SCOPE or 'scope' in .authy.toml; an admin may 'run --only' without"
                    .into()
            }
            Self::Sealing(error) => return error.hint(),
            Self::Setting { values, .. } => format!("one of: {values}"),
            Self::Unchanged(scope) => format!("see 'authy policy show {scope}'"),
            Self::TooLarge | Self::Ttl(_) | Self::Name(_) => return None,
            Self::Identity { source, .. } | Self::ChainKey { source, .. } => return source.hint(),
            Self::Team(error) => return error.hint(),
            Self::Transfer(error) => return error.hint(),
            Self::Sync(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Access(error) => return error.hint(),
            Self::Fs(error) => return error.hint(),
            Self::Crypto(error) => return error.hint(),
            Self::Audit(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Inject(error) => return error.hint(),
            Self::Project(error) => return error.hint(),
            _ => return self.hint_of_session(),
        })
    }

    /// What a person can do besides, who has an identity and is no agent.
    pub(crate) fn hint_to_person(&self) -> Option<&'static str> {
        const UNSET: &str = "unset AUTHY_TOKEN and AUTHY_TOKEN_FILE to use your identity";
        match self {
            Self::TokenUnknown
            | Self::TokenInvalid { .. }
            | Self::TokenEmpty { .. }
            | Self::TokenExpired { .. }
            | Self::ReadOnlyToken
            | Self::Access(AccessError::Creator { .. }) => Some(UNSET),
            Self::TokenLost => Some("use a terminal that was not started with a token"),
            _ => None,
        }
    }

    /// The hints about editing, tokens, sessions and agents.
    fn hint_of_session(&self) -> Option<String> {
        Some(match self {
            Self::NoPast { name, version: Some(_) } | Self::ForgedPast { name, .. } => {
                format!("see 'authy history {name}'")
            }
            Self::SeveralPast { commits, .. } => {
                format!("say which with --commit: {}", commits.join(", "))
            }
            Self::NoPast { version: None, .. } => {
                "what is not committed, or was cut off by a shallow clone, is not known".into()
            }
            Self::NoTerminal(name) => format!("pipe the new value into 'authy rotate {name}'"),
            Self::OldVaultKey(_) | Self::OldVaultKeys => {
                "name the keyfile that authy 0.7 used with --from-keyfile FILE".into()
            }
            Self::OnlyNothing { scope: Some(scope), .. } => {
                format!("'authy list --scope {scope}' shows what there is")
            }
            Self::CopyExists(_) => "name another file with --backup".into(),
            Self::PastByToken => "ask somebody with an identity for it".into(),
            Self::NoPart { keys, .. } if keys.is_empty() => return None,
            Self::NoPart { keys, .. } => format!("its fields are: {}", printable(&keys.join(", "))),
            Self::OnlyNothing { .. } => "'authy list' shows what there is".into(),
            Self::Emptied(name) => {
                format!("'authy rotate {name} --raw </dev/null' makes it empty, 'authy remove {name}' removes it")
            }
            Self::NotText(name) => {
                format!("change it as a file: 'authy get {name} > FILE', then 'authy rotate {name} --raw --file FILE'")
            }
            Self::TokenUnknown => {
                "ask for a new token; in another clone only tokens made with --shared work".into()
            }
            Self::TokenInvalid { .. } | Self::TokenEmpty { .. } => "ask for a new token".into(),
            Self::TokenFile(error) => return error.hint(),
            Self::NoTokenFile(path) => format!(
                "whoever gives it out runs: authy session create --scope SCOPE --out '{}'",
                printable(&path.to_string_lossy())
            ),
            Self::NotATokenFile(_) => "choose another file, or remove that one".into(),
            Self::TokenInGit(_) => {
                "choose a place outside, such as ~/.config/authy/TOKEN, or add it to .gitignore".into()
            }
            Self::TokenFileOpen(path) => {
                format!("run: chmod 600 '{}'", printable(&path.to_string_lossy()))
            }
            Self::TokenLost => "hand it on: authy --token-file FILE, AUTHY_TOKEN_FILE, or AUTHY_TOKEN among the variables that the program passes to what it starts ('env' or 'env_vars' in its configuration)".into(),
            Self::Unseen { .. } => "name the scope in .authy.toml and have a person run 'authy allow', or hand a token on with --token-file".into(),
            Self::TokenExpired { scope, .. } => {
                format!("ask for a new token: authy session create --scope {scope}")
            }
            Self::ReadOnlyToken => "who has an identity can do it".into(),
            Self::ForeignGrant(path) | Self::TornGrant(path) => match path.travels() {
                true => format!("restore the folder of '{path}' with git, or ask for a new token"),
                false => "its creator must run 'authy session refresh' here, or make a new session".into(),
            },
            Self::NoSession(_) => "run 'authy session list'".into(),
            Self::ManySessions { .. } => "give more of the id; see 'authy session list'".into(),
            Self::OthersSession { .. } => "an admin can revoke it".into(),
            Self::Agent { scope: Some(scope), .. } => {
                format!("run 'authy run --scope {scope} -- COMMAND', ask for a session token, or run it at a terminal and agree")
            }
            Self::Agent { scope: None, .. } => {
                "run 'authy run --scope SCOPE -- COMMAND', ask for a session token, or run it at a terminal and agree".into()
            }
            Self::WhichScope { scopes } if scopes.is_empty() => {
                "name one with --scope; 'authy policy create' makes it".into()
            }
            Self::WhichScope { scopes } => {
                let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
                format!("name one with --scope: {}", names.join(", "))
            }
            Self::AgentMayNot { .. } => "run it at a terminal and agree, or without the agent".into(),
            _ => return None,
        })
    }
}
