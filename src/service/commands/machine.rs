//! `join --machine`: an identity for another machine of somebody who is a member. It is theirs to add, on a
//! machine where they can sign.

use std::path::PathBuf;

use serde::Serialize;

use crate::name::{MachineName, MemberName};
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::enroll::{self};
use crate::service::identity::{MemberError, NameSource, Newcomer, owns, refuse_taken};
use crate::service::session::refuse_any_token;

/// Another machine of a member.
#[derive(Debug, Clone)]
pub struct MachineOptions {
    /// Whose it is, and how an identity is made where there is none.
    pub who: Newcomer,
    /// What it is called.
    pub machine: MachineName,
}

/// The identity of the machine.
#[derive(Debug, Clone, Serialize)]
pub struct MachineReport {
    /// Whose it is.
    pub member: MemberName,
    /// What it is called.
    pub machine: MachineName,
    /// The recipient to add.
    pub recipient: String,
    /// The identity file, unless the identity came from the environment.
    pub keyfile: Option<PathBuf>,
    /// Whether that file is new.
    pub keyfile_created: bool,
    /// The copy of the identity that was made.
    pub backup: Option<PathBuf>,
    /// Whether the member has the recipient already.
    pub is_known: bool,
    /// The machine that it is called there.
    pub known_as: Option<MachineName>,
}

/// Finds or makes the identity of this machine; nothing in the vault changes.
///
/// # Errors
/// There is no such member; the identity is another member's; a token is set, or the process confined.
pub fn machine_join(ctx: &Context, options: &MachineOptions) -> Result<MachineReport> {
    refuse_any_token(ctx)?;
    ctx.refuse_confined()?;
    let opened = OpenVault::open(ctx)?;
    let (name, source) = enroll::name(ctx, &options.who)?;
    let member = opened.rules.member(&name).ok_or_else(|| match source {
        NameSource::Given => MemberError::NoMember(name.clone()),
        _ => MemberError::WhoseMachine(name.clone()),
    })?;
    let taken = member.machines.get(&options.machine);
    let is_taken =
        || MemberError::MachineTaken { name: name.clone(), machine: options.machine.clone() };
    // Nothing is made for a name that is another machine's.
    if taken.is_some() && enroll::is_made(ctx, &options.who) {
        return Err(is_taken().into());
    }
    let key = enroll::identity_for(ctx, &opened, &options.who)?;
    if taken.is_some_and(|recipient| *recipient != key.recipient) {
        return Err(is_taken().into());
    }
    let recipients = key.identity.recipients();
    refuse_taken(&opened, recipients, Some(&name))?;
    enroll::remember(ctx, opened.vault.id(), &key);
    let is_known = owns(recipients, member);
    let named = member.machines.iter().find(|(_, recipient)| **recipient == key.recipient);
    let known_as = named.map(|(machine, _)| machine.clone());
    Ok(MachineReport {
        member: name.clone(),
        machine: options.machine.clone(),
        recipient: key.recipient,
        keyfile: key.file,
        keyfile_created: key.created,
        backup: key.backup,
        is_known,
        known_as,
    })
}
