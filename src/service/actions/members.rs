//! Members: added by an admin with their recipients, listed and shown to anybody.

use serde::Serialize;

use crate::audit::Op;
use crate::crypto::Recipient;
use crate::name::{GroupName, MemberName};
use crate::service::base::context::Context;
use crate::service::base::enacting::{Edict, Encryption, enact};
use crate::service::base::error::Result;
use crate::service::base::newcomer::refuse_taken;
use crate::service::base::opening::Opened;
use crate::service::base::readers::note_pending;
use crate::service::base::recorder::AuditAction;
use crate::service::base::team::TeamProblem;
use crate::service::base::transaction::LockedVault;
use crate::store::{Member, Standing};

/// A member to add.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The name.
    pub name: MemberName,
    /// age recipients (`age1…`) and ssh public keys.
    pub recipients: Vec<String>,
    /// Groups to belong to.
    pub groups: Vec<GroupName>,
}

/// A member as people see one.
#[derive(Debug, Clone, Serialize)]
pub struct MemberView {
    /// The name.
    pub name: MemberName,
    /// `in-force`, `unapproved` or `damaged`.
    pub status: &'static str,
    /// Whether the member is an admin.
    pub admin: bool,
    /// Whether the member can sign, and so store and change secrets.
    pub writes: bool,
    /// Groups.
    pub groups: Vec<GroupName>,
    /// What is encrypted to the member.
    pub recipients: Vec<String>,
    /// Counts changes.
    pub version: u64,
    /// Why the file is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Adds a member by recipients alone, who reads what the policies give and signs nothing.
///
/// # Errors
/// The name is taken, a recipient is none or belongs to somebody; the caller is no admin.
pub fn member_add(ctx: &Context, new: &NewMember) -> Result<()> {
    let recipients = parse(&new.recipients)?;
    let locked = LockedVault::lock(ctx, &Op::MEMBER_ADD)?;
    let action =
        AuditAction { detail: Some(new.name.to_string()), ..AuditAction::new(Op::MEMBER_ADD) };
    locked.transact(ctx, &action, |tx| {
        locked.require_admin(ctx)?;
        refuse_taken(&locked.opened, &recipients, None)?;
        let member = Member {
            version: next_version(&locked.opened, &new.name)?,
            recipients: recipients.iter().map(ToString::to_string).collect(),
            groups: new.groups.clone(),
            ..Member::default()
        };
        let edict = Edict { members: vec![(new.name.clone(), member)], ..Edict::default() };
        enact(ctx, &locked, tx, (&edict, Encryption::Later))?;
        Ok((format!("Add member {}", new.name), ()))
    })?;
    drop(locked);
    note_pending(ctx)
}

/// Lists the members, sorted by name; this needs no identity.
///
/// # Errors
/// No vault, or a damaged one.
pub fn member_list(ctx: &Context) -> Result<Vec<MemberView>> {
    let opened = Opened::open(ctx)?;
    let views = opened.rules.standings().filter_map(|(name, file)| view(&opened, name, file));
    let views = views.collect();
    opened.settle(ctx);
    Ok(views)
}

/// Shows one member; this needs no identity.
///
/// # Errors
/// There is no such member.
pub fn member_show(ctx: &Context, name: &MemberName) -> Result<MemberView> {
    let opened = Opened::open(ctx)?;
    let found = opened.rules.standing(name).and_then(|file| view(&opened, name, file));
    opened.settle(ctx);
    Ok(found.ok_or_else(|| TeamProblem::NoMember(name.clone()))?)
}

/// The recipients, each once.
fn parse(texts: &[String]) -> Result<Vec<Recipient>> {
    let mut all = Vec::new();
    for text in texts {
        let recipient = Recipient::parse(text.trim())?;
        if !all.contains(&recipient) {
            all.push(recipient);
        }
    }
    match all.is_empty() {
        true => Err(TeamProblem::NoRecipient.into()),
        false => Ok(all),
    }
}

fn next_version(opened: &Opened, name: &MemberName) -> Result<u64> {
    match opened.rules.standing(name) {
        None => Ok(1),
        Some(Standing::Removed(old)) => Ok(old.version + 1),
        Some(Standing::InForce(_)) => Err(TeamProblem::MemberExists(name.clone()).into()),
        // An edit is not approved in passing, nor overwritten.
        Some(Standing::Unapproved(why) | Standing::Damaged(why)) => {
            Err(TeamProblem::MemberUnfit { name: name.clone(), why: why.clone() }.into())
        }
    }
}

fn view(opened: &Opened, name: &MemberName, file: &Standing<Member>) -> Option<MemberView> {
    let unfit = |status, problem: String| MemberView {
        name: name.clone(),
        status,
        admin: opened.rules.is_admin(name),
        writes: false,
        groups: Vec::new(),
        recipients: Vec::new(),
        version: 0,
        problem: Some(problem),
    };
    Some(match file {
        Standing::Removed(_) => return None,
        Standing::Unapproved(why) => unfit("unapproved", why.to_string()),
        Standing::Damaged(why) => unfit("damaged", why.to_string()),
        Standing::InForce(member) => MemberView {
            status: "in-force",
            writes: member.signing.is_some(),
            groups: member.groups.clone(),
            recipients: member.recipients.clone(),
            version: member.version,
            problem: None,
            ..unfit("", String::new())
        },
    })
}
