//! The decision: who asks, by which scope, for what use; and the proof that it was given.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bearer::Bearer;
use super::error::AccessError;
use super::exposure::Exposure;
use super::pattern::Pattern;
use super::policy::{Rule, ScopePolicy};
use super::rules::{PolicyState, Rules};
use super::seal::{SealRefused, Sealing};
use crate::audit::Op;
use crate::crypto::Identity;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::session::GrantKeys;
use crate::store::EncryptedSecret;

/// A member at work, with the identity that proved it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The member's name.
    pub(crate) name: MemberName,
    /// What opens the member's files.
    pub(crate) identity: Arc<Identity>,
}

/// Whoever asks: a member by an identity, or the bearer of a token.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// A member.
    Member(Caller),
    /// A token; then no identity counts.
    Bearer(Arc<Bearer>),
}

/// What the values are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// To be shown: `get`, `env`, `export`, `edit`, `resolve`.
    Reveal,
    /// For authy itself to use: names told; encrypted anew; handed to a process by `run`, which
    /// seals what is to be sealed ([`Reach::sealing`]).
    Use,
}

/// A program that is to be started.
#[derive(Debug)]
pub(crate) struct Program {
    /// As it was typed.
    pub(crate) typed: String,
    /// Where it was found: an absolute path, links resolved where a path was typed.
    pub(crate) path: Option<PathBuf>,
    /// Whether the user could not have put it there.
    pub(crate) is_guarded: bool,
}

/// What a caller reaches by a scope, or without one.
#[derive(Debug)]
pub(crate) enum Reach<'a> {
    /// By one policy.
    Scope(&'a ScopeName, &'a ScopePolicy),
    /// By one policy, as far as a session's grant goes.
    Grant(&'a ScopeName, &'a ScopePolicy, &'a Bearer),
    /// Everything: an admin without a scope.
    All,
    /// What any policy gives this member.
    Member(&'a Rules, &'a MemberName, Need),
}

/// Permission to open exactly these files, once, for one operation. Only a [`Reach`] makes one,
/// and it is worth nothing without the receipt of that operation.
#[derive(Debug)]
pub(crate) struct Access<'f> {
    pub(super) means: KeySource,
    pub(super) op: Op,
    pub(super) files: Cow<'f, [EncryptedSecret]>,
}

/// What opens the files.
#[derive(Debug)]
pub(super) enum KeySource {
    /// An identity, and the keys of files that it opened before.
    Identity(Arc<Identity>, GrantKeys),
    Grant(Arc<Bearer>),
}

impl Access<'_> {
    /// What it opens.
    pub(crate) fn files(&self) -> &[EncryptedSecret] {
        &self.files
    }

    /// Adds the keys of files that the member's identity opened before; a token has its own.
    pub(crate) fn knowing(mut self, keys: GrantKeys) -> Self {
        if let KeySource::Identity(_, known) = &mut self.means {
            *known = keys;
        }
        self
    }
}

impl Rules {
    /// The policy of `scope`, if it is in force.
    ///
    /// # Errors
    /// `NoPolicy`, `Unapproved`, or what is wrong with the file.
    pub(crate) fn scope(
        &self,
        scope: &ScopeName,
    ) -> Result<(&ScopeName, &ScopePolicy), AccessError> {
        let Some((name, state)) = self.policy_entry(scope) else {
            return Err(self.no_policy(scope));
        };
        match state {
            PolicyState::InForce(_, policy) => Ok((name, policy)),
            PolicyState::Removed(_) => Err(self.no_policy(scope)),
            PolicyState::Unapproved(why) => {
                Err(AccessError::Unapproved { scope: scope.clone(), why: Arc::clone(why) })
            }
            PolicyState::Damaged(why) => {
                Err(AccessError::DamagedPolicy { scope: scope.clone(), why: Arc::clone(why) })
            }
            PolicyState::Bad(why) => {
                Err(AccessError::BadPolicy { scope: scope.clone(), why: Arc::clone(why) })
            }
        }
    }

    /// The error for a scope that is not there, with the nearest one that is.
    pub(crate) fn no_policy(&self, scope: &ScopeName) -> AccessError {
        let near = |other: &ScopeName| strsim::jaro_winkler(scope.as_str(), other.as_str());
        let nearest = self
            .in_force()
            .map(|(name, _)| name)
            .max_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|best| near(best) > 0.85);
        AccessError::NoPolicy(scope.clone(), nearest.cloned())
    }

    /// What the asker reaches for this need.
    ///
    /// # Errors
    /// The scope is not usable, not the asker's, or run-only while values are to be shown.
    pub(crate) fn reach_of<'a>(
        &'a self,
        asker: &'a Principal,
        scope: Option<&ScopeName>,
        need: Need,
    ) -> Result<Reach<'a>, AccessError> {
        match asker {
            Principal::Member(caller) => self.reach(&caller.name, scope, need),
            Principal::Bearer(bearer) => self.reach_of_bearer(bearer, scope, need),
        }
    }

    /// What a member reaches for this need.
    ///
    /// # Errors
    /// As [`Rules::reach_of`].
    pub(crate) fn reach<'a>(
        &'a self,
        caller: &'a MemberName,
        scope: Option<&ScopeName>,
        need: Need,
    ) -> Result<Reach<'a>, AccessError> {
        let Some(scope) = scope else {
            return Ok(match self.is_admin(caller) {
                true => Reach::All,
                false => Reach::Member(self, caller, need),
            });
        };
        let (name, policy) = self.scope(scope)?;
        let listed = self.member(caller).is_some_and(|member| policy.lists(caller, member));
        if !self.is_admin(caller) && !listed {
            return Err(AccessError::NotListed { member: caller.clone(), scope: scope.clone() });
        }
        policy.exposure().permits(need, scope)?;
        Ok(Reach::Scope(name, policy))
    }
}

impl Reach<'_> {
    /// Whether `name` is reached. Asked before anyone looks whether it exists.
    ///
    /// # Errors
    /// Denied, with the deciding pattern where there is one.
    pub(crate) fn permits(&self, name: &SecretName) -> Result<(), AccessError> {
        match self {
            Self::All => Ok(()),
            Self::Scope(scope, policy) => policy_permits(scope, policy, name),
            Self::Grant(scope, policy, bearer) => {
                policy_permits(scope, policy, name)?;
                match bearer.limits().rule(name).allows() {
                    true => Ok(()),
                    false => Err(bearer.lacks(name)),
                }
            }
            Self::Member(rules, who, need) => member_permits(rules, who, *need, name),
        }
    }

    /// Whether there is a key for `name`: a token has those of its grant only.
    ///
    /// # Errors
    /// `NotInGrant`.
    pub(crate) fn holds(&self, name: &SecretName) -> Result<(), AccessError> {
        match self {
            Self::Grant(_, _, bearer) if !bearer.holds(name) => Err(bearer.lacks(name)),
            _ => Ok(()),
        }
    }

    /// Whether what was read can be opened: a token has the keys of the files as they were
    /// when its grant was last refreshed.
    ///
    /// # Errors
    /// `NotInGrant` or `Stale`.
    pub(crate) fn opens(&self, sealed: &[EncryptedSecret]) -> Result<(), AccessError> {
        let Self::Grant(_, _, bearer) = self else { return Ok(()) };
        sealed.iter().try_for_each(|one| {
            self.holds(one.name())?;
            bearer.opens(one)
        })
    }

    /// Whether values may go into processes only, never to a reader.
    pub(crate) fn is_run_only(&self) -> bool {
        match self {
            Self::Scope(_, policy) => policy.hides(),
            Self::Grant(_, policy, bearer) => policy.hides() || bearer.limits().hides(),
            Self::All | Self::Member(..) => false,
        }
    }

    /// Whether `name` may be shown, as far as rules that seal it are concerned.
    ///
    /// # Errors
    /// `SealRefused::Sealed`.
    pub(crate) fn shows(&self, name: &SecretName) -> Result<(), AccessError> {
        let (scope, by_grant) = match self {
            Self::Scope(scope, _) => (*scope, false),
            Self::Grant(scope, _, bearer) => (*scope, bearer.limits().seals(name)),
            Self::All | Self::Member(..) => return Ok(()),
        };
        let by_policy = match self {
            Self::Scope(_, policy) | Self::Grant(_, policy, _) => policy.seals(name),
            Self::All | Self::Member(..) => false,
        };
        match by_policy || by_grant {
            true => Err(SealRefused::Sealed { scope: scope.clone(), name: name.clone() }.into()),
            false => Ok(()),
        }
    }

    /// What is sealed: all that a rule names, where that was asked for or the scope hands out
    /// nothing else, and otherwise what a rule names that is not plain.
    pub(crate) fn sealing(&self, is_asked: bool) -> Option<Sealing> {
        let (scope, policy, grant) = match self {
            Self::Scope(scope, policy) => (*scope, *policy, None),
            Self::Grant(scope, policy, bearer) => (*scope, *policy, Some(bearer.limits())),
            Self::All | Self::Member(..) => return None,
        };
        let is_only = |policy: &ScopePolicy| policy.exposure() == Exposure::SealOnly;
        let only = is_only(policy) || grant.is_some_and(is_only);
        let of_grant = grant.map(ScopePolicy::sealed);
        let until = match self {
            Self::Grant(.., bearer) => Some(bearer.grant().expires.unix()),
            _ => None,
        };
        let all = is_asked || only;
        let sealing = Sealing::new(scope.clone(), only, all, policy.sealed(), of_grant);
        Some(sealing.ending(until)).filter(|sealing| all || sealing.has_rules())
    }

    /// The scope, where there is one.
    pub(crate) fn scope(&self) -> Option<&ScopeName> {
        match self {
            Self::Scope(scope, _) | Self::Grant(scope, ..) => Some(scope),
            Self::All | Self::Member(..) => None,
        }
    }

    /// Whether `run` may start this program: named by a pattern of its whole path, or by one
    /// of the bare name as it was typed. A bare name speaks of what the system installed:
    /// `./psql` does not pass for `psql`, nor does a `psql` that the user could have put into
    /// a folder of `PATH`.
    ///
    /// # Errors
    /// `Program` where the scope lists programs and not this one.
    pub(crate) fn permits_program(&self, program: &Program) -> Result<(), AccessError> {
        let (Self::Scope(scope, _) | Self::Grant(scope, ..)) = self else { return Ok(()) };
        let path = program.path.as_deref().and_then(Path::to_str);
        let by_path = |pattern: &Pattern| path.is_some_and(|path| pattern.matches(path));
        let by_name =
            |pattern: &Pattern| !program.typed.contains('/') && pattern.matches(&program.typed);
        let allows = |guarded: bool| {
            let matches = |p: &Pattern| by_path(p) || guarded && by_name(p);
            self.commands().all(|commands| commands.iter().any(matches))
        };
        match allows(program.is_guarded) {
            true => Ok(()),
            false => Err(AccessError::Program {
                scope: (*scope).clone(),
                program: program.typed.clone(),
                path: program.path.clone(),
                is_unguarded: allows(true),
            }),
        }
    }

    /// Whether `run` may start some programs only.
    pub(crate) fn limits_programs(&self) -> bool {
        self.commands().next().is_some()
    }

    /// The lists of programs, each of which has to have the one that is started.
    fn commands(&self) -> impl Iterator<Item = &[Pattern]> {
        let lists = match self {
            Self::Scope(_, policy) => [policy.commands(), None],
            Self::Grant(_, policy, bearer) => [policy.commands(), bearer.limits().commands()],
            Self::All | Self::Member(..) => [None, None],
        };
        lists.into_iter().flatten()
    }

    /// Gives access to `files` for `op`, which needs them for `need`: asked again, whatever this was
    /// made for.
    ///
    /// # Errors
    /// One of them is not reached, or not for that need.
    pub(crate) fn give<'f>(
        &self,
        asker: &Principal,
        op: &Op,
        need: Need,
        files: Cow<'f, [EncryptedSecret]>,
    ) -> Result<Access<'f>, AccessError> {
        if let Some((scope, exposure)) = self.exposure() {
            exposure.permits(need, scope)?;
        }
        for file in files.iter() {
            self.permits(file.name())?;
            self.holds(file.name())?;
        }
        let means = match asker {
            Principal::Member(caller) => {
                KeySource::Identity(Arc::clone(&caller.identity), GrantKeys::default())
            }
            Principal::Bearer(bearer) => KeySource::Grant(Arc::clone(bearer)),
        };
        Ok(Access { means, op: op.clone(), files })
    }

    /// How far values go by the scope, where there is one.
    fn exposure(&self) -> Option<(&ScopeName, Exposure)> {
        match self {
            Self::Scope(scope, policy) => Some((scope, policy.exposure())),
            Self::Grant(scope, policy, bearer) => {
                Some((scope, policy.exposure().min(Exposure::from(&**bearer.grant()))))
            }
            Self::All | Self::Member(..) => None,
        }
    }
}

fn policy_permits(
    scope: &ScopeName,
    policy: &ScopePolicy,
    name: &SecretName,
) -> Result<(), AccessError> {
    let deny = match policy.rule(name) {
        Rule::Allow(_) => return Ok(()),
        Rule::Deny(pattern) => Some(pattern.to_owned()),
        Rule::Default => None,
    };
    Err(AccessError::Denied { scope: scope.clone(), name: name.clone(), deny })
}

/// Without a scope a member has what any policy gives them, and run-only or sealed if all of those are.
fn member_permits(
    rules: &Rules,
    who: &MemberName,
    need: Need,
    name: &SecretName,
) -> Result<(), AccessError> {
    let not_given = || rules.not_given(who, name);
    let member = rules.member(who).ok_or_else(not_given)?;
    let mut giving = rules.giving(who, member, name).peekable();
    giving.peek().ok_or_else(not_given)?;
    let gives = |policy: &ScopePolicy| match need {
        Need::Reveal => !policy.hides() && !policy.seals(name),
        Need::Use => true,
    };
    match giving.any(gives) {
        true => Ok(()),
        false => Err(AccessError::RunOnlyMember { member: who.clone(), name: name.clone() }),
    }
}
