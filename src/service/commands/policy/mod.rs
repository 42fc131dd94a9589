//! Policies: made and changed by admins, signed at once; shown and tested by anybody.

mod diff;
mod error;
mod seal;
mod test;

use serde::Serialize;

use crate::access::{Need, PolicyState, Reach, ScopePolicy};
use crate::audit::{Action, Op};
use crate::fs::VaultPath;
use crate::many::merged;
use crate::name::{MemberName, ScopeName, Ttl};
use crate::service::base::{Context, DocumentStatus, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::service::identity::MemberError;
use crate::service::inject::SealingError;
use crate::service::rules::{Encryption, RuleUpdate, apply_rules};
use crate::service::secret::{Place, belongs, note_pending};
use crate::service::session::bearer;
use crate::store::{Grantee, Policy, SealedRule, Stamp};
use error::PolicyError;

pub use diff::{DiffFrom, FileChange, FileDiff, PolicyDiff, policy_diff};
pub use test::{Towards, Verdict, VerdictRule, policy_preview, policy_test};

/// A policy to make, or what to add to and take from one.
#[derive(Debug, Clone)]
pub struct PolicyChange {
    /// The policy, which is the scope.
    pub name: ScopeName,
    /// Patterns to allow.
    pub allow: Vec<String>,
    /// Patterns to deny.
    pub deny: Vec<String>,
    /// Members and `@groups` to list.
    pub members: Vec<String>,
    /// Allow patterns to take away.
    pub remove_allow: Vec<String>,
    /// Deny patterns to take away.
    pub remove_deny: Vec<String>,
    /// Members and `@groups` to take away.
    pub remove_members: Vec<String>,
    /// Whether the scope is run-only.
    pub run_only: Option<bool>,
    /// Patterns of programs that `run` may start.
    pub commands: Vec<String>,
    /// Patterns of programs to take away; with none left `run` starts nothing.
    pub remove_commands: Vec<String>,
    /// Let `run` start any program.
    pub any_command: bool,
    /// Whether no value is revealed, and only what is sealed can be used.
    pub seal_only: Option<bool>,
    /// What to seal, each in the one-line form of a [`SealedRule`].
    pub seal: Vec<String>,
    /// Names as sealed rules write them: the rules that name just these go.
    pub remove_seal: Vec<String>,
    /// Longest life of a session, such as `8h`.
    pub max_ttl: Option<Ttl>,
    /// Take the longest life away.
    pub no_max_ttl: bool,
    /// For people.
    pub description: Option<String>,
    /// The version that the change was thought out for; `None`: whatever is there.
    pub seen: Option<u64>,
}

impl PolicyChange {
    /// Changes nothing of the policy `name`.
    pub fn new(name: ScopeName) -> Self {
        Self {
            name,
            allow: Vec::new(),
            deny: Vec::new(),
            members: Vec::new(),
            remove_allow: Vec::new(),
            remove_deny: Vec::new(),
            remove_members: Vec::new(),
            run_only: None,
            commands: Vec::new(),
            remove_commands: Vec::new(),
            any_command: false,
            seal_only: None,
            seal: Vec::new(),
            remove_seal: Vec::new(),
            max_ttl: None,
            no_max_ttl: false,
            description: None,
            seen: None,
        }
    }
}

/// A policy as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyView {
    /// Its name.
    pub name: ScopeName,
    /// `in-force`, `unapproved` or `damaged`.
    pub status: DocumentStatus,
    /// For people.
    pub description: String,
    /// Patterns allowed.
    pub allow: Vec<String>,
    /// Patterns denied; they override.
    pub deny: Vec<String>,
    /// Members and `@groups`.
    pub members: Vec<String>,
    /// Who may use it now: admins, and the members that are listed by name or by group.
    pub users: Vec<MemberName>,
    /// Whether the scope is run-only.
    pub run_only: bool,
    /// Programs that `run` may start; absent: any.
    pub commands: Option<Vec<String>>,
    /// Whether no value is revealed, and only what is sealed can be used.
    pub seal_only: bool,
    /// What programs use without holding it.
    pub sealed: Vec<SealedRule>,
    /// Longest life of a session.
    pub max_ttl: Option<Ttl>,
    /// Counts changes.
    pub version: u64,
    /// The admin who signed it.
    pub signed_by: Option<String>,
    /// When (RFC 3339).
    pub signed_at: Option<String>,
    /// Which of its secrets belong somewhere, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gives: Vec<Place>,
    /// Why it is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Makes a policy and signs it.
///
/// # Errors
/// It exists; a bad pattern, member or time; the caller is no admin.
pub fn policy_create(ctx: &Context, change: &PolicyChange) -> Result<()> {
    let change = &*seal::with_hosts(ctx, change)?;
    let added = Policy::default().with(change)?;
    write(ctx, Op::POLICY_CREATE, &change.name, |opened, _| {
        let version = match opened.rules.policy_state(&change.name) {
            None => 1,
            Some(PolicyState::Removed(tombstone)) => tombstone.version + 1,
            Some(_) => return Err(PolicyError::Exists(change.name.clone()).into()),
        };
        known_members(opened, &added)?;
        Ok((Policy { version, ..added }, format!("Create policy {}", change.name)))
    })
}

/// Adds to a policy and takes from it, and signs the result.
///
/// # Errors
/// As [`policy_create`]; the policy is not found or not in force.
pub fn policy_update(ctx: &Context, change: &PolicyChange) -> Result<()> {
    let change = &*seal::with_hosts(ctx, change)?;
    Policy::default().with(change)?;
    write(ctx, Op::POLICY_UPDATE, &change.name, |opened, _| {
        let old = in_force(opened, &change.name)?;
        if change.seen.is_some_and(|seen| seen != old.version) {
            return Err(MemberError::PolicyChanged(change.name.clone()).into());
        }
        let version = old.version + 1;
        let new = old.clone().with(change)?;
        if new == old {
            return Err(PolicyError::Unchanged(change.name.clone()).into());
        }
        known_members(opened, &new)?;
        Ok((Policy { version, ..new }, format!("Update policy {}", change.name)))
    })
}

/// Removes a policy; a signed tombstone stays.
///
/// # Errors
/// The policy is not found; the caller is no admin.
pub fn policy_remove(ctx: &Context, name: &ScopeName) -> Result<()> {
    write(ctx, Op::POLICY_REMOVE, name, |opened, at| {
        let path = VaultPath::policy(name);
        let version = match opened.rules.policy_state(name) {
            None | Some(PolicyState::Removed(_)) => {
                return Err(opened.rules.no_policy(name).into());
            }
            Some(PolicyState::InForce(document, _)) => document.version,
            Some(_) => opened.vault.pins().seen(&path).map_or(0, |seen| seen.version),
        };
        let tombstone = Policy { version: version + 1, removed: Some(at), ..Policy::default() };
        Ok((tombstone, format!("Remove policy {name}")))
    })
}

/// Shows one policy, in force or not.
///
/// # Errors
/// The policy is not found.
pub fn policy_show(ctx: &Context, name: &ScopeName) -> Result<PolicyView> {
    let opened = OpenVault::open(ctx)?;
    if let Some(bearer) = bearer(ctx, &opened, &Op::POLICY_SHOW)? {
        opened.rules.reach_of_bearer(&bearer, Some(name), Need::Use)?;
    }
    let state = opened.rules.policy_state(name);
    let found = state.and_then(|state| view(&opened, name, state));
    let mut found = found.ok_or_else(|| opened.rules.no_policy(name))?;
    if let Some(PolicyState::InForce(_, policy)) = state {
        // What is wrong with a secret others tell.
        found.gives = belongs::all(&Reach::Scope(name, policy), &opened, None).unwrap_or_default();
    }
    Ok(found)
}

/// Lists every policy, sorted by name; with a token that of its scope.
///
/// # Errors
/// No vault, or a damaged one.
pub fn policy_list(ctx: &Context) -> Result<Vec<PolicyView>> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::POLICY_LIST)?;
    let own = |name: &ScopeName| bearer.as_ref().is_none_or(|one| one.grant().scope == *name);
    let policies = opened.rules.policies().filter(|(name, _)| own(name));
    let views = policies.filter_map(|(name, state)| view(&opened, name, state)).collect();
    Ok(views)
}

impl Policy {
    /// This policy with `change` applied; the whole is checked.
    fn with(self, change: &PolicyChange) -> Result<Self> {
        let grantees = |texts: &[String]| -> Result<Vec<Grantee>> {
            texts.iter().map(|text| Ok(Grantee::parse(text)?)).collect()
        };
        // Without a list any program may be started, with an empty one none.
        let limits = self.commands.or_else(|| (!change.commands.is_empty()).then(Vec::new));
        let commands = limits
            .filter(|_| !change.any_command)
            .map(|old| merged(old, &change.commands, &change.remove_commands));
        let policy = Self {
            allow: merged(self.allow, &change.allow, &change.remove_allow),
            deny: merged(self.deny, &change.deny, &change.remove_deny),
            members: merged(
                self.members,
                &grantees(&change.members)?,
                &grantees(&change.remove_members)?,
            ),
            run_only: change.run_only.unwrap_or(self.run_only),
            commands,
            seal_only: change.seal_only.unwrap_or(self.seal_only),
            sealed: sealed(self.sealed, change)?,
            max_ttl: change.max_ttl.or(self.max_ttl.filter(|_| !change.no_max_ttl)),
            description: change.description.clone().unwrap_or(self.description),
            ..self
        };
        ScopePolicy::compile(policy.clone())?;
        Ok(policy)
    }
}

/// The rules without those to be taken away, and with those to be added.
fn sealed(mut rules: Vec<SealedRule>, change: &PolicyChange) -> Result<Vec<SealedRule>> {
    for names in &change.remove_seal {
        let named = |rule: &SealedRule| rule.secrets.join(",") == *names;
        // An empty policy stands for the check of what is to be added.
        if !rules.is_empty() && !rules.iter().any(named) {
            return Err(SealingError::NoRule(names.clone()).into());
        }
        rules.retain(|rule| !named(rule));
    }
    for text in &change.seal {
        let rule = seal::parsed(text)?;
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn write(
    ctx: &Context,
    op: Op,
    name: &ScopeName,
    work: impl FnOnce(&Snapshot, Stamp) -> Result<(Policy, String)>,
) -> Result<()> {
    let locked = LockedVault::lock(ctx, &op)?;
    let action = Action::new(op).within(name.clone());
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        let (policy, message) = work(&locked.opened, tx.at())?;
        let update = RuleUpdate { policies: vec![(name.clone(), policy)], ..RuleUpdate::default() };
        apply_rules(tx, update, Encryption::Later)?;
        Ok((message, ()))
    })?;
    drop(locked);
    note_pending(ctx)
}

/// A policy that somebody edited is not signed in passing: the edit would slip in unseen.
fn in_force(opened: &Snapshot, name: &ScopeName) -> Result<Policy> {
    match opened.rules.policy_state(name) {
        Some(PolicyState::InForce(document, _)) => Ok((***document).clone()),
        Some(PolicyState::Unapproved(why)) => {
            Err(PolicyError::Unapproved { scope: name.clone(), why: why.clone() }.into())
        }
        _ => Err(match opened.rules.scope(name) {
            Err(error) => error,
            Ok(_) => opened.rules.no_policy(name),
        }
        .into()),
    }
}

/// A member that nobody knows is a typing mistake; a group may come later.
fn known_members(opened: &Snapshot, policy: &Policy) -> Result<()> {
    for grantee in &policy.members {
        if let Grantee::Member(name) = grantee
            && opened.rules.member(name).is_none()
        {
            return Err(MemberError::NoMember(name.clone()).into());
        }
    }
    Ok(())
}

fn view(opened: &Snapshot, name: &ScopeName, state: &PolicyState) -> Option<PolicyView> {
    let empty = |status, problem: Option<String>| PolicyView {
        name: name.clone(),
        status,
        description: String::new(),
        allow: Vec::new(),
        deny: Vec::new(),
        members: Vec::new(),
        users: Vec::new(),
        run_only: false,
        commands: None,
        seal_only: false,
        sealed: Vec::new(),
        max_ttl: None,
        version: 0,
        signed_by: None,
        signed_at: None,
        gives: Vec::new(),
        problem,
    };
    Some(match state {
        PolicyState::Removed(_) => return None,
        PolicyState::Unapproved(why) => empty(DocumentStatus::Unapproved, Some(why.to_string())),
        PolicyState::Damaged(why) => empty(DocumentStatus::Damaged, Some(why.to_string())),
        PolicyState::Bad(why) => empty(DocumentStatus::Damaged, Some(why.to_string())),
        PolicyState::InForce(signed, policy) => PolicyView {
            users: opened.rules.users(policy).cloned().collect(),
            description: signed.description.clone(),
            allow: signed.allow.clone(),
            deny: signed.deny.clone(),
            members: signed.members.iter().map(ToString::to_string).collect(),
            run_only: signed.run_only,
            commands: signed.commands.clone(),
            seal_only: signed.seal_only,
            sealed: signed.sealed.clone(),
            max_ttl: signed.max_ttl,
            version: signed.version,
            signed_by: Some(signed.by().to_string()),
            signed_at: Some(signed.at().to_string()),
            ..empty(DocumentStatus::InForce, None)
        },
    })
}
