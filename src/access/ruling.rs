//! Rules as documents state them, to compare one state of a vault with another.
//!
//! Nothing is decided by a ruling: what it holds may be a claim that nobody approved.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::{Rule, ScopePolicy};
use super::rules::Rules;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::store::Member;

/// Who the admins are, what members and policies say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ruling {
    /// The admins.
    pub(crate) admins: BTreeSet<MemberName>,
    /// Members, without those that were removed.
    pub(crate) members: BTreeMap<MemberName, Member>,
    /// Policies, without those that were removed.
    pub(crate) policies: BTreeMap<ScopeName, ScopePolicy>,
}

impl Ruling {
    /// The rules in force.
    pub(crate) fn of(rules: &Rules) -> Self {
        let owned = |(name, member): (&MemberName, &Member)| (name.clone(), member.clone());
        Self {
            admins: rules.admins().cloned().collect(),
            members: rules.members().map(owned).collect(),
            policies: rules
                .in_force()
                .map(|(name, policy)| (name.clone(), policy.clone()))
                .collect(),
        }
    }

    /// Whether `who` reads every secret.
    pub(crate) fn is_admin(&self, who: &MemberName) -> bool {
        self.admins.contains(who) && self.members.contains_key(who)
    }

    /// The policies that give `name` to `who`, with the pattern that allows it.
    pub(crate) fn giving<'a>(
        &'a self,
        who: &'a MemberName,
        name: &'a SecretName,
    ) -> impl Iterator<Item = (&'a ScopeName, &'a ScopePolicy, &'a str)> {
        let member = self.members.get(who);
        self.policies.iter().filter_map(move |(scope, policy)| match policy.rule(name) {
            Rule::Allow(pattern) if policy.lists(who, member?) => Some((scope, policy, pattern)),
            _ => None,
        })
    }

    /// Whether `who` may read `name`.
    pub(crate) fn gives(&self, who: &MemberName, name: &SecretName) -> bool {
        self.is_admin(who) || self.giving(who, name).next().is_some()
    }
}
