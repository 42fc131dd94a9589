//! Policies to which both sides only added: each addition was an admin's, and an admin who syncs signs a
//! policy that has both. Whatever else both changed is for a person to decide.

use super::conflict::{Conflict, ConflictTarget, Revision, Side};
use super::floor::{document_floor, refuse_below};
use crate::fs::Subject;
use crate::name::ScopeName;
use crate::service::base::Result;
use crate::service::change::{LockedVault, Transaction};
use crate::service::identity::agent;
use crate::store::{Document as _, Policy, Version};

/// A policy that has what both sides added.
pub(super) struct Added<'c> {
    pub(super) conflict: &'c Conflict,
    scope: ScopeName,
    policy: Policy,
}

/// Those of the conflicts that the caller can settle like this.
pub(super) fn added<'c>(locked: &LockedVault<'_>, conflicts: &'c [Conflict]) -> Vec<Added<'c>> {
    // What a policy gives is a person's to say.
    if locked.require_admin().is_err() || agent::is_of_its_own(locked.ctx) {
        return Vec::new();
    }
    conflicts.iter().filter_map(|conflict| of_conflict(locked, conflict)).collect()
}

fn of_conflict<'c>(locked: &LockedVault<'_>, conflict: &'c Conflict) -> Option<Added<'c>> {
    let opened = &locked.opened;
    let ConflictTarget::Document(path) = &conflict.matter else { return None };
    let Subject::Policy(scope) = path.subject() else { return None };
    let signed = |at: Revision| {
        let bytes = conflict.at(opened, at, path).ok()??;
        opened.vault.approved::<Policy>(path, bytes)
    };
    let sides = [Side::Ours, Side::Theirs];
    let [shared, ours, theirs] =
        [Revision::Shared, Revision::Now(Side::Ours), Revision::Now(Side::Theirs)].map(signed);
    let (shared, ours, theirs) = (shared?, ours?, theirs?);
    // An older one that somebody put back is no addition.
    for (side, policy) in sides.into_iter().zip([&ours, &theirs]) {
        let floor = document_floor::<Policy>(opened, conflict, side, path);
        refuse_below(path, Version::of_document(policy.version), floor).ok()?;
    }
    let policy = union(&shared, &ours, &theirs)?;
    let version = ours.version.max(theirs.version).saturating_add(1);
    Some(Added { conflict, scope: scope.clone(), policy: policy.with_version(version) })
}

/// Stages it.
///
/// # Errors
/// It cannot be signed.
pub(super) fn put(tx: &mut Transaction<'_>, added: &Added<'_>) -> Result<()> {
    tx.put_document(&added.scope, &added.policy).map(drop)
}

/// The policy with what both added to the lists of `shared`; `None` where one of them did something else.
fn union(shared: &Policy, ours: &Policy, theirs: &Policy) -> Option<Policy> {
    let only_added = |side: &Policy| {
        let programs = match (&shared.commands, &side.commands) {
            (None, None) => true,
            // To say for the first time which programs may start takes the others away.
            (Some(before), Some(now)) => has_all(now, before),
            _ => false,
        };
        let lists = has_all(&side.allow, &shared.allow)
            && has_all(&side.deny, &shared.deny)
            && has_all(&side.members, &shared.members);
        let rest = Policy {
            version: shared.version,
            allow: shared.allow.clone(),
            deny: shared.deny.clone(),
            members: shared.members.clone(),
            commands: shared.commands.clone(),
            ..side.clone()
        };
        programs && lists && rest == *shared
    };
    if !only_added(ours) || !only_added(theirs) {
        return None;
    }
    let mut all = ours.clone();
    extend(&mut all.allow, &theirs.allow);
    extend(&mut all.deny, &theirs.deny);
    extend(&mut all.members, &theirs.members);
    if let (Some(commands), Some(others)) = (&mut all.commands, &theirs.commands) {
        extend(commands, others);
    }
    Some(all)
}

fn has_all<T: PartialEq>(now: &[T], before: &[T]) -> bool {
    before.iter().all(|one| now.contains(one))
}

fn extend<T: PartialEq + Clone>(list: &mut Vec<T>, others: &[T]) {
    let new: Vec<T> = others.iter().filter(|one| !list.contains(one)).cloned().collect();
    list.extend(new);
}

#[cfg(test)]
mod tests {
    use super::union;
    use crate::store::{Grantee, Policy};

    fn policy(allow: &[&str], deny: &[&str], members: &[&str]) -> Policy {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let members = members.iter().map(|name| Grantee::parse(name).unwrap()).collect();
        Policy { version: 3, allow: texts(allow), deny: texts(deny), members, ..Policy::default() }
    }

    #[test]
    fn what_both_sides_only_added_is_in_one_policy() {
        let shared = policy(&["db-*"], &[], &["@backend"]);
        let ours = Policy { version: 4, ..policy(&["db-*", "api-*"], &["db-root"], &["@backend"]) };
        let theirs = Policy {
            version: 9,
            ..policy(&["web-*", "db-*", "api-*"], &[], &["carol", "@backend"])
        };
        let all = union(&shared, &ours, &theirs).unwrap();
        assert_eq!(all.allow, ["db-*", "api-*", "web-*"]);
        assert_eq!(all.deny, ["db-root"]);
        let members: Vec<String> = all.members.iter().map(ToString::to_string).collect();
        assert_eq!(members, ["@backend", "carol"]);
        assert!(union(&shared, &ours, &shared).is_some());
    }

    #[test]
    fn what_was_taken_away_or_set_is_for_a_person() {
        let shared = policy(&["db-*", "web-*"], &["db-root"], &["@backend"]);
        let added = policy(&["db-*", "web-*", "api-*"], &["db-root"], &["@backend"]);
        for other in [
            policy(&["db-*"], &["db-root"], &["@backend"]),
            policy(&["db-*", "web-*"], &[], &["@backend"]),
            policy(&["db-*", "web-*"], &["db-root"], &[]),
            Policy { run_only: true, ..added.clone() },
            Policy { description: "x".to_owned(), ..added.clone() },
            Policy { commands: Some(vec!["psql".to_owned()]), ..added.clone() },
            Policy { seal_only: true, ..added.clone() },
        ] {
            assert_eq!(union(&shared, &added, &other), None, "{other:?}");
            assert_eq!(union(&shared, &other, &added), None, "{other:?}");
        }
        let programs = |list: &[&str]| {
            let commands = list.iter().map(|text| (*text).to_owned()).collect();
            Policy { commands: Some(commands), ..shared.clone() }
        };
        let all = union(&programs(&["psql"]), &programs(&["psql", "a"]), &programs(&["b", "psql"]));
        assert_eq!(all.unwrap().commands.unwrap(), ["psql", "a", "b"]);
    }
}
