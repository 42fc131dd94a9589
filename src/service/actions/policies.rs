//! Policies: made and changed by admins, signed at once; shown and tested by anybody.

use std::fmt;

use serde::Serialize;

use crate::access::{Need, PolicyState, Reach, Rule, ScopePolicy};
use crate::audit::Op;
use crate::fs::VaultPath;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::service::base::bearer::bearer;
use crate::service::base::context::Context;
use crate::service::base::enacting::{Edict, Encryption, enact};
use crate::service::base::error::Result;
use crate::service::base::lists::merged;
use crate::service::base::opening::{Opened, effective_scope};
use crate::service::base::problem::Problem;
use crate::service::base::readers::note_pending;
use crate::service::base::recorder::AuditAction;
use crate::service::base::team::TeamProblem;
use crate::service::base::transaction::LockedVault;
use crate::session::Ttl;
use crate::store::{Grantee, Policy, Stamp};

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
    /// Longest life of a session, such as `8h`.
    pub max_ttl: Option<String>,
    /// Take the longest life away.
    pub no_max_ttl: bool,
    /// For people.
    pub description: Option<String>,
    /// The version that the change was thought out for; `None`: whatever is there.
    pub seen: Option<u64>,
}

/// A policy as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyView {
    /// Its name.
    pub name: ScopeName,
    /// `in-force`, `unapproved` or `damaged`.
    pub status: &'static str,
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
    /// Longest life of a session.
    pub max_ttl: Option<String>,
    /// Counts changes.
    pub version: u64,
    /// The admin who signed it.
    pub signed_by: Option<String>,
    /// When (RFC 3339).
    pub signed_at: Option<String>,
    /// Why it is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What a policy says about a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The scope asked.
    pub scope: ScopeName,
    /// The name asked about.
    pub name: SecretName,
    /// Whether the scope reaches it.
    pub allowed: bool,
    /// The deciding pattern, where one decided.
    pub pattern: Option<String>,
    /// `allow`, `deny` or `default`; `grant` where a session was made under a narrower policy.
    pub rule: &'static str,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.allowed { "ALLOWED" } else { "DENIED" };
        match &self.pattern {
            Some(pattern) => {
                write!(f, "{word} by {} \"{}\"", self.rule, crate::name::printable(pattern))
            }
            None if self.rule == "grant" => {
                write!(f, "{word}: the policy allowed less when the session was made")
            }
            None => write!(f, "{word}: no allow pattern matches"),
        }
    }
}

/// Makes a policy and signs it.
///
/// # Errors
/// It exists; a bad pattern, member or time; the caller is no admin.
pub fn policy_create(ctx: &Context, change: &PolicyChange) -> Result<()> {
    let added = Policy::default().with(change)?;
    write(ctx, (Op::POLICY_CREATE, &change.name), |locked, _| {
        let version = match locked.opened.rules.policy_state(&change.name) {
            None => 1,
            Some(PolicyState::Removed(tombstone)) => tombstone.version + 1,
            Some(_) => return Err(Problem::PolicyExists(change.name.clone()).into()),
        };
        known_members(locked, &added)?;
        Ok((Policy { version, ..added }, format!("Create policy {}", change.name)))
    })
}

/// Adds to a policy and takes from it, and signs the result.
///
/// # Errors
/// As [`policy_create`]; the policy is not found or not in force.
pub fn policy_update(ctx: &Context, change: &PolicyChange) -> Result<()> {
    Policy::default().with(change)?;
    write(ctx, (Op::POLICY_UPDATE, &change.name), |locked, _| {
        let old = in_force(locked, &change.name)?;
        if change.seen.is_some_and(|seen| seen != old.version) {
            return Err(TeamProblem::PolicyChanged(change.name.clone()).into());
        }
        let version = old.version + 1;
        let new = old.clone().with(change)?;
        if new == old {
            return Err(Problem::Unchanged(change.name.clone()).into());
        }
        known_members(locked, &new)?;
        Ok((Policy { version, ..new }, format!("Update policy {}", change.name)))
    })
}

/// Removes a policy; a signed tombstone stays.
///
/// # Errors
/// The policy is not found; the caller is no admin.
pub fn policy_remove(ctx: &Context, name: &ScopeName) -> Result<()> {
    write(ctx, (Op::POLICY_REMOVE, name), |locked, at| {
        let path = VaultPath::policy(name);
        let version = match locked.opened.rules.policy_state(name) {
            None | Some(PolicyState::Removed(_)) => {
                return Err(locked.opened.rules.no_policy(name).into());
            }
            Some(PolicyState::InForce(document, _)) => document.version,
            Some(_) => locked.opened.vault.state().seen(&path).map_or(0, |seen| seen.version),
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
    let opened = Opened::open(ctx)?;
    if let Some(bearer) = bearer(ctx, &opened, &Op::POLICY_SHOW)? {
        opened.rules.reach_of_bearer(&bearer, Some(name), Need::Names)?;
    }
    let state = opened.rules.policy_state(name);
    let found = state.and_then(|state| view(&opened, name, state));
    opened.settle(ctx);
    found.ok_or_else(|| opened.rules.no_policy(name).into())
}

/// Lists every policy, sorted by name; with a token that of its scope.
///
/// # Errors
/// No vault, or a damaged one.
pub fn policy_list(ctx: &Context) -> Result<Vec<PolicyView>> {
    let opened = Opened::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::POLICY_LIST)?;
    let own = |name: &ScopeName| bearer.as_ref().is_none_or(|one| one.grant().scope == *name);
    let policies = opened.rules.policies().filter(|(name, _)| own(name));
    let views = policies.filter_map(|(name, state)| view(&opened, name, state)).collect();
    opened.settle(ctx);
    Ok(views)
}

/// Asks a policy about a name, which need not exist. With a token it asks the session's
/// grant too, and the scope may be left out.
///
/// # Errors
/// The policy is not found or not in force; another scope than the token's.
pub fn policy_test(ctx: &Context, scope: Option<&ScopeName>, name: &SecretName) -> Result<Verdict> {
    let opened = Opened::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::POLICY_TEST)?;
    let scope = effective_scope(ctx, scope)?;
    let reach = match &bearer {
        Some(bearer) => opened.rules.reach_of_bearer(bearer, scope.as_ref(), Need::Names)?,
        None => {
            let (scope, policy) = opened.rules.scope(scope.as_ref().ok_or(Problem::NoScope)?)?;
            Reach::Scope(scope, policy)
        }
    };
    let (Reach::Scope(scope, policy) | Reach::Grant(scope, policy, _)) = reach else {
        return Err(Problem::NoScope.into());
    };
    let (rule, pattern) = decided(policy, name);
    let allowed = reach.permits(name).is_ok();
    let by_grant = rule == "allow" && !allowed;
    Ok(Verdict {
        scope: scope.clone(),
        name: name.clone(),
        allowed,
        pattern: pattern.filter(|_| !by_grant),
        rule: if by_grant { "grant" } else { rule },
    })
}

/// Says of each name what a policy with these patterns would say. Nothing is read or asked.
///
/// # Errors
/// A pattern that does not compile.
pub fn policy_preview(
    scope: &ScopeName,
    (allow, deny): (&[String], &[String]),
    names: &[SecretName],
) -> Result<Vec<Verdict>> {
    let document = Policy { allow: allow.to_vec(), deny: deny.to_vec(), ..Policy::default() };
    let policy = ScopePolicy::compile(document)?;
    let verdict = |name: &SecretName| {
        let (rule, pattern) = decided(&policy, name);
        Verdict {
            scope: scope.clone(),
            name: name.clone(),
            allowed: rule == "allow",
            pattern,
            rule,
        }
    };
    Ok(names.iter().map(verdict).collect())
}

/// The rule that decides about a name, and its pattern.
fn decided(policy: &ScopePolicy, name: &SecretName) -> (&'static str, Option<String>) {
    match policy.rule(name) {
        Rule::Allow(pattern) => ("allow", Some(pattern.to_owned())),
        Rule::Deny(pattern) => ("deny", Some(pattern.to_owned())),
        Rule::Default => ("default", None),
    }
}

impl Policy {
    /// This policy with `change` applied; the whole is checked.
    fn with(self, change: &PolicyChange) -> Result<Self> {
        let grantees = |texts: &[String]| -> Result<Vec<Grantee>> {
            texts.iter().map(|text| Ok(Grantee::parse(text)?)).collect()
        };
        if let Some(ttl) = &change.max_ttl {
            ttl.parse::<Ttl>()?;
        }
        let commands = match change.commands.as_slice() {
            [] => self.commands,
            new => Some(merged(self.commands.unwrap_or_default(), new, &[])),
        };
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
            max_ttl: change.max_ttl.clone().or(self.max_ttl.filter(|_| !change.no_max_ttl)),
            description: change.description.clone().unwrap_or(self.description),
            ..self
        };
        ScopePolicy::compile(policy.clone())?;
        Ok(policy)
    }
}

fn write(
    ctx: &Context,
    (op, name): (Op, &ScopeName),
    work: impl FnOnce(&LockedVault, Stamp) -> Result<(Policy, String)>,
) -> Result<()> {
    let locked = LockedVault::lock(ctx, &op)?;
    let action = AuditAction { scope: Some(name.clone()), ..AuditAction::new(op) };
    locked.transact(ctx, &action, |tx| {
        locked.require_admin(ctx)?;
        let (policy, message) = work(&locked, tx.at())?;
        let edict = Edict { policies: vec![(name.clone(), policy)], ..Edict::default() };
        enact(ctx, &locked, tx, (&edict, Encryption::Later))?;
        Ok((message, ()))
    })?;
    drop(locked);
    note_pending(ctx)
}

/// A policy that somebody edited is not signed in passing: the edit would slip in unseen.
fn in_force(locked: &LockedVault, name: &ScopeName) -> Result<Policy> {
    match locked.opened.rules.policy_state(name) {
        Some(PolicyState::InForce(document, _)) => Ok((***document).clone()),
        Some(PolicyState::Unapproved(why)) => {
            Err(Problem::PolicyUnapproved { scope: name.clone(), why: why.clone() }.into())
        }
        _ => Err(match locked.opened.rules.scope(name) {
            Err(error) => error,
            Ok(_) => locked.opened.rules.no_policy(name),
        }
        .into()),
    }
}

/// A member that nobody knows is a typing mistake; a group may come later.
fn known_members(locked: &LockedVault, policy: &Policy) -> Result<()> {
    for grantee in &policy.members {
        if let Grantee::Member(name) = grantee
            && locked.opened.rules.member(name).is_none()
        {
            return Err(TeamProblem::NoMember(name.clone()).into());
        }
    }
    Ok(())
}

fn view(opened: &Opened, name: &ScopeName, state: &PolicyState) -> Option<PolicyView> {
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
        max_ttl: None,
        version: 0,
        signed_by: None,
        signed_at: None,
        problem,
    };
    Some(match state {
        PolicyState::Removed(_) => return None,
        PolicyState::Unapproved(why) => empty("unapproved", Some(why.to_string())),
        PolicyState::Damaged(why) => empty("damaged", Some(why.to_string())),
        PolicyState::Bad(why) => empty("damaged", Some(why.to_string())),
        PolicyState::InForce(signed, policy) => PolicyView {
            users: opened.rules.users(policy).cloned().collect(),
            description: signed.description.clone(),
            allow: signed.allow.clone(),
            deny: signed.deny.clone(),
            members: signed.members.iter().map(ToString::to_string).collect(),
            run_only: signed.run_only,
            commands: signed.commands.clone(),
            max_ttl: signed.max_ttl.clone(),
            version: signed.version,
            signed_by: Some(signed.by().to_string()),
            signed_at: Some(signed.at().to_string()),
            ..empty("in-force", None)
        },
    })
}
