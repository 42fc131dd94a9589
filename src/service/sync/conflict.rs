//! What two clones changed both: found when their branches are compared, and what each side
//! says.
//!
//! Most changes do not meet: a chain has one writer, a secret its own files. What is left is
//! somebody's to decide; until then both branches stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::merge::SyncError;
use crate::fs::{self, LocalFile, Root, Subject, VaultPath};
use crate::git::{self, Difference, Divergence, Entry};
use crate::name::{MemberName, SecretName};
use crate::service::base::{Result, Snapshot};
use crate::store::{MAX_SEALED, MAX_TOML, Record, Stamp, signature_claimed};
use crate::words::words;

/// Largest list of what was decided, in bytes.
const LIMIT: usize = 8 << 20;

words! {
    /// A side of what both changed.
    pub enum Side {
        /// What this clone has.
        Ours = "ours",
        /// What was fetched.
        Theirs = "theirs",
    }
}

impl Side {
    /// The side over there.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// A state of a file that both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revision {
    /// As the last commit that both sides share has it.
    Shared,
    /// As one side has it now.
    Now(Side),
}

/// What both sides changed: a secret, or a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConflictTarget {
    Secret(SecretName),
    Document(VaultPath),
}

impl fmt::Display for ConflictTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(f, "{name}"),
            Self::Document(path) => write!(f, "{path}"),
        }
    }
}

impl ConflictTarget {
    /// The name of a document without its folder and ending.
    fn short(&self) -> Option<String> {
        let Self::Document(path) = self else { return None };
        let path = path.to_string();
        let file = path.rsplit('/').next()?;
        Some(file.strip_suffix(".toml")?.to_owned())
    }
}

/// Something that both sides changed, and the files in which it shows.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(crate) matter: ConflictTarget,
    pub(crate) files: Vec<Difference>,
    /// The commits of our side and of theirs, in hex.
    tips: (String, String),
}

/// The files that differ, by what is to become of them.
#[derive(Debug, Default)]
pub(crate) struct MergePlan {
    /// Files of the vault that only the other side changed.
    pub(crate) taken: Vec<Difference>,
    /// Other files that only the other side changed.
    pub(crate) others: Vec<Difference>,
    /// What is to be decided.
    pub(crate) conflicts: Vec<Conflict>,
}

/// Files of which one says nothing without the others.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    ConflictTarget(ConflictTarget),
    /// A shared session's grant, by its folder.
    Grant(String),
    /// The key of a chain.
    Key(String),
    /// A segment of a chain.
    Segment(String),
    Other(String),
}

fn unit(file: &Difference) -> Unit {
    let shown = file.shown();
    let path = file.path().filter(|_| file.is_plain()).and_then(VaultPath::parse);
    let Some(path) = path.filter(VaultPath::travels) else { return Unit::Other(shown) };
    match path.subject() {
        Subject::Record(name) | Subject::Value(name) => {
            Unit::ConflictTarget(ConflictTarget::Secret(name.clone()))
        }
        Subject::Settings | Subject::Admins(_) | Subject::Member(_) | Subject::Policy(_) => {
            Unit::ConflictTarget(ConflictTarget::Document(path))
        }
        Subject::ChainKey => Unit::Key(shown),
        Subject::Segment(_) => Unit::Segment(shown),
        Subject::Other => match shown.rsplit_once('/') {
            Some((folder, _)) => Unit::Grant(folder.to_owned()),
            None => Unit::Other(shown),
        },
    }
}

fn units(division: &Divergence) -> BTreeMap<Unit, Vec<Difference>> {
    let mut units: BTreeMap<Unit, Vec<Difference>> = BTreeMap::new();
    for file in &division.files {
        units.entry(unit(file)).or_default().push(file.clone());
    }
    units
}

/// Whether both sides changed one thing. A pair of which each changed another half is as good as both
/// changed.
fn meets(files: &[Difference]) -> bool {
    files.iter().any(Difference::is_changed_by_both)
        || (files.iter().any(Difference::is_changed_by_them_alone)
            && !files.iter().all(Difference::is_changed_by_them_alone))
}

/// What a merge of git's left open, of which some file is in `open`: secrets and documents, the rest is git's.
pub(crate) fn left_open(division: &Divergence, open: &BTreeSet<String>) -> Vec<Conflict> {
    let is_open = |file: &Difference| file.path().is_some_and(|path| open.contains(path));
    let conflict = |(unit, files): (Unit, Vec<Difference>)| match unit {
        Unit::ConflictTarget(matter) if meets(&files) && files.iter().any(is_open) => {
            Some(Conflict::new(division, matter, files))
        }
        _ => None,
    };
    units(division).into_iter().filter_map(conflict).collect()
}

/// Sorts the files of a division.
///
/// # Errors
/// Both sides changed a file that is none of a vault's documents and secrets.
pub(crate) fn split(root: &Root, division: &Divergence) -> Result<MergePlan> {
    let settled = settled(root)?;
    let mut split = MergePlan::default();
    for (unit, files) in units(division) {
        let meets = meets(&files);
        match unit {
            Unit::Other(_) if !meets => {
                split.others.extend(files.into_iter().filter(Difference::is_changed_by_them_alone));
            }
            _ if !meets => {
                split.taken.extend(files.into_iter().filter(Difference::is_changed_by_them_alone));
            }
            Unit::ConflictTarget(matter) => {
                let conflict = Conflict::new(division, matter, files);
                if !conflict.is_settled(&settled) {
                    split.conflicts.push(conflict);
                }
            }
            // A session that one side ended has ended; else either grant is as good.
            Unit::Grant(_) => {
                split.taken.extend(files.into_iter().filter(|file| file.theirs.is_none()));
            }
            // The same key, sealed anew by both.
            Unit::Key(_) => {}
            // A squash, or a rebase at the forge, left there what this clone has gone on from.
            Unit::Segment(path) => match longer(root, &files) {
                Some(Side::Ours) => {}
                Some(Side::Theirs) => split.taken.extend(files),
                None => return Err(SyncError::ForkedChain { path }.into()),
            },
            Unit::Other(path) => return Err(SyncError::BothChanged { path }.into()),
        }
    }
    Ok(split)
}

/// The side of which the other one has only the beginning; `None` where a segment goes on in two
/// ways.
fn longer(root: &Root, files: &[Difference]) -> Option<Side> {
    let [file] = files else { return None };
    let content = |entry: Option<Entry>| git::content(root.path(), &entry?).ok();
    let (ours, theirs) = (content(file.ours)?, content(file.theirs)?);
    if ours.starts_with(&theirs) {
        return Some(Side::Ours);
    }
    theirs.starts_with(&ours).then_some(Side::Theirs)
}

/// What was decided already: of each file that both sides changed, what the other side had when
/// this one was made to take account of it.
type Settled = BTreeMap<String, String>;

fn settled(root: &Root) -> Result<Settled> {
    let bytes = fs::read_outside(&root.local(LocalFile::Settled), LIMIT)?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

/// What is to be remembered once `conflicts` are settled.
///
/// # Errors
/// The list of before cannot be read.
pub(crate) fn settling(root: &Root, conflicts: &[&Conflict]) -> Result<Vec<u8>> {
    let mut all = settled(root)?;
    for file in conflicts.iter().flat_map(|conflict| &conflict.files) {
        all.insert(file.shown(), other_side(file));
    }
    Ok(serde_json::to_vec(&all).unwrap_or_default())
}

fn other_side(file: &Difference) -> String {
    file.theirs.map(|entry| entry.blob()).unwrap_or_default()
}

impl Conflict {
    /// What the two sides of `division` have of a matter.
    pub(crate) fn new(
        division: &Divergence,
        matter: ConflictTarget,
        files: Vec<Difference>,
    ) -> Self {
        Self { matter, files, tips: division.tips() }
    }

    /// The commit of a side, in hex.
    pub(crate) fn tip(&self, side: Side) -> &str {
        match side {
            Side::Ours => &self.tips.0,
            Side::Theirs => &self.tips.1,
        }
    }

    fn is_settled(&self, settled: &Settled) -> bool {
        self.files.iter().all(|file| settled.get(&file.shown()) == Some(&other_side(file)))
    }

    /// What a state has at `path`; `None` where it has no such file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn at(
        &self,
        opened: &Snapshot,
        state: Revision,
        path: &VaultPath,
    ) -> Result<Option<Vec<u8>>> {
        let root = opened.vault.root();
        let Some(file) = self.files.iter().find(|file| file.path() == Some(path.as_str())) else {
            // Both sides have it alike.
            return Ok(fs::read(root, path, MAX_SEALED.max(MAX_TOML))?);
        };
        let entry = match state {
            Revision::Shared => file.base,
            Revision::Now(Side::Ours) => file.ours,
            Revision::Now(Side::Theirs) => file.theirs,
        };
        Ok(entry.map(|entry| git::content(root.path(), &entry)).transpose()?)
    }

    /// The record that a state claims; it may be anybody's. `None` where there is none that can
    /// be understood.
    pub(crate) fn claimed(&self, opened: &Snapshot, state: Revision) -> Option<Record> {
        let ConflictTarget::Secret(name) = &self.matter else { return None };
        let path = VaultPath::record(name);
        let bytes = self.at(opened, state, &path).ok()??;
        Some(opened.vault.claim_in::<Record>(&path, bytes).ok()?.document)
    }

    /// Who claims to have signed what a side has, and when.
    pub(crate) fn signature(&self, opened: &Snapshot, side: Side) -> Option<(MemberName, Stamp)> {
        let path = match &self.matter {
            ConflictTarget::Secret(name) => VaultPath::record(name),
            ConflictTarget::Document(path) => path.clone(),
        };
        let bytes = self.at(opened, Revision::Now(side), &path).ok()??;
        signature_claimed(&path, &bytes)
    }

    /// Whether one side has taken it away.
    pub(crate) fn is_gone(&self, side: Side) -> bool {
        self.files.iter().all(|file| match side {
            Side::Ours => file.ours.is_none(),
            Side::Theirs => file.theirs.is_none(),
        })
    }

    /// The side that may have all there is to have, because the other only encrypted or signed
    /// the same value anew; and the two states of which that is said. Records tell the time of
    /// a value to the second, so whoever believes it compares the values.
    pub(crate) fn probable(&self, opened: &Snapshot) -> Option<(Side, [Revision; 2])> {
        let ours = self.claimed(opened, Revision::Now(Side::Ours))?;
        let theirs = self.claimed(opened, Revision::Now(Side::Theirs))?;
        if ours.tells_same_value(&theirs) {
            // Whoever lost access stays out; who gained it is for 'rekey'.
            let fewer = theirs.readers.len() < ours.readers.len();
            let side = if fewer { Side::Theirs } else { Side::Ours };
            return Some((side, [Revision::Now(Side::Ours), Revision::Now(Side::Theirs)]));
        }
        let base = self.claimed(opened, Revision::Shared)?;
        match (base.tells_same_value(&ours), base.tells_same_value(&theirs)) {
            (true, false) => Some((Side::Theirs, [Revision::Shared, Revision::Now(Side::Ours)])),
            (false, true) => Some((Side::Ours, [Revision::Shared, Revision::Now(Side::Theirs)])),
            _ => None,
        }
    }

    /// The side whose value is newer.
    ///
    /// # Errors
    /// One side took it away, or its record cannot be understood; it is no secret.
    pub(crate) fn newest(&self, opened: &Snapshot) -> Result<Side> {
        let at =
            |side| Some(self.claimed(opened, Revision::Now(side))?).map(|r| (r.changed, r.version));
        match (at(Side::Ours), at(Side::Theirs)) {
            (Some(ours), Some(theirs)) if theirs > ours => Ok(Side::Theirs),
            (Some(_), Some(_)) => Ok(Side::Ours),
            _ => Err(SyncError::NoNewest { matter: self.matter.to_string() }.into()),
        }
    }
}

/// The conflicts with these names, each once.
///
/// # Errors
/// There is no such conflict.
pub(crate) fn named<'c>(conflicts: &'c [Conflict], names: &[String]) -> Result<Vec<&'c Conflict>> {
    let mut found = Vec::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        let is_it = |conflict: &&Conflict| conflict.matter.to_string() == *name;
        // A file's name without folder and ending will do, where it is one thing's alone.
        let is_short = |conflict: &&Conflict| conflict.matter.short().is_some_and(|s| s == *name);
        let mut short = conflicts.iter().filter(is_short);
        let short = match (short.next(), short.next()) {
            (one, None) => one,
            _ => None,
        };
        let conflict = conflicts.iter().find(is_it).or(short);
        found.push(conflict.ok_or_else(|| SyncError::NoClash(name.clone()))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Conflict, ConflictTarget, MergePlan, Side, settling, split};
    use crate::fs::{self, LocalFile, Root};
    use crate::git::{Difference, Divergence};
    use crate::kind::Kind;

    /// A file as the common commit, ours and theirs have it; 0 for none.
    fn file(path: &str, contents: [u8; 3]) -> Difference {
        Difference::made_up(path, contents.map(|content| (content > 0).then_some(content)))
    }

    fn vault() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        fs::make_folders(&folder.path().join(".local")).unwrap();
        (folder, root)
    }

    fn planned(root: &Root, files: Vec<Difference>) -> MergePlan {
        split(root, &Divergence::made_up(files)).unwrap()
    }

    fn paths(files: &[Difference]) -> Vec<String> {
        files.iter().map(Difference::shown).collect()
    }

    fn matters(plan: &MergePlan) -> Vec<String> {
        plan.conflicts.iter().map(|conflict| conflict.matter.to_string()).collect()
    }

    #[test]
    fn what_one_side_changed_is_taken_and_what_both_did_is_decided() {
        let (_folder, root) = vault();
        let plan = planned(
            &root,
            vec![
                file("README", [1, 1, 2]),
                file("members/ben.toml", [1, 2, 3]),
                file("notes", [1, 2, 1]),
                file("policies/dev.toml", [1, 1, 2]),
                file("secrets/a.age", [1, 1, 2]),
                file("secrets/a.toml", [1, 1, 2]),
                file("secrets/b.age", [1, 2, 1]),
                file("secrets/b.toml", [1, 2, 1]),
                file("secrets/c.age", [1, 2, 3]),
                file("secrets/c.toml", [1, 2, 3]),
                file("secrets/new.age", [0, 2, 3]),
                file("secrets/new.toml", [0, 2, 3]),
            ],
        );
        assert_eq!(paths(&plan.others), ["README"]);
        let taken = ["secrets/a.age", "secrets/a.toml", "policies/dev.toml"];
        let mut found = paths(&plan.taken);
        found.sort();
        let mut wanted = taken.map(str::to_owned).to_vec();
        wanted.sort();
        assert_eq!(found, wanted);
        assert_eq!(matters(&plan), ["c", "new", "members/ben.toml"]);
        assert!(!plan.conflicts[0].is_gone(Side::Theirs));
    }

    #[test]
    fn half_a_secret_from_each_side_is_no_secret() {
        let (_folder, root) = vault();
        let halves = vec![file("secrets/a.age", [1, 2, 1]), file("secrets/a.toml", [1, 1, 2])];
        let plan = planned(&root, halves);
        assert_eq!(matters(&plan), ["a"]);
        assert!(plan.taken.is_empty());
    }

    #[test]
    fn a_session_that_one_side_ended_has_ended() {
        let (_folder, root) = vault();
        let of = |name: &str| format!("sessions/shared/0011223344556677/{name}");
        let files = vec![file(&of("grant.toml"), [1, 2, 0]), file(&of("keys.age"), [1, 1, 0])];
        let plan = planned(&root, files);
        assert_eq!(plan.taken.len(), 2);
        // Two refreshed grants are one as good as the other.
        let plan = planned(&root, vec![file(&of("grant.toml"), [1, 2, 3])]);
        assert!(plan.taken.is_empty() && plan.conflicts.is_empty());
    }

    #[test]
    fn a_chain_has_one_writer_and_its_key_may_be_encrypted_by_both() {
        let (_folder, root) = vault();
        let plan = planned(&root, vec![file("audit/alice-0123abcd.key.age", [1, 2, 3])]);
        assert!(plan.taken.is_empty() && plan.conflicts.is_empty());
        let refused = |path: &str| {
            let both = Divergence::made_up(vec![file(path, [1, 2, 3])]);
            split(&root, &both).unwrap_err().to_string()
        };
        assert!(refused("audit/alice-0123abcd/00000001.jsonl").contains("00000001.jsonl"));
        assert!(refused("README").contains("README"));
    }

    #[test]
    fn what_was_settled_stays_so_until_the_other_side_changes_it_again() {
        let (_folder, root) = vault();
        let pair = |theirs: u8| {
            vec![file("secrets/a.age", [1, 2, theirs]), file("secrets/a.toml", [1, 2, theirs])]
        };
        let plan = planned(&root, pair(3));
        let all: Vec<&Conflict> = plan.conflicts.iter().collect();
        let list = settling(&root, &all).unwrap();
        fs::replace(&root.local(LocalFile::Settled), &list).unwrap();
        assert!(planned(&root, pair(3)).conflicts.is_empty());
        assert_eq!(matters(&planned(&root, pair(4))), ["a"]);
    }

    #[test]
    fn conflicts_are_named_by_what_they_are_about() {
        let (_folder, root) = vault();
        let files = vec![file("secrets/a/b.age", [1, 2, 3]), file("secrets/a/b.toml", [1, 2, 3])];
        let plan = planned(&root, files);
        let names = ["a/b".to_owned(), "a/b".to_owned()];
        let found = super::named(&plan.conflicts, &names).unwrap();
        assert!(matches!(found[..], [Conflict { matter: ConflictTarget::Secret(_), .. }]));
        let missing = super::named(&plan.conflicts, &["c".to_owned()]).unwrap_err();
        assert_eq!(missing.kind(), Kind::NotFound);
    }
}
