//! Why access is not given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::seal::SealRefused;
use crate::crypto::CryptoError;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, ScopeName, SecretName, SessionId, printable};
use crate::store::StoreError;

/// Access that is denied, or that cannot be decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("invalid pattern '{pattern}': {rule}")]
    Pattern { pattern: String, rule: String },
    #[error("policy '{0}' not found")]
    NoPolicy(ScopeName, Option<ScopeName>),
    #[error("policy '{scope}' is not approved: {why}")]
    Unapproved { scope: ScopeName, why: Arc<StoreError> },
    #[error("policy '{scope}' cannot be used: {why}")]
    DamagedPolicy { scope: ScopeName, why: Arc<StoreError> },
    #[error("policy '{scope}' cannot be used: {why}")]
    BadPolicy { scope: ScopeName, why: Arc<AccessError> },
    #[error("scope '{scope}' denies '{name}'{}", deny.as_ref().map(|p| format!(" (deny \"{p}\")")).unwrap_or_default())]
    Denied { scope: ScopeName, name: SecretName, deny: Option<String> },
    #[error("no policy gives '{member}' the secret '{name}'{}", waits.as_ref().map(|scope| format!(", as '{scope}' is not approved as it stands")).unwrap_or_default())]
    NotGiven {
        member: MemberName,
        name: SecretName,
        /// The policy that did, and waits for an admin.
        waits: Option<ScopeName>,
    },
    #[error("the policy that gave '{member}' the secret '{name}' is not in force: {why}")]
    GivenByDamaged { member: MemberName, name: SecretName, why: Arc<StoreError> },
    #[error("'{member}' may not use scope '{scope}'")]
    NotListed { member: MemberName, scope: ScopeName },
    #[error("scope '{scope}' is run-only: its values go into processes, never to a reader")]
    RunOnly { scope: ScopeName },
    #[error(transparent)]
    Seal(#[from] SealRefused),
    #[error("'{member}' can only use '{name}' through run-only or sealed scopes")]
    RunOnlyMember { member: MemberName, name: SecretName },
    #[error("this shell is confined to scope '{confined}' (AUTHY_SCOPE)")]
    Confined { confined: ScopeName },
    #[error("scope '{scope}' may not start '{}'{}", printable(program), at(path.as_deref()))]
    Program { scope: ScopeName, program: String, path: Option<PathBuf>, is_unguarded: bool },
    #[error("'{0}' is not an admin of this vault")]
    NotAdmin(MemberName),
    #[error("this identity belongs to no member of the vault")]
    NotAMember,
    #[error("'{0}' waits for an admin's approval")]
    MemberWaits(MemberName),
    #[error("this identity belongs to no member in force: {why}")]
    MemberNotInForce {
        /// Whose it was when an admin last signed, where that is known.
        name: Option<MemberName>,
        why: Arc<StoreError>,
    },
    #[error("'{name}' cannot be opened: {source}")]
    Open { name: SecretName, source: CryptoError },
    #[error("'{0}' was opened without a record of it")]
    NotRecorded(SecretName),
    #[error("this session token is for scope '{scope}', not '{asked}'")]
    OtherScope { asked: ScopeName, scope: ScopeName },
    #[error(
        "this session token is run-only: values of scope '{scope}' go into processes, never to a reader"
    )]
    RunOnlyToken { scope: ScopeName },
    #[error("session {id} was not given '{name}'")]
    NotInGrant { name: SecretName, id: SessionId, creator: MemberName },
    #[error(
        "session revoked or unknown: its creator '{creator}' may not use scope '{scope}' any more"
    )]
    Creator { creator: MemberName, scope: ScopeName },
    #[error("'{name}' has changed since session {id} was last refreshed")]
    Stale { name: SecretName, creator: MemberName, id: SessionId },
}

/// What to do besides, said to a person.
pub(crate) const USE_IDENTITY: &str = "unset AUTHY_TOKEN and AUTHY_TOKEN_FILE to use your identity";

impl Failure for AccessError {
    fn kind(&self) -> Kind {
        match self {
            Self::Pattern { .. } => Kind::Usage,
            Self::Seal(error) => error.kind(),
            Self::NoPolicy(..) => Kind::NotFound,
            Self::DamagedPolicy { .. }
            | Self::GivenByDamaged { .. }
            | Self::BadPolicy { .. }
            | Self::MemberNotInForce { .. } => Kind::Damaged,
            Self::Open { source, .. } => source.kind(),
            Self::Creator { .. } | Self::Stale { .. } => Kind::Credentials,
            Self::NotRecorded(_) => Kind::Failure,
            Self::Unapproved { .. }
            | Self::Denied { .. }
            | Self::NotGiven { .. }
            | Self::NotListed { .. }
            | Self::RunOnly { .. }
            | Self::RunOnlyMember { .. }
            | Self::Confined { .. }
            | Self::Program { .. }
            | Self::NotAdmin(_)
            | Self::NotAMember
            | Self::MemberWaits(_)
            | Self::OtherScope { .. }
            | Self::RunOnlyToken { .. }
            | Self::NotInGrant { .. } => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Pattern { .. } => {
                "'*' is any run of characters, '?' one, '[a-z]' a set, '{a,b}' a choice".into()
            }
            Self::NoPolicy(_, Some(near)) => format!("did you mean '{near}'?"),
            Self::NoPolicy(scope, None) => format!(
                "run 'authy policy list', or make it: authy policy create {scope} --allow 'PATTERN'"
            ),
            Self::Unapproved { scope, .. } => format!(
                "an admin runs 'authy approve {scope}'; to drop the edit: git checkout -- policies/{scope}.toml"
            ),
            Self::DamagedPolicy { scope, why } => {
                return why.hint().or_else(|| Some(format!("see policies/{scope}.toml")));
            }
            Self::GivenByDamaged { why, .. } => return why.hint(),
            Self::BadPolicy { scope, .. } => format!("see 'authy policy show {scope}'"),
            Self::Denied { scope, name, .. } => format!(
                "run 'authy policy test --scope {scope} {name}'; an admin can run 'authy policy update {scope} --allow {name}'"
            ),
            Self::NotGiven { waits: Some(scope), .. } => {
                format!("an admin looks at the edit and decides: 'authy approve {scope}'")
            }
            Self::NotGiven { .. } | Self::NotListed { .. } => {
                "ask an admin to list you in a policy that allows it".into()
            }
            Self::RunOnly { scope } | Self::RunOnlyToken { scope } => format!(
                "run 'authy run --scope {scope} -- COMMAND' instead; with '--file VARIABLE=TEMPLATE' it gets a file"
            ),
            Self::Seal(error) => return Some(error.hint()),
            Self::RunOnlyMember { .. } => "run 'authy run --scope SCOPE -- COMMAND' instead".into(),
            Self::Confined { confined } => {
                format!("use scope '{confined}', or a shell that was not started by 'authy run'")
            }
            Self::Program { scope, path, is_unguarded, .. } => {
                hint_of_program(scope, path.as_deref().filter(|_| *is_unguarded))
            }
            Self::MemberWaits(name) => {
                format!("run 'authy sync', and ask an admin to run 'authy approve {name}'")
            }
            Self::NotAdmin(_) => "ask an admin to do it".into(),
            Self::NotAMember => {
                "use another identity with --keyfile, or ask an admin to add this one".into()
            }
            Self::Open { source, .. } => return hint_of_open(source),
            Self::MemberNotInForce { name: Some(name), .. } => {
                format!("run 'authy sync'; an admin decides about the edit: 'authy approve {name}'")
            }
            Self::MemberNotInForce { why, .. } => return why.hint(),
            Self::OtherScope { scope, .. } => {
                format!("use scope '{scope}', or ask for a token of the other one")
            }
            Self::NotInGrant { creator, .. } => {
                format!(
                    "a new secret reaches the session once '{creator}' runs 'authy session refresh' here; a wider policy needs a new token"
                )
            }
            Self::Creator { .. } => "ask for a new token".into(),
            Self::Stale { creator, .. } => {
                format!("'{creator}' must run 'authy session refresh' here, or make a new session")
            }
            Self::NotRecorded(_) => return None,
        })
    }

    fn hint_to_person(&self) -> Option<&'static str> {
        matches!(self, Self::Creator { .. }).then_some(USE_IDENTITY)
    }
}

fn at(path: Option<&Path>) -> String {
    path.map(|path| format!(" ({})", printable(&path.to_string_lossy()))).unwrap_or_default()
}

/// What helps where a value did not open. Access was decided before that, so the owner of this
/// very identity may read it.
fn hint_of_open(source: &CryptoError) -> Option<String> {
    match source {
        CryptoError::NotAReader => Some(
            "you may read it, but it is not encrypted to you yet: an admin does that with 'authy rekey'".into(),
        ),
        other => other.hint(),
    }
}

/// What to do about a program that may not be started; `unguarded` is where one lies whose
/// name would do, if the user could not have put it there.
fn hint_of_program(scope: &ScopeName, unguarded: Option<&Path>) -> String {
    match unguarded.map(|path| printable(&path.to_string_lossy())) {
        Some(path) => format!(
            "a bare name means a program that you cannot replace; an admin can allow '{path}' by its path"
        ),
        None => format!("see its commands with 'authy policy show {scope}'"),
    }
}
