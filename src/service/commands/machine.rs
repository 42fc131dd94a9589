//! `join --machine`: an identity for another machine of somebody who is a member. It is theirs to add, on a
//! machine where they can sign.

use std::path::PathBuf;

use serde::Serialize;

use crate::access::AccessError;
use crate::name::{MachineName, MemberName};
use crate::service::base::{Context, OpenVault, Result};
use crate::service::identity::enroll::{self};
use crate::service::identity::{MemberError, Newcomer, acceptable, owns, refuse_taken};
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
}

/// Finds or makes the identity of this machine; nothing in the vault changes.
///
/// # Errors
/// There is no such member; the identity is another member's; a token is set, or the process confined.
pub fn machine_join(ctx: &Context, options: &MachineOptions) -> Result<MachineReport> {
    refuse_any_token(ctx)?;
    if let Some(confined) = &ctx.confined {
        return Err(AccessError::Confined { confined: confined.clone() }.into());
    }
    let opened = OpenVault::open(ctx)?;
    let (name, _) = enroll::name(ctx, &options.who)?;
    let member = opened.rules.member(&name).ok_or_else(|| MemberError::NoMember(name.clone()))?;
    if let Some(recipient) = member.machines.get(&options.machine) {
        let key = enroll::is_made(ctx, &options.who);
        let is_it = !key && enroll::identity(ctx, &options.who)?.recipient == *recipient;
        if !is_it {
            let machine = options.machine.clone();
            return Err(MemberError::MachineTaken { name, machine }.into());
        }
    }
    let mut who = options.who.clone();
    // As those who are here already have it.
    who.post_quantum |= enroll::is_made(ctx, &who) && enroll::admins_are_post_quantum(&opened);
    let key = enroll::identity(ctx, &who)?;
    let recipients = key.identity.recipients();
    recipients.iter().try_for_each(|one| acceptable(&opened, one))?;
    refuse_taken(&opened, recipients, Some(&name))?;
    enroll::remember(ctx, opened.vault.id(), &key);
    let is_known = owns(recipients, member);
    Ok(MachineReport {
        member: name.clone(),
        machine: options.machine.clone(),
        recipient: key.recipient,
        keyfile: key.file,
        keyfile_created: key.created,
        backup: key.backup,
        is_known,
    })
}
