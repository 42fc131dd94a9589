//! What can go wrong with members and approvals, with its kind and what to do next.

use std::sync::Arc;

use crate::kind::{Failure, Kind};
use crate::name::{MachineName, MemberName, ScopeName, printable};
use crate::store::StoreError;

/// A failure about who belongs to the vault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemberError {
    #[error("member '{0}' not found")]
    NoMember(MemberName),
    #[error("no member is called '{0}', as git and the system call you")]
    WhoseMachine(MemberName),
    #[error("member '{0}' exists already")]
    MemberExists(MemberName),
    #[error("member '{0}' exists already")]
    NameTaken(MemberName),
    #[error("member '{0}' waits for approval already")]
    MemberWaits(MemberName),
    #[error("the file of member '{name}' is not in force: {why}")]
    MemberUnfit { name: MemberName, why: Arc<StoreError> },
    #[error("this recipient is '{0}'s already")]
    RecipientTaken(MemberName),
    #[error("a member needs a recipient")]
    NoRecipient,
    #[error("'{0}' needs a recipient, and this is the last one")]
    LastRecipient(MemberName),
    #[error("'{other}' is not a recipient of '{name}'")]
    NotHisRecipient { name: MemberName, other: String },
    #[error("'{name}' has no machine called '{machine}'")]
    NoMachine { name: MemberName, machine: MachineName },
    #[error("'{name}' has a machine called '{machine}' already, with another recipient")]
    MachineTaken { name: MemberName, machine: MachineName },
    #[error("a machine has one recipient")]
    WhichOfMachine,
    #[error("what is encrypted to '{0}' is theirs to say")]
    OwnRecipients(MemberName),
    #[error("'{0}' is an admin, and would give up the identity in use")]
    OwnIdentity(MemberName),
    #[error("member '{0}' is that already: nothing to change")]
    MemberUnchanged(MemberName),
    #[error("member '{0}' has no signing key")]
    NoSigningKey(MemberName),
    #[error("the signing key in 'members/{0}.toml' is not the one that its verify key belongs to")]
    ForeignSigningKey(MemberName),
    #[error("the request in 'members/{0}.toml' is not signed by the member it is for")]
    ForgedRequest(MemberName),
    #[error("'{0}' is an admin: another signing key needs another set of admins")]
    AdminKey(MemberName),
    #[error("'{0}' is the only admin, and a vault needs one")]
    LastAdmin(MemberName),
    #[error("admins do not remove themselves")]
    SelfRemoval(MemberName),
    #[error("'{0}' is an admin already")]
    AdminAlready(MemberName),
    #[error("'members/{0}.toml' is a removal that no admin made")]
    UnapprovedRemoval(MemberName),
    #[error("a member and a policy are called '{}', and both wait", printable(.0))]
    TwoOfOneName(String),
    #[error("there is no member or policy '{}' that waits for approval", printable(.0))]
    NothingToApprove(String),
    #[error("'{}' is not the file that was shown", printable(.0))]
    ClaimChanged(String),
    #[error("policy '{0}' was changed by somebody else meanwhile")]
    PolicyChanged(ScopeName),
    #[error(transparent)]
    Damaged(Arc<StoreError>),
}

impl Failure for MemberError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoMember(_)
            | Self::WhoseMachine(_)
            | Self::NothingToApprove(_)
            | Self::NoMachine { .. }
            | Self::NotHisRecipient { .. } => Kind::NotFound,
            Self::WhichOfMachine => Kind::Usage,
            Self::MemberExists(_)
            | Self::NameTaken(_)
            | Self::MemberWaits(_)
            | Self::ClaimChanged(_)
            | Self::PolicyChanged(_)
            | Self::AdminAlready(_)
            | Self::MachineTaken { .. }
            | Self::RecipientTaken(_) => Kind::Conflict,
            Self::MemberUnfit { .. }
            | Self::NoSigningKey(_)
            | Self::ForgedRequest(_)
            | Self::AdminKey(_)
            | Self::LastAdmin(_)
            | Self::SelfRemoval(_)
            | Self::OwnRecipients(_)
            | Self::OwnIdentity(_)
            | Self::UnapprovedRemoval(_) => Kind::Denied,
            Self::ForeignSigningKey(_) => Kind::Damaged,
            Self::NoRecipient
            | Self::TwoOfOneName(_)
            | Self::LastRecipient(_)
            | Self::MemberUnchanged(_) => Kind::Usage,
            Self::Damaged(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::WhoseMachine(_) => "say which member you are: --name NAME".into(),
            Self::NoMember(_) => "run 'authy member list'".into(),
            Self::MemberExists(name) => format!("see 'authy member show {name}'"),
            Self::NameTaken(name) => format!(
                "somebody else? 'authy join --name NAME'; {name} on another machine? 'authy join --name {name} --machine NAME'"
            ),
            Self::MemberWaits(name) => format!("an admin runs 'authy approve {name}'"),
            Self::MemberUnfit { name, .. } | Self::ForeignSigningKey(name) => {
                format!("see 'git log -- members/{name}.toml' and restore the version you trust")
            }
            Self::RecipientTaken(name) => {
                format!("each identity belongs to one member; see 'authy member show {name}'")
            }
            Self::TwoOfOneName(name) => {
                let name = printable(name);
                format!("say which: 'authy approve member {name}' or 'authy approve policy {name}'")
            }
            Self::NoRecipient => "give --recipient or --recipients-file".into(),
            Self::LastRecipient(name) => {
                format!("give another with --recipient, or run 'authy member remove {name}'")
            }
            Self::NotHisRecipient { name, .. } | Self::MemberUnchanged(name) => {
                format!("see 'authy member show {name}'")
            }
            Self::OwnIdentity(name) => format!(
                "add the other one first, and take this one away with that: authy --keyfile OTHER member update {name} --remove-recipient …"
            ),
            Self::NoMachine { name, .. } => format!("'authy member show {name}' lists them"),
            Self::MachineTaken { name, machine } => format!(
                "call this one otherwise, or give the other up first: 'authy member update {name} --remove-machine {machine}'"
            ),
            Self::WhichOfMachine => "give one --recipient with --machine".into(),
            Self::OwnRecipients(name) => {
                format!("they run 'authy member update {name}', and an admin approves it")
            }
            Self::NoSigningKey(name) => {
                format!("such a member only reads; 'authy join --name {name}' asks for more")
            }
            Self::ForgedRequest(name) => format!(
                "have '{name}' run 'authy join' again, or drop it: see 'git log -- members/{name}.toml'"
            ),
            Self::AdminKey(_) => "have another admin remove them and approve them again".into(),
            Self::LastAdmin(_) => "make another one first: authy member add NAME --admin".into(),
            Self::SelfRemoval(_) => "ask another admin to do it".into(),
            Self::AdminAlready(name) => format!("see 'authy member show {name}'"),
            Self::UnapprovedRemoval(name) => {
                format!("to remove them run 'authy member remove {name}'")
            }
            Self::NothingToApprove(_) => {
                "'authy sync' brings what was sent since, and 'authy approve' shows what waits"
                    .into()
            }
            Self::PolicyChanged(name) => format!("look at it again: authy policy show {name}"),
            Self::ClaimChanged(_) => "somebody changed it meanwhile: look at it again".into(),
            Self::Damaged(error) => return error.hint(),
        })
    }
}
