//! The rules with several members: who reads what, by which policy, for which need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{PolicyState, Rules};
use crate::access::{AccessError, Need, ScopePolicy};
use crate::crypto::sign::SigningKey;
use crate::fs::VaultPath;
use crate::kind::Kind;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::store::{Authority, Grantee, Member, Policy, Signed, Standing, StoreError};

fn member(name: &str) -> MemberName {
    MemberName::parse(name).unwrap()
}

fn scope(name: &str) -> ScopeName {
    ScopeName::parse(name).unwrap()
}

fn secret(name: &str) -> SecretName {
    SecretName::parse(name).unwrap()
}

fn in_force(name: &str, groups: &[&str]) -> (MemberName, Standing<Member>) {
    let document = Member {
        version: 1,
        removed: None,
        recipients: Vec::new(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        verify: Some(SigningKey::generate().verify_key()),
        signing: None,
    };
    (member(name), Standing::InForce(Signed::unchecked(document, "alice")))
}

fn policy(allow: &[&str], members: &[&str]) -> Policy {
    Policy {
        allow: allow.iter().map(|pattern| (*pattern).to_owned()).collect(),
        members: members.iter().map(|text| Grantee::parse(text).unwrap()).collect(),
        ..Policy::default()
    }
}

fn approved(name: &str, policy: Policy) -> (ScopeName, PolicyState) {
    let compiled = ScopePolicy::compile(policy.clone()).unwrap();
    let signed = Box::new(Signed::unchecked(policy, "alice"));
    (scope(name), PolicyState::InForce(signed, Box::new(compiled)))
}

/// alice and zoe are admins; bob is in @backend, carol in nothing, dave was never approved.
fn rules() -> Rules {
    let unsigned = StoreError::Unsigned { path: VaultPath::member(&member("dave")) };
    let dave = (member("dave"), Standing::Unapproved(Arc::new(unsigned)));
    let unsigned = StoreError::Unsigned { path: VaultPath::policy(&scope("draft")) };
    let draft = (scope("draft"), PolicyState::Unapproved(Arc::new(unsigned)));
    let run_only = Policy { run_only: true, ..policy(&["ci-*"], &["carol"]) };
    Rules {
        admins: BTreeSet::from([member("zoe"), member("alice")]),
        members: BTreeMap::from([
            in_force("alice", &[]),
            in_force("bob", &["backend"]),
            in_force("carol", &[]),
            in_force("zoe", &[]),
            dave,
        ]),
        policies: BTreeMap::from([
            approved("backend", policy(&["db-*"], &["@backend", "dave"])),
            approved("ci", run_only),
            approved("nobody", policy(&["*"], &[])),
            draft,
        ]),
    }
}

fn readers(name: &str) -> Vec<String> {
    rules().readers(&secret(name)).iter().map(ToString::to_string).collect()
}

#[test]
fn admins_read_everything_and_members_what_a_policy_in_force_gives_them() {
    assert_eq!(readers("db-url"), ["alice", "zoe", "bob"]);
    assert_eq!(readers("ci-token"), ["alice", "zoe", "carol"]);
    assert_eq!(readers("other"), ["alice", "zoe"]);
}

#[test]
fn a_record_is_signed_by_those_who_may_read_its_name() {
    let rules = rules();
    let key = |who: &str, name: &str| rules.record_key(&member(who), &secret(name));
    assert!(key("bob", "db-url").is_some());
    assert!(key("alice", "other").is_some());
    for (who, name) in [("bob", "ci-token"), ("dave", "db-url"), ("eve", "db-url")] {
        assert!(key(who, name).is_none(), "{who} {name}");
    }
}

#[test]
fn without_a_scope_a_member_has_what_any_policy_gives_him() {
    let rules = rules();
    let permits = |who: &str, need, name: &str| {
        let who = member(who);
        rules.reach(&who, None, need).and_then(|reach| reach.permits(&secret(name)))
    };
    permits("zoe", Need::Reveal, "other").unwrap();
    permits("bob", Need::Reveal, "db-url").unwrap();
    assert!(matches!(permits("bob", Need::Reveal, "ci-token"), Err(AccessError::NotGiven { .. })));
    permits("carol", Need::Inject, "ci-token").unwrap();
    assert!(matches!(
        permits("carol", Need::Reveal, "ci-token"),
        Err(AccessError::RunOnlyMember { .. })
    ));
}

#[test]
fn a_scope_is_for_those_it_lists_and_for_admins() {
    let rules = rules();
    let reach = |who: &str, name: &str, need| {
        rules.reach(&member(who), Some(&scope(name)), need).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(reach("bob", "backend", Need::Reveal), Ok(()));
    assert_eq!(reach("alice", "backend", Need::Reveal), Ok(()));
    assert_eq!(reach("carol", "backend", Need::Inject), Err(Kind::Denied));
    assert_eq!(reach("alice", "draft", Need::Names), Err(Kind::Denied));
    assert_eq!(reach("alice", "missing", Need::Names), Err(Kind::NotFound));
}

#[test]
fn run_only_holds_for_admins_too() {
    let rules = rules();
    let alice = member("alice");
    let ci = scope("ci");
    assert!(matches!(
        rules.reach(&alice, Some(&ci), Need::Reveal),
        Err(AccessError::RunOnly { .. })
    ));
    assert!(rules.reach(&alice, Some(&ci), Need::Inject).is_ok());
    assert!(rules.reach(&alice, Some(&ci), Need::Names).is_ok());
}
