//! What a change of rules means: who gains or loses which secrets, by which policy and
//! pattern; what each scope reaches before and after.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::access::{Rule, Ruling, ScopePolicy};
use crate::name::{GroupName, MemberName, ScopeName, SecretName, Ttl};
use crate::store::{Member, Policy, SealedRule};

/// The effect of a change of rules; empty where nothing changes for anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Members for whom something changes, sorted by name.
    pub members: Vec<MemberEffect>,
    /// Scopes that change, sorted by name.
    pub scopes: Vec<ScopeEffect>,
}

impl Effect {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.scopes.is_empty()
    }
}

/// What changes for a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberEffect {
    /// The member.
    pub member: MemberName,
    /// Whether they are a member from then on, where that changes.
    pub joins: Option<bool>,
    /// Whether they are an admin from then on, where that changes.
    pub admin: Option<bool>,
    /// Groups that they join.
    pub groups_added: Vec<GroupName>,
    /// Groups that they leave.
    pub groups_removed: Vec<GroupName>,
    /// Recipients that are encrypted to from then on.
    pub recipients_added: Vec<String>,
    /// Recipients that are not encrypted to any more.
    pub recipients_removed: Vec<String>,
    /// Whether they sign with another key from then on.
    pub signing_key_changed: bool,
    /// Secrets that they may decrypt from then on.
    pub gains: Vec<Reached>,
    /// Secrets that they may not decrypt any more.
    pub loses: Vec<Reached>,
}

/// A secret, and what gives it, or gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The secret.
    pub name: SecretName,
    /// The policy; `None` for an admin, who needs none.
    pub policy: Option<ScopeName>,
    /// The pattern of the policy that allows it.
    pub pattern: Option<String>,
}

/// What changes in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeEffect {
    /// The scope.
    pub scope: ScopeName,
    /// Whether the policy is there from then on, where that changes.
    pub exists: Option<bool>,
    /// Members and `@groups` who may use it from then on.
    pub members_added: Vec<String>,
    /// Members and `@groups` who may not any more.
    pub members_removed: Vec<String>,
    /// Patterns that it allows from then on, with how many secrets each matches now.
    pub allow_added: Vec<PatternEffect>,
    /// Patterns that it allows no more.
    pub allow_removed: Vec<PatternEffect>,
    /// Patterns that it denies from then on.
    pub deny_added: Vec<PatternEffect>,
    /// Patterns that it denies no more.
    pub deny_removed: Vec<PatternEffect>,
    /// Secrets that it reaches from then on.
    pub reaches: Vec<SecretName>,
    /// Secrets that it reaches no more.
    pub no_longer_reaches: Vec<SecretName>,
    /// Whether it is run-only from then on, where that changes.
    pub run_only: Option<bool>,
    /// The programs that it may start, before and after, where that changes.
    pub commands: Option<[Option<Vec<String>>; 2]>,
    /// Whether it is sealed as a whole from then on, where that changes.
    pub seal_only: Option<bool>,
    /// What it seals from then on.
    pub sealed_added: Vec<SealedRule>,
    /// What it seals no more.
    pub sealed_removed: Vec<SealedRule>,
    /// The longest life of its sessions, before and after, where that changes.
    pub max_ttl: Option<[Option<Ttl>; 2]>,
}

/// A pattern, and how many secrets it matches now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatternEffect {
    /// The pattern.
    pub pattern: String,
    /// How many secrets it matches.
    pub matches: usize,
}

/// Compares two states over the secrets `names`.
pub(crate) fn effect(before: &Ruling, after: &Ruling, names: &[SecretName]) -> Effect {
    let members: BTreeSet<_> = before.members.keys().chain(after.members.keys()).collect();
    let scopes: BTreeSet<_> = before.policies.keys().chain(after.policies.keys()).collect();
    Effect {
        members: members
            .into_iter()
            .filter_map(|who| of_member(before, after, who, names))
            .collect(),
        scopes: scopes
            .into_iter()
            .filter_map(|scope| of_scope(before, after, scope, names))
            .collect(),
    }
}

fn of_member(
    before: &Ruling,
    after: &Ruling,
    who: &MemberName,
    names: &[SecretName],
) -> Option<MemberEffect> {
    let (old, new) = (before.members.get(who), after.members.get(who));
    let changed = |was: bool, is: bool| (was != is).then_some(is);
    let reached = |ruling: &Ruling, other: &Ruling| -> Vec<Reached> {
        let only = names.iter().filter(|name| ruling.gives(who, name) && !other.gives(who, name));
        only.map(|name| how(ruling, who, name)).collect()
    };
    let groups = |member: Option<&Member>| member.map(|m| m.groups.clone()).unwrap_or_default();
    let keys = |member: Option<&Member>| member.map(|m| m.recipients.clone()).unwrap_or_default();
    let (joins, both) = (changed(old.is_some(), new.is_some()), old.is_some() && new.is_some());
    let effect = MemberEffect {
        member: who.clone(),
        joins,
        admin: changed(before.is_admin(who), after.is_admin(who)),
        groups_added: only(groups(new), &groups(old)),
        groups_removed: only(groups(old), &groups(new)),
        recipients_added: only(keys(new), &keys(old)),
        recipients_removed: only(keys(old), &keys(new)),
        signing_key_changed: both && old.map(|m| m.verify) != new.map(|m| m.verify),
        gains: reached(after, before),
        loses: reached(before, after),
    };
    let unchanged = MemberEffect {
        member: who.clone(),
        joins: None,
        admin: None,
        groups_added: Vec::new(),
        groups_removed: Vec::new(),
        recipients_added: Vec::new(),
        recipients_removed: Vec::new(),
        signing_key_changed: false,
        gains: Vec::new(),
        loses: Vec::new(),
    };
    (effect != unchanged).then_some(effect)
}

fn how(ruling: &Ruling, who: &MemberName, name: &SecretName) -> Reached {
    let by_policy = || ruling.giving(who, name).next();
    let giving = if ruling.is_admin(who) { None } else { by_policy() };
    Reached {
        name: name.clone(),
        policy: giving.map(|(scope, ..)| scope.clone()),
        pattern: giving.map(|(.., pattern)| pattern.to_owned()),
    }
}

fn of_scope(
    before: &Ruling,
    after: &Ruling,
    scope: &ScopeName,
    names: &[SecretName],
) -> Option<ScopeEffect> {
    let (old, new) = (before.policies.get(scope), after.policies.get(scope));
    let (is_new, is_gone) = (old.is_none(), new.is_none());
    let none = Policy::default();
    let document = |policy: Option<&ScopePolicy>| policy.map(|p| p.document().clone());
    let (was, is) = (document(old).unwrap_or(none.clone()), document(new).unwrap_or(none));
    let rank =
        |policy: &Policy| Policy { version: 0, description: String::new(), ..policy.clone() };
    if !is_new && !is_gone && rank(&was) == rank(&is) {
        return None;
    }
    let reaches = |policy: Option<&ScopePolicy>, name: &SecretName| {
        policy.is_some_and(|policy| policy.rule(name).allows())
    };
    let reached = |a: Option<&ScopePolicy>, b: Option<&ScopePolicy>| -> Vec<SecretName> {
        names.iter().filter(|name| reaches(a, name) && !reaches(b, name)).cloned().collect()
    };
    let texts = |policy: &Policy| -> Vec<String> {
        policy.members.iter().map(ToString::to_string).collect()
    };
    let patterns = |a: &[String], b: &[String]| -> Vec<PatternEffect> {
        only(a.to_vec(), b).into_iter().map(|pattern| counted(pattern, names)).collect()
    };
    let differ = is_new || is_gone;
    Some(ScopeEffect {
        scope: scope.clone(),
        exists: differ.then_some(is_new),
        members_added: only(texts(&is), &texts(&was)),
        members_removed: only(texts(&was), &texts(&is)),
        allow_added: patterns(&is.allow, &was.allow),
        allow_removed: patterns(&was.allow, &is.allow),
        deny_added: patterns(&is.deny, &was.deny),
        deny_removed: patterns(&was.deny, &is.deny),
        reaches: reached(new, old),
        no_longer_reaches: reached(old, new),
        run_only: (was.run_only != is.run_only).then_some(is.run_only),
        seal_only: (was.seal_only != is.seal_only).then_some(is.seal_only),
        sealed_added: only(is.sealed.clone(), &was.sealed),
        sealed_removed: only(was.sealed.clone(), &is.sealed),
        commands: (was.commands != is.commands).then_some([was.commands, is.commands]),
        max_ttl: (was.max_ttl != is.max_ttl).then_some([was.max_ttl, is.max_ttl]),
    })
}

fn counted(pattern: String, names: &[SecretName]) -> PatternEffect {
    let alone = Policy { allow: vec![pattern.clone()], ..Policy::default() };
    let compiled = ScopePolicy::compile(alone);
    let matches = |name: &&SecretName| {
        compiled.as_ref().is_ok_and(|policy| matches!(policy.rule(name), Rule::Allow(_)))
    };
    PatternEffect { matches: names.iter().filter(matches).count(), pattern }
}

/// What is in `these` and not in `those`.
fn only<T: PartialEq>(mut these: Vec<T>, those: &[T]) -> Vec<T> {
    these.retain(|one| !those.contains(one));
    these
}

#[cfg(test)]
mod tests {
    use super::{Effect, MemberEffect, PatternEffect, Reached, effect};
    use crate::access::{Ruling, ScopePolicy};
    use crate::name::{MemberName, ScopeName, SecretName};
    use crate::store::{Grantee, Member, Policy};

    fn names() -> Vec<SecretName> {
        ["api-key", "db-url", "web-key"].map(|name| SecretName::parse(name).unwrap()).to_vec()
    }

    fn policy(allow: &[&str], members: &[&str]) -> Policy {
        Policy {
            allow: allow.iter().map(|one| (*one).to_owned()).collect(),
            members: members.iter().map(|one| Grantee::parse(one).unwrap()).collect(),
            ..Policy::default()
        }
    }

    /// Alice, an admin, and ben, whom `dev` gives what it says.
    fn ruling(dev: Policy) -> Ruling {
        let member = |name: &str| (MemberName::parse(name).unwrap(), Member::default());
        let scope = ScopeName::parse("dev").unwrap();
        Ruling {
            admins: [member("alice").0].into(),
            members: [member("alice"), member("ben")].into(),
            policies: [(scope, ScopePolicy::compile(dev).unwrap())].into(),
        }
    }

    fn change(before: &Ruling, after: &Ruling) -> Effect {
        effect(before, after, &names())
    }

    /// Each member with what they gain and lose.
    fn moves(effect: &Effect) -> Vec<String> {
        let list =
            |of: &[Reached]| of.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(",");
        let each = |one: &MemberEffect| {
            format!("{} +{} -{}", one.member, list(&one.gains), list(&one.loses))
        };
        effect.members.iter().map(each).collect()
    }

    #[test]
    fn nothing_changes_where_only_words_and_counts_do() {
        let before = ruling(policy(&["api-*"], &["ben"]));
        let words = Policy {
            version: 7,
            description: "for the API".to_owned(),
            ..policy(&["api-*"], &["ben"])
        };
        assert!(change(&before, &before).is_empty());
        assert!(change(&before, &ruling(words)).is_empty());
    }

    #[test]
    fn a_pattern_gives_to_who_is_listed_and_nothing_to_admins() {
        let before = ruling(policy(&["api-*"], &["ben"]));
        let after = ruling(policy(&["db-*", "*-key"], &["ben"]));
        let found = change(&before, &after);
        assert_eq!(moves(&found), ["ben +db-url,web-key -"]);
        let reached = &found.members[0].gains[0];
        assert_eq!(reached.policy.as_ref().unwrap().as_str(), "dev");
        assert_eq!(reached.pattern.as_deref(), Some("db-*"));
        let scope = &found.scopes[0];
        let matches = |of: &[PatternEffect]| {
            of.iter().map(|one| format!("{} {}", one.pattern, one.matches)).collect::<Vec<_>>()
        };
        assert_eq!(matches(&scope.allow_added), ["db-* 1", "*-key 2"]);
        assert_eq!(matches(&scope.allow_removed), ["api-* 1"]);
        assert_eq!(scope.exists, None);
        assert!(scope.no_longer_reaches.is_empty() && scope.reaches.len() == 2);
    }

    #[test]
    fn a_deny_takes_and_an_admin_who_is_made_gains_everything_without_a_policy() {
        let before = ruling(policy(&["*"], &["ben"]));
        let denied = Policy { deny: vec!["db-*".to_owned()], ..policy(&["*"], &["ben"]) };
        assert_eq!(moves(&change(&before, &ruling(denied.clone()))), ["ben + -db-url"]);
        let before = ruling(denied);
        let mut after = before.clone();
        after.admins.insert(MemberName::parse("ben").unwrap());
        let found = change(&before, &after);
        assert_eq!(moves(&found), ["ben +db-url -"]);
        assert_eq!(found.members[0].admin, Some(true));
        assert_eq!(found.members[0].gains[0].policy, None);
        assert!(found.scopes.is_empty());
    }

    #[test]
    fn whoever_leaves_loses_all_and_a_policy_that_goes_takes_its_names_along() {
        let before = ruling(policy(&["*-key"], &["ben"]));
        let mut after = before.clone();
        after.members.remove(&MemberName::parse("ben").unwrap());
        let found = change(&before, &after);
        assert_eq!(moves(&found), ["ben + -api-key,web-key"]);
        assert_eq!(found.members[0].joins, Some(false));
        let mut after = before.clone();
        after.policies.clear();
        let found = change(&before, &after);
        assert_eq!(moves(&found), ["ben + -api-key,web-key"]);
        assert_eq!(found.scopes[0].exists, Some(false));
        assert_eq!(found.scopes[0].members_removed, ["ben"]);
    }
}
