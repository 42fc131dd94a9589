//! Missing is not removed: what the last commit has and the work tree lacks is hidden by a sparse
//! checkout, or somebody deleted it. Whatever would depend on it is refused, with the line that
//! brings it back.
//!
//! Members and policies leave a tombstone when they are removed, and a chain is never removed. A
//! secret that authy removed, and whose commit is still to be made, is remembered by the pins, or by
//! the list of what is to be committed.

use super::error::Error;
use super::opening::{Snapshot, VaultError};
use super::pending::Pending;
use crate::fs::{Root, Subject, VaultPath, chain_folder};
use crate::git;
use crate::name::SecretName;

/// Where members, policies and admins lie.
const RULES: [&str; 3] = ["admins", "members", "policies"];

/// Members, policies and sets of admins that are missing, sorted. A history that cannot be read
/// says nothing.
pub(crate) fn missing_rules(opened: &Snapshot) -> Vec<VaultPath> {
    lacking(opened.vault.root(), &RULES.map(str::to_owned))
}

/// Files of secrets that are missing, sorted.
pub(crate) fn missing_secrets(opened: &Snapshot) -> Vec<VaultPath> {
    let mut missing = lacking(opened.vault.root(), &["secrets".to_owned()]);
    missing.retain(|path| !is_removed(opened, path));
    missing
}

/// What a change would go by that is missing: members and policies, and the secrets that it names.
/// Asked at once, as each look costs an opening of the repository.
pub(crate) fn missing_for(opened: &Snapshot, secrets: &[SecretName]) -> Vec<VaultPath> {
    let root = opened.vault.root();
    // A commit has both files of a secret or none, and looking one up in a large folder takes time.
    let absent = |name: &SecretName| {
        let mut files = [VaultPath::record(name), VaultPath::secret(name)].into_iter();
        files.find(|path| is_absent(root, path)).map(|path| path.as_str().to_owned())
    };
    let mut places = RULES.map(str::to_owned).to_vec();
    places.extend(secrets.iter().filter_map(absent));
    let missing = committed(root, &places).into_iter().filter(|path| is_absent(root, path));
    let missing = missing.filter(|path| !is_removed(opened, path));
    missing.flat_map(|path| with_its_pair(root, path)).collect()
}

/// A file that is missing, and the other one of its secret where that is, too.
fn with_its_pair(root: &Root, path: VaultPath) -> Vec<VaultPath> {
    match path.subject() {
        Subject::Record(name) | Subject::Value(name) => {
            let both = [VaultPath::record(name), VaultPath::secret(name)];
            both.into_iter().filter(|path| is_absent(root, path)).collect()
        }
        _ => vec![path],
    }
}

/// Members, policies, sets of admins and files of the audit trail that are missing, sorted.
pub(crate) fn missing_rules_and_trail(opened: &Snapshot) -> Vec<VaultPath> {
    lacking(opened.vault.root(), &["admins", "audit", "members", "policies"].map(str::to_owned))
}

/// The files of a chain that are missing.
pub(crate) fn missing_chain(opened: &Snapshot, chain: &str) -> Vec<VaultPath> {
    let key = VaultPath::chain_key(chain).map(|path| path.as_str().to_owned());
    lacking(opened.vault.root(), &[chain_folder(chain)].into_iter().chain(key).collect::<Vec<_>>())
}

/// Refuses to go on where something is missing.
///
/// # Errors
/// [`VaultError::Missing`].
pub(crate) fn refuse_missing(
    opened: &Snapshot,
    missing: &[VaultPath],
) -> std::result::Result<(), VaultError> {
    refuse(opened.vault.root(), missing)
}

/// The error for a set of admins that is missing, where the last commit has it: without it the
/// vault cannot be opened.
pub(crate) fn missing_admins(root: &Root, path: &VaultPath) -> Option<VaultError> {
    refuse(root, &lacking(root, &[path.as_str().to_owned()])).err()
}

/// `error`, or that members or policies are missing where it comes from that: whoever a sparse checkout
/// hides, or somebody deleted, is a member all the same.
pub(crate) fn or_missing_rules(root: &Root, error: Error) -> Error {
    if !error.lacks_a_rule() {
        return error;
    }
    let missing = lacking(root, &["members", "policies"].map(str::to_owned));
    refuse(root, &missing).err().map_or(error, Error::from)
}

/// As [`or_missing_rules`], for a secret that is not there, too: one that a sparse checkout hides, or that was
/// deleted, is in the last commit.
pub(crate) fn or_missing(opened: &Snapshot, error: Error) -> Error {
    let root = opened.vault.root();
    let Some(name) = error.secret_not_found() else {
        let error = or_missing_rules(root, error);
        let gone = error.lacks_a_rule().then(|| refuse_gone(opened).err()).flatten();
        return gone.map_or(error, Error::from);
    };
    let files = [VaultPath::record(name), VaultPath::secret(name)];
    let places = files.map(|path| path.as_str().to_owned());
    let mut missing = lacking(root, &places);
    missing.retain(|path| !is_removed(opened, path));
    refuse(root, &missing).err().map_or(error, Error::from)
}

/// Members and policies that a commit took away without an admin's word, and the commits to bring them back
/// from.
pub(crate) fn gone_rules(opened: &Snapshot) -> Vec<GoneRule> {
    let root = opened.vault.root();
    let gone = opened.vault.gone();
    let from = |path: &VaultPath| {
        let (mut from, look) = (None, path.as_str());
        let found = git::changes_of(root.path(), look, &mut |change| {
            from = change.bytes.map(|_| change.commit.id.chars().take(10).collect::<String>());
            from.is_some()
        });
        found.ok().and(from)
    };
    let gone = gone.into_iter().filter(|(path, _)| is_absent(root, path));
    gone.map(|(path, version)| GoneRule { way: from(&path), path, version }).collect()
}

/// A member or a policy that is gone without an admin's word.
pub(crate) struct GoneRule {
    pub(crate) path: VaultPath,
    /// The version that was here.
    pub(crate) version: u64,
    way: Option<String>,
}

impl GoneRule {
    /// The line that brings it back, where a commit has it.
    pub(crate) fn way(&self, root: &Root) -> Option<String> {
        let commit = self.way.as_ref()?;
        Some(format!("git -C {} checkout {commit} -- {}", git::quoted(root.path()), self.path))
    }
}

/// Refuses to go on without a member or a policy that no admin removed: what is encrypted then would leave
/// somebody out.
///
/// # Errors
/// [`VaultError::Gone`].
pub(crate) fn refuse_gone(opened: &Snapshot) -> std::result::Result<(), VaultError> {
    let root = opened.vault.root();
    let gone = gone_rules(opened).into_iter().find_map(|rule| Some((rule.way(root)?, rule.path)));
    gone.map_or(Ok(()), |(way, path)| Err(VaultError::Gone { path, way }))
}

fn refuse(root: &Root, missing: &[VaultPath]) -> std::result::Result<(), VaultError> {
    let Some(first) = missing.first() else { return Ok(()) };
    let path = first.as_str().to_owned();
    let way = way_back(root, missing);
    Err(VaultError::Missing { path, more: missing.len() - 1, way })
}

/// The command that brings files back.
pub(crate) fn way_back(root: &Root, missing: &[VaultPath]) -> String {
    let vault = root.path();
    let folder = git::quoted(vault);
    if git::is_sparse(vault) {
        return format!("git -C {folder} sparse-checkout disable");
    }
    // A few by their names; of many the folders, which is what was deleted then.
    let mut names: Vec<&str> = missing.iter().map(VaultPath::as_str).collect();
    if names.len() > 3 {
        names = names.iter().map(|name| name.split('/').next().unwrap_or(name)).collect();
        names.dedup();
    }
    format!("git -C {folder} checkout HEAD -- {}", names.join(" "))
}

fn lacking(root: &Root, places: &[String]) -> Vec<VaultPath> {
    committed(root, places).into_iter().filter(|path| is_absent(root, path)).collect()
}

/// A history that cannot be read says nothing.
fn committed(root: &Root, places: &[String]) -> Vec<VaultPath> {
    let committed = git::committed(root.path(), places).unwrap_or_default();
    committed.iter().filter_map(|path| VaultPath::parse(path)).collect()
}

fn is_absent(root: &Root, path: &VaultPath) -> bool {
    root.file(path).symlink_metadata().is_err()
}

/// Whether authy took the secret away here: then both of its files are gone.
fn is_removed(opened: &Snapshot, path: &VaultPath) -> bool {
    let (Subject::Record(name) | Subject::Value(name)) = path.subject() else { return false };
    let (record, value) = (VaultPath::record(name), VaultPath::secret(name));
    let (root, pins) = (opened.vault.root(), opened.vault.pins());
    let waits = || {
        let pending = Pending::load(root).unwrap_or_default();
        pending.paths.contains(record.as_str())
    };
    // Where nothing is remembered a deletion cannot be told from a removal.
    is_absent(root, &record)
        && is_absent(root, &value)
        && (pins.folder().is_none() || pins.removed(&record).is_some() || waits())
}
