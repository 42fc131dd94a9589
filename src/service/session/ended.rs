//! Sessions of this clone that ended, as it remembers them for a week: what became of a token is told then,
//! after its grant is gone. Words for people: nothing is allowed or refused by them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::token::expiry;
use crate::access::{Exposure, Rules};
use crate::audit::{Filter, Outcome};
use crate::fs::{self, GrantPlace, LocalFile, Root};
use crate::name::{MemberName, ScopeName, SessionId};
use crate::service::audit::{session_of, trail};
use crate::service::base::{Snapshot, TokenError};
use crate::store::{Grant, Signed, Stamp};

/// How long they are remembered, in seconds.
const REMEMBERED: i64 = 7 * 24 * 60 * 60;
/// How many are, the newest.
const MOST: usize = 200;
/// Largest file of them in bytes.
const LARGEST: usize = 1 << 20;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    /// Its time was over.
    Expired,
    /// Somebody ended it, or the key that its maker signed with was given up.
    Revoked,
}

/// A session that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) id: SessionId,
    pub(crate) how: End,
    pub(crate) at: Stamp,
    pub(crate) scope: ScopeName,
    pub(crate) label: String,
    pub(crate) run_only: bool,
    pub(crate) shared: bool,
    pub(crate) created: Stamp,
    pub(crate) expires: Stamp,
    pub(crate) by: MemberName,
    /// When its token was last used, as far as this clone knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) used: Option<Stamp>,
}

impl Ended {
    /// Takes down what is known of a session that ends now.
    pub(crate) fn of(
        opened: &Snapshot,
        place: &GrantPlace,
        grant: &Signed<Grant>,
        how: End,
        now: Stamp,
    ) -> Self {
        let expires = expiry(grant, &opened.rules);
        Self {
            id: place.id.clone(),
            how,
            at: if how == End::Expired { expires } else { now },
            scope: grant.scope.clone(),
            label: grant.label.clone(),
            run_only: runs_only(grant, &opened.rules),
            shared: place.shared,
            created: grant.created,
            expires,
            by: grant.by().clone(),
            used: None,
        }
    }

    /// What whoever brings its token is told.
    pub(super) fn refusal(&self) -> TokenError {
        let at = self.at.to_string();
        match self.how {
            End::Expired => TokenError::Expired { at, scope: self.scope.clone() },
            End::Revoked => TokenError::Revoked { at, scope: self.scope.clone() },
        }
    }
}

/// Whether values go into processes only, by the session or by its policy.
pub(crate) fn runs_only(grant: &Signed<Grant>, rules: &Rules) -> bool {
    let by_policy = rules.of_grant(grant).is_ok_and(|(_, policy)| policy.hides());
    Exposure::from(&**grant) < Exposure::Reveal || by_policy
}

/// As it lies in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    session: Vec<Ended>,
}

/// Those that are remembered, the oldest first.
pub(crate) fn ended(root: &Root, now: Stamp) -> Vec<Ended> {
    let bytes = fs::read_outside(&root.local(LocalFile::EndedSessions), LARGEST).ok().flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    // Nobody but authy writes it; what it cannot read it does without.
    let File { mut session } = toml::from_str(&text).unwrap_or_default();
    session.retain(|one| one.at.plus(REMEMBERED) > now);
    session
}

/// The file of them with these besides, and when each was used last.
pub(crate) fn file(opened: &Snapshot, mut more: Vec<Ended>, now: Stamp) -> Vec<u8> {
    let used = last_used(opened, &more.iter().map(|one| &one.id).collect::<Vec<_>>());
    more.iter_mut().for_each(|one| one.used = used.get(&one.id).copied());
    with(opened.vault.root(), more, now)
}

fn with(root: &Root, more: Vec<Ended>, now: Stamp) -> Vec<u8> {
    let mut session = ended(root, now);
    session.retain(|one| more.iter().all(|other| other.id != one.id));
    session.extend(more);
    session.sort_by_key(|one| one.at);
    session.drain(..session.len().saturating_sub(MOST));
    // What was read is what can be written.
    toml::to_string(&File { session }).unwrap_or_default().into_bytes()
}

/// When the tokens of these sessions were last given something, as the trail of this clone tells; of those
/// that were not nothing is said.
pub(crate) fn last_used(opened: &Snapshot, ids: &[&SessionId]) -> BTreeMap<SessionId, Stamp> {
    let mut all = BTreeMap::new();
    let granted = Filter { outcome: Some(Outcome::Granted), ..Filter::default() };
    for copies in trail(opened).unwrap_or_default() {
        let Some(id) = session_of(&copies.chain).filter(|id| ids.contains(&id)) else { continue };
        let lines = copies.newest(&granted, Some(1)).unwrap_or_default();
        if let Some(line) = lines.last() {
            let time = Stamp::new(line.time.time());
            all.entry(id).and_modify(|seen: &mut Stamp| *seen = time.max(*seen)).or_insert(time);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_remembered_for_a_week_each_once_and_not_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(dir.path().to_owned());
        let path = root.local(LocalFile::EndedSessions);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let start = Stamp::parse("2026-12-01T08:00:00Z").unwrap();
        let one = |n: usize, after: i64| Ended {
            id: SessionId::parse(&format!("{n:016x}")).unwrap(),
            how: End::Expired,
            at: start.plus(after),
            scope: ScopeName::parse("backend").unwrap(),
            label: "night \"build\"\n".to_owned(),
            run_only: true,
            shared: false,
            created: start,
            expires: start.plus(after),
            by: MemberName::parse("alice").unwrap(),
            used: (n > 0).then_some(start),
        };
        let write = |more: Vec<Ended>, now| std::fs::write(&path, with(&root, more, now)).unwrap();
        assert_eq!(ended(&root, start), []);
        write(vec![one(0, 60), one(1, 30)], start);
        assert_eq!(ended(&root, start), [one(1, 30), one(0, 60)]);
        let revoked = Ended { how: End::Revoked, ..one(0, 90) };
        write(vec![revoked.clone()], start);
        assert_eq!(ended(&root, start), [one(1, 30), revoked.clone()]);
        assert_eq!(ended(&root, start.plus(REMEMBERED + 30)), [revoked]);
        write((0..300).map(|n| one(n, 100)).collect(), start.plus(REMEMBERED + 95));
        assert_eq!(ended(&root, start).len(), MOST);
        std::fs::write(&path, "session = 1").unwrap();
        assert_eq!(ended(&root, start), []);
    }
}
