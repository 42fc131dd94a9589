//! Members, policies and admins as the files of one state of the vault claim them, whoever
//! signed them: to compare two states. What waits for approval is taken as if it had it.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Ruling, ScopePolicy};
use crate::fs::{self, Subject, VaultPath};
use crate::git;
use crate::name::{MemberName, ScopeName, SecretName};
use crate::service::base::{Result, Snapshot};
use crate::store::{AdminSet, MAX_TOML, Member, Policy, render};

/// The files of one state.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Documents by their paths.
    pub(crate) documents: BTreeMap<String, Vec<u8>>,
    /// The secrets there are.
    pub(crate) secrets: Vec<SecretName>,
}

impl State {
    /// The state of a revision.
    ///
    /// # Errors
    /// There is no such revision; the history cannot be read.
    pub(crate) fn of_revision(opened: &Snapshot, rev: &str) -> Result<Self> {
        let is_rule = |path: VaultPath| {
            matches!(path.subject(), Subject::Admins(_) | Subject::Member(_) | Subject::Policy(_))
        };
        let wants = |path: &str| VaultPath::parse(path).is_some_and(is_rule);
        let files = git::files_at(opened.vault.root().path(), rev, &wants)?;
        let secret = |path: &String| match VaultPath::parse(path)?.subject() {
            Subject::Record(name) => Some(name.clone()),
            _ => None,
        };
        let secrets = files.names.iter().filter_map(secret).collect();
        Ok(Self { documents: files.contents, secrets })
    }

    /// The files as they lie there now.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub(crate) fn of_files(opened: &Snapshot) -> Result<Self> {
        let mut state = Self { secrets: opened.vault.names()?, ..Self::default() };
        let mut paths: Vec<VaultPath> = Vec::new();
        paths.extend(opened.vault.names_of::<Member>()?.iter().map(VaultPath::member));
        paths.extend(opened.vault.names_of::<Policy>()?.iter().map(VaultPath::policy));
        paths.extend((1..=opened.vault.admins().version).map(VaultPath::admins));
        for path in paths {
            // What is no file that can be read is for 'check' to report.
            if let Ok(Some(bytes)) = fs::read(opened.vault.root(), &path, MAX_TOML) {
                state.documents.insert(path.as_str().to_owned(), bytes);
            }
        }
        Ok(state)
    }

    /// What the documents say, and the paths of those that say nothing that can be understood,
    /// with the reason.
    pub(crate) fn ruling(&self, opened: &Snapshot) -> (Ruling, BTreeMap<String, String>) {
        let (mut ruling, mut unreadable) = (Ruling::default(), BTreeMap::new());
        let mut newest = 0;
        for path in self.documents.keys().filter_map(|path| VaultPath::parse(path)) {
            let taken = match path.subject() {
                Subject::Member(name) => self.member(opened, &path, name.clone(), &mut ruling),
                Subject::Policy(name) => self.policy(opened, &path, name.clone(), &mut ruling),
                Subject::Admins(_) => self.admins(opened, &path, &mut newest, &mut ruling),
                _ => Ok(()),
            };
            if let Err(reason) = taken {
                unreadable.insert(path.as_str().to_owned(), reason);
            }
        }
        (ruling, unreadable)
    }

    fn claim<T: serde::de::DeserializeOwned>(
        &self,
        opened: &Snapshot,
        path: &VaultPath,
    ) -> std::result::Result<T, String> {
        let bytes = self.documents.get(path.as_str()).cloned().unwrap_or_default();
        let claim = opened.vault.claim_in::<T>(path, bytes);
        claim.map(|claim| claim.document).map_err(|error| error.to_string())
    }

    fn member(
        &self,
        opened: &Snapshot,
        path: &VaultPath,
        name: MemberName,
        ruling: &mut Ruling,
    ) -> std::result::Result<(), String> {
        let member = self.claim::<Member>(opened, path)?;
        if member.removed.is_none() {
            ruling.members.insert(name, member);
        }
        Ok(())
    }

    fn policy(
        &self,
        opened: &Snapshot,
        path: &VaultPath,
        name: ScopeName,
        ruling: &mut Ruling,
    ) -> std::result::Result<(), String> {
        let policy = self.claim::<Policy>(opened, path)?;
        if policy.removed.is_none() {
            let compiled = ScopePolicy::compile(policy).map_err(|error| error.to_string())?;
            ruling.policies.insert(name, compiled);
        }
        Ok(())
    }

    fn admins(
        &self,
        opened: &Snapshot,
        path: &VaultPath,
        newest: &mut u32,
        ruling: &mut Ruling,
    ) -> std::result::Result<(), String> {
        let set = self.claim::<AdminSet>(opened, path)?;
        if set.version > *newest {
            *newest = set.version;
            ruling.admins = set.admins.into_keys().collect();
        }
        Ok(())
    }

    /// Whether an admin of today signed this member or policy as it stands.
    pub(crate) fn is_approved(&self, opened: &Snapshot, path: &str) -> bool {
        let (Some(path), Some(bytes)) = (VaultPath::parse(path), self.documents.get(path)) else {
            return true;
        };
        let bytes = bytes.clone();
        match path.subject() {
            Subject::Member(_) => opened.vault.approved::<Member>(&path, bytes).is_some(),
            Subject::Policy(_) => opened.vault.approved::<Policy>(&path, bytes).is_some(),
            _ => true,
        }
    }

    /// The document as people compare it; its bytes as text where it cannot be understood.
    pub(crate) fn shown(&self, opened: &Snapshot, path: &str) -> String {
        let Some(bytes) = self.documents.get(path) else { return String::new() };
        let raw = || String::from_utf8_lossy(bytes).into_owned();
        let Some(parsed) = VaultPath::parse(path) else { return raw() };
        let text = match parsed.subject() {
            Subject::Member(_) => self.claim(opened, &parsed).and_then(|one| shown_member(&one)),
            Subject::Policy(_) => self.claim(opened, &parsed).and_then(|one| shown_policy(&one)),
            _ => self.claim::<AdminSet>(opened, &parsed).and_then(|one| rendered(&one)),
        };
        text.unwrap_or_else(|_| raw())
    }

    /// The paths that are not the same in both states.
    pub(crate) fn differing(&self, other: &Self) -> BTreeSet<String> {
        let all = self.documents.keys().chain(other.documents.keys());
        all.filter(|path| self.documents.get(*path) != other.documents.get(*path))
            .cloned()
            .collect()
    }
}

/// A member without the sealed key, and without what authy counts.
pub(crate) fn shown_member(member: &Member) -> std::result::Result<String, String> {
    rendered(&Member { version: 0, signing: None, former: Vec::new(), ..member.clone() })
}

/// A policy without what authy counts.
pub(crate) fn shown_policy(policy: &Policy) -> std::result::Result<String, String> {
    rendered(&Policy { version: 0, ..policy.clone() })
}

fn rendered<T: serde::Serialize>(document: &T) -> std::result::Result<String, String> {
    let text = render(document).map_err(|error| error.to_string())?;
    Ok(text.lines().filter(|line| *line != "version = 0").map(|line| format!("{line}\n")).collect())
}
