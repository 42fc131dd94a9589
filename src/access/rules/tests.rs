//! The rules with several members: who reads what, by which policy, for which need.

use crate::kind::Failure as _;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::{LazyMap, PolicyState, Rules};
use crate::access::{AccessError, Bearer, Need, Principal, Program, ScopePolicy};
use crate::audit::Op;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::crypto::sign::SigningKey;
use crate::crypto::{FileKey, Identity};
use crate::fs::{GrantPlace, VaultPath};
use crate::kind::Kind;
use crate::name::{MemberName, ScopeName, SecretName, SessionId};
use crate::session::{GrantKey, GrantKeys};
use crate::store::{
    Authority, Grant, Grantee, Member, Policy, Signed, Stamp, Standing, StoreError,
};

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
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        verify: Some(SigningKey::generate().verify_key()),
        ..Member::default()
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
        recipients: Mutex::default(),
        admins: BTreeSet::from([member("zoe"), member("alice")]),
        members: LazyMap::from_iter([
            in_force("alice", &[]),
            in_force("bob", &["backend"]),
            in_force("carol", &[]),
            in_force("zoe", &[]),
            dave,
        ]),
        policies: LazyMap::from_iter([
            approved("backend", policy(&["db-*"], &["@backend", "dave"])),
            approved("ci", run_only),
            approved("nobody", policy(&["*"], &[])),
            draft,
        ]),
        vault: None,
        past: Box::default(),
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
    permits("carol", Need::Use, "ci-token").unwrap();
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
    assert_eq!(reach("carol", "backend", Need::Use), Err(Kind::Denied));
    assert_eq!(reach("alice", "draft", Need::Use), Err(Kind::Denied));
    assert_eq!(reach("alice", "missing", Need::Use), Err(Kind::NotFound));
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
    assert!(rules.reach(&alice, Some(&ci), Need::Use).is_ok());
    assert!(rules.reach(&alice, Some(&ci), Need::Use).is_ok());
}

fn grant(scope_name: &str, allow: &[&str]) -> Grant {
    let at = Stamp::parse("2026-11-23T10:00:00Z").unwrap();
    Grant {
        seal_only: false,
        sealed: Vec::new(),
        version: 1,
        label: String::new(),
        scope: scope(scope_name),
        run_only: false,
        allow: allow.iter().map(|pattern| (*pattern).to_owned()).collect(),
        deny: Vec::new(),
        commands: None,
        created: at,
        expires: at,
        recipient: String::new(),
        keys: Digest::of(&[]),
        chain: Digest::of(&[]),
    }
}

/// The bearer of a grant by `creator` that has keys for `names`.
fn bearer(creator: &str, grant: Grant, names: &[&str]) -> Bearer {
    let key = GrantKey {
        version: 1,
        digest: Digest::of(&[]),
        key: FileKey::from_bytes(&[0; 16]).unwrap(),
    };
    let keys = GrantKeys(names.iter().map(|name| (secret(name), key.clone())).collect());
    let id = SessionId::parse("0011223344556677").unwrap();
    let place = GrantPlace { id, shared: false };
    let (identity, chain) = (Identity::generate("now").0, ChainKey::generate());
    Bearer::new(place, Signed::unchecked(grant, creator), identity, chain, keys).unwrap()
}

#[test]
fn a_token_reaches_what_its_grant_and_the_policy_allow() {
    let rules = rules();
    // The policy `nobody` allows everything by now; when the session was made it did not.
    let bearer = bearer("alice", grant("nobody", &["db-*"]), &["db-url"]);
    let reach = rules.reach_of_bearer(&bearer, None, Need::Reveal).unwrap();
    let kind = |name: &str| reach.permits(&secret(name)).map_err(|error| error.kind());
    assert_eq!(kind("db-url"), Ok(()));
    assert_eq!(kind("db-new"), Ok(()));
    assert_eq!(kind("other"), Err(Kind::Denied));
    assert!(reach.holds(&secret("db-url")).is_ok());
    assert!(matches!(reach.holds(&secret("db-new")), Err(AccessError::NotInGrant { .. })));
}

#[test]
fn a_policy_that_became_narrower_binds_a_token_at_once() {
    let rules = rules();
    let bearer = Arc::new(bearer("alice", grant("backend", &["*"]), &["db-url", "other"]));
    let reach = rules.reach_of_bearer(&bearer, None, Need::Reveal).unwrap();
    assert!(reach.permits(&secret("db-url")).is_ok());
    assert!(matches!(reach.permits(&secret("other")), Err(AccessError::Denied { .. })));
}

#[test]
fn a_token_is_worth_nothing_without_its_creator() {
    let rules = rules();
    let kind = |creator: &str, name: &str| {
        let bearer = bearer(creator, grant(name, &["*"]), &[]);
        rules.reach_of_bearer(&bearer, None, Need::Use).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(kind("bob", "backend"), Ok(()));
    for (creator, name) in [("carol", "backend"), ("dave", "backend"), ("eve", "nobody")] {
        assert_eq!(kind(creator, name), Err(Kind::Credentials), "{creator} {name}");
    }
    assert_eq!(kind("alice", "draft"), Err(Kind::Denied));
}

#[test]
fn a_token_has_one_scope_and_is_run_only_if_grant_or_policy_say_so() {
    let rules = rules();
    let plain = bearer("alice", grant("backend", &["*"]), &[]);
    let other = scope("nobody");
    let asked = rules.reach_of_bearer(&plain, Some(&other), Need::Use).map(drop);
    assert!(matches!(asked, Err(AccessError::OtherScope { .. })));
    let by_grant = bearer("alice", Grant { run_only: true, ..grant("backend", &["*"]) }, &[]);
    let by_policy = bearer("alice", grant("ci", &["*"]), &[]);
    for bearer in [&by_grant, &by_policy] {
        let kind = |need| rules.reach_of_bearer(bearer, None, need).map(drop);
        assert_eq!(kind(Need::Reveal).unwrap_err().kind(), Kind::Denied);
        assert!(kind(Need::Use).is_ok());
        let reach = rules.reach_of_bearer(bearer, None, Need::Use).unwrap();
        assert!(reach.is_run_only());
        // What was reached for a run opens nothing that is to be shown.
        let asker =
            Principal::Bearer(Arc::new(self::bearer("alice", grant("backend", &["*"]), &[])));
        let give = |need| reach.give(&asker, &Op::RUN, need, Cow::Borrowed(&[])).map(drop);
        assert_eq!(give(Need::Reveal).unwrap_err().kind(), Kind::Denied);
        assert!(give(Need::Use).is_ok());
    }
    assert!(!rules.reach_of_bearer(&plain, None, Need::Use).unwrap().is_run_only());
}

#[test]
fn a_token_starts_only_what_grant_and_policy_let_it_start() {
    let mut rules = rules();
    let limited =
        Policy { commands: Some(vec!["psql".into(), "make".into()]), ..policy(&["*"], &[]) };
    rules.policies.extend([approved("limited", limited)]);
    let commands = Some(vec!["psql".to_owned(), "env".to_owned()]);
    let bearer = bearer("alice", Grant { commands, ..grant("limited", &["*"]) }, &[]);
    let reach = rules.reach_of_bearer(&bearer, None, Need::Use).unwrap();
    let program = |typed: &str, path: &str, is_guarded| {
        let path = Some(path.into());
        reach.permits_program(&Program { typed: typed.to_owned(), path, is_guarded })
    };
    assert!(program("psql", "/usr/bin/psql", true).is_ok());
    for typed in ["make", "env", "sh", "./psql"] {
        assert!(program(typed, "/usr/bin/x", true).is_err(), "{typed}");
    }
    // One that the user could have put there is not what the name means.
    let error = program("psql", "/home/alice/bin/psql", false).unwrap_err();
    assert!(error.to_string().contains("/home/alice/bin/psql"), "{error}");
    assert!(error.hint().unwrap().contains("by its path"), "{error}");
}

#[test]
fn a_policy_may_name_a_program_by_its_path_wherever_it_is() {
    let mut rules = rules();
    let commands = Some(vec!["/home/alice/bin/*".into()]);
    rules.policies.extend([approved("own", Policy { commands, ..policy(&["*"], &[]) })]);
    let scope = ScopeName::parse("own").unwrap();
    let alice = MemberName::parse("alice").unwrap();
    let reach = rules.reach(&alice, Some(&scope), Need::Use).unwrap();
    assert!(reach.limits_programs());
    let program = |path: &str| {
        let path = Some(path.into());
        reach.permits_program(&Program { typed: "tool".to_owned(), path, is_guarded: false })
    };
    assert!(program("/home/alice/bin/tool").is_ok());
    assert!(program("/tmp/tool").is_err());
}

#[test]
fn what_is_compared_in_a_review_is_what_is_obeyed() {
    let rules = rules();
    let ruling = crate::access::Ruling::of(&rules);
    for name in ["db-url", "ci-token", "prod-key"].map(secret) {
        for who in ["alice", "bob", "carol", "dave", "eve", "zoe"].map(member) {
            assert_eq!(ruling.gives(&who, &name), rules.may_read(&who, &name), "{who} {name}");
        }
    }
}

#[test]
fn a_scope_that_is_not_there_is_told_with_one_that_is_spelled_like_it() {
    let nearest = |text: &str| match rules().no_policy(&scope(text)) {
        AccessError::NoPolicy(_, nearest) => nearest.map(|scope| scope.to_string()),
        other => panic!("{other}"),
    };
    assert_eq!(nearest("bakcend").as_deref(), Some("backend"));
    for far in ["payments", "drafts"] {
        assert_eq!(nearest(far), None, "{far}");
    }
}
