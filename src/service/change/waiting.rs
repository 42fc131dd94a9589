//! What waits for a commit, told from the files themselves: no stash, reset or lost note makes it
//! forgotten.
//!
//! Only what is in order waits: a secret that can be read, a document that an admin signed. What
//! somebody edited by hand is a request, and what is missing is no removal.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::fs::{self, GrantPlace, Listing, Root, Subject, VaultPath};
use crate::git::{self, Home};
use crate::name::{MemberName, SecretName};
use crate::service::base::{Result, Snapshot};
use crate::store::{Authority as _, CommitMode, Config, Member, Policy, Version};

/// Where the signed files that travel lie.
pub(crate) const PLACES: [&str; 6] =
    ["authy.toml", "admins", "members", "policies", "secrets", "sessions/shared"];

/// What of the vault is not committed as it lies here.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Signed files, and those of secrets that were removed.
    pub(crate) signed: Vec<VaultPath>,
    /// Members and policies that were edited by hand.
    pub(crate) edited: Vec<VaultPath>,
}

impl Waiting {
    /// What waits, by the names that people know: secrets by theirs, the rest by its file.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.signed.iter().map(shown).collect();
        names.dedup();
        names
    }
}

fn shown(path: &VaultPath) -> String {
    match path.subject() {
        Subject::Record(name) | Subject::Value(name) => name.to_string(),
        _ => path.to_string(),
    }
}

/// Finds it, where authy commits.
///
/// # Errors
/// The branch or the work tree cannot be read.
pub(crate) fn waiting(opened: &Snapshot) -> Result<Waiting> {
    let (root, mut waiting) = (opened.vault.root(), Waiting::default());
    let commits =
        opened.vault.config().commit == CommitMode::Auto && git::locate(root.path())? == Home::Own;
    if !commits {
        return Ok(waiting);
    }
    let mut here = vec![VaultPath::config().as_str().to_owned()];
    let sets = 1..=opened.vault.admins().version;
    here.extend(sets.map(|number| VaultPath::admins(number).as_str().to_owned()));
    here.extend(lying_in(root, &[Listing::Members, Listing::Policies, Listing::Secrets])?);
    for place in opened.vault.sessions()?.into_iter().filter(|place| place.shared) {
        let files = place.files();
        here.extend(files.iter().map(|path| path.as_str().to_owned()));
    }
    here.retain(|path| VaultPath::parse(path).is_some_and(|path| path.travels()));
    let different: BTreeMap<String, Option<Vec<u8>>> =
        git::uncommitted(root.path(), &PLACES, &here)?
            .into_iter()
            .map(|file| (file.path, file.committed))
            .collect();
    let committed = |path: &VaultPath| different.get(path.as_str()).cloned().flatten();
    for path in different.keys().filter_map(|path| VaultPath::parse(path)) {
        let before = committed(&path);
        let is_signed = match path.subject() {
            Subject::Member(name) => {
                let signed = opened.rules.standing(name).and_then(|standing| standing.signed());
                signed.map(|signed| {
                    is_newer(opened, &path, before, signed.version, |m: &Member| m.version)
                })
            }
            Subject::Policy(name) => {
                let signed = opened.rules.policy_state(name).and_then(|state| state.signed());
                signed.map(|signed| {
                    is_newer(opened, &path, before, signed.version, |p: &Policy| p.version)
                })
            }
            Subject::Settings => {
                let version = opened.vault.config().version;
                Some(is_newer(opened, &path, before, version, |c: &Config| c.version))
            }
            // The vault was opened with them, and they never change.
            Subject::Admins(_) => Some(before.is_none()),
            Subject::Record(name) | Subject::Value(name) => {
                let record = VaultPath::record(name);
                Some(secret_waits(opened, name, committed(&record)))
            }
            Subject::Segment(_) | Subject::ChainKey => Some(false),
            Subject::Other => Some(grant_waits(opened, &path)),
        };
        match is_signed {
            Some(true) => waiting.signed.push(path),
            Some(false) if !matches!(path.subject(), Subject::Member(_) | Subject::Policy(_)) => {}
            // Whatever was written into it by hand is a request.
            Some(false) | None => waiting.edited.push(path),
        }
    }
    Ok(waiting)
}

/// The files of these folders, as the vault names them.
fn lying_in(root: &Root, listings: &[Listing]) -> Result<Vec<String>> {
    let mut here = Vec::new();
    for listing in listings {
        let files = fs::list(root, *listing)?.files;
        here.extend(files.iter().map(|file| format!("{}/{file}", listing.folder())));
    }
    Ok(here)
}

/// The first policy or file of a secret that the last commit does not have as it lies here, whoever commits.
///
/// # Errors
/// As [`waiting`].
pub(crate) fn uncommitted(opened: &Snapshot) -> Result<Option<String>> {
    let (root, listings) = (opened.vault.root(), [Listing::Policies, Listing::Secrets]);
    let mut here = lying_in(root, &listings)?;
    here.retain(|path| VaultPath::parse(path).is_some_and(|path| path.travels()));
    let found = git::uncommitted(root.path(), &listings.map(Listing::folder), &here)?;
    Ok(found.into_iter().next().map(|file| file.path))
}

/// Whether a version is above the one that the last commit has, if it has any.
fn is_newer<T: DeserializeOwned>(
    opened: &Snapshot,
    path: &VaultPath,
    committed: Option<Vec<u8>>,
    version: u64,
    of: fn(&T) -> u64,
) -> bool {
    let Some(bytes) = committed else { return true };
    // What cannot even be read is no version.
    opened.vault.claim_in::<T>(path, bytes).map_or(true, |before| version > of(&before.document))
}

/// Whether a secret can be read, and is newer than the last commit has it; or authy removed it.
fn secret_waits(opened: &Snapshot, name: &SecretName, committed: Option<Vec<u8>>) -> bool {
    let path = VaultPath::record(name);
    match opened.vault.secret(name, &opened.rules) {
        Ok(Some(sealed)) => {
            // What a commit took away and somebody put back by hand is not new.
            let Some(bytes) = committed else { return !was_taken_away(opened, &path) };
            // One that nobody signed who may, as after a merge inside the file, is no version.
            let keys = |by: &MemberName| opened.rules.record_key(by, name).into_iter().collect();
            let before = opened.vault.past_record(name, &bytes, &keys);
            before.is_none_or(|before| Version::from(&**sealed.record()) > Version::from(&*before))
        }
        Ok(None) => opened.vault.pins().removed(&path).is_some(),
        Err(_) => false,
    }
}

/// Whether the newest commit that speaks of a file took it away.
fn was_taken_away(opened: &Snapshot, path: &VaultPath) -> bool {
    let mut is_gone = false;
    let told = git::changes_of(opened.vault.root().path(), path.as_str(), &mut |change| {
        is_gone = change.bytes.is_none();
        true
    });
    is_gone || told.is_err()
}

/// Whether a file of a shared session is as it should be: of a grant that is in order, or gone
/// with one that was revoked here.
fn grant_waits(opened: &Snapshot, path: &VaultPath) -> bool {
    let Some(place) = GrantPlace::of(path).filter(|place| place.shared) else { return false };
    let is_there = opened.vault.root().file(path).symlink_metadata().is_ok();
    match opened.vault.grant(&place, &opened.rules.creator_key()) {
        Ok(Some(_)) => is_there,
        Ok(None) => !is_there && opened.vault.is_revoked(&place),
        Err(_) => false,
    }
}
