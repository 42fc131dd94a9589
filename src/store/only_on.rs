//! Pins that were met on one branch alone: what a request has, and was given up, is no rollback of the
//! others; and what the others had before stays known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::pins::{Pins, Version};
use crate::fs::FsError;

const LIMIT: usize = 64 << 20;
/// Below every version: a file that was met on a request's branch alone.
pub(super) const NEVER: Version = Version { created: 0, version: 0 };

/// The list of files whose pinned version was met on one branch alone.
const ONLY_ON: &str = "only-on";
/// Reads `<created> <version> <path> <branch> <created> <version>` a line.
pub(super) fn read(folder: &Path) -> BTreeMap<String, OnlyOn> {
    let bytes = crate::fs::read_outside(&folder.join(ONLY_ON), LIMIT).ok().flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let mut next = || words.next();
        let version = |created: &str, version: &str| -> Option<Version> {
            Some(Version { created: created.parse().ok()?, version: version.parse().ok()? })
        };
        let pin = version(next()?, next()?)?;
        let (path, branch) = (next()?.to_owned(), next()?.to_owned());
        let base = version(next()?, next()?)?;
        Some((path, OnlyOn { version: pin, branch, base }))
    };
    text.lines().filter_map(parse).collect()
}

/// What stands in the list for the removal of a file.
pub(super) fn removal(path: &str) -> String {
    format!("removed/{path}")
}

/// A pin that was met on one branch alone, which is no main branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnlyOn {
    /// The pinned version.
    pub(super) version: Version,
    /// The branch, as in `refs/heads/request`.
    pub(super) branch: String,
    /// The highest version that was met elsewhere: what is below that was put back, wherever it is.
    pub(super) base: Version,
}

/// A branch that is checked out, and is no main branch.
#[derive(Debug)]
pub(crate) struct RequestBranch {
    /// As in `refs/heads/request`.
    pub(super) name: String,
    /// The files that it has by itself; all of them where that is not known.
    pub(super) own: Option<BTreeSet<String>>,
}

impl RequestBranch {
    /// Whether main branches have not what this one has of a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.own.as_ref().is_none_or(|own| own.contains(path))
    }
}

/// What a command met.
pub(super) struct Change<'n> {
    /// The branch on which it did, where that is no main branch.
    pub(super) request: Option<&'n RequestBranch>,
    /// Versions that may be higher than their pins.
    pub(super) seen: &'n BTreeMap<String, Version>,
    /// What main branches have of files that the request has by itself.
    pub(super) bases: &'n BTreeMap<String, Version>,
    /// Versions that files had when they were removed.
    pub(super) removed: &'n BTreeMap<String, Version>,
    /// Pins that were taken back.
    pub(super) withdrawn: &'n BTreeMap<String, (Version, Version)>,
    /// Files whose pinned version was met on a main branch.
    pub(super) met_again: &'n BTreeSet<String>,
    /// Versions below their pins that were met on a main branch.
    pub(super) met_below: &'n BTreeMap<String, Version>,
}

impl Change<'_> {
    /// Brings the list up to date; `pins` are those of before.
    ///
    /// # Errors
    /// The state folder cannot be written.
    pub(super) fn save(&self, folder: &Path, pins: &Pins) -> Result<(), FsError> {
        if self.seen.is_empty()
            && self.removed.is_empty()
            && self.withdrawn.is_empty()
            && self.met_again.is_empty()
            && self.met_below.is_empty()
        {
            return Ok(());
        }
        let before = read(folder);
        let mut all = before.clone();
        all.retain(|path, _| !self.met_again.contains(path) && !self.withdrawn.contains_key(path));
        for (path, version) in self.met_below {
            if let Some(one) = all.get_mut(path) {
                one.base = one.base.max(*version);
            }
        }
        for (path, version) in self.seen {
            let pinned = pins.get(path);
            if pinned.is_some_and(|pin| pin >= *version) {
                continue;
            }
            // What was met on a request's branch alone is no base of another request.
            let known = all.remove(path).map(|one| one.base);
            if let Some(branch) = self.request.filter(|branch| branch.has(path)) {
                let base = known.or(pinned).max(self.bases.get(path).copied()).unwrap_or(NEVER);
                let one = OnlyOn { version: *version, branch: branch.name.clone(), base };
                all.insert(path.clone(), one);
            }
        }
        for (path, version) in self.removed {
            let key = removal(path);
            match self.request.filter(|branch| branch.has(path)) {
                Some(branch) => {
                    let branch = branch.name.clone();
                    let one = OnlyOn { version: *version, branch, base: NEVER };
                    all.insert(key, one);
                }
                None => _ = all.remove(&key),
            }
        }
        if all == before {
            return Ok(());
        }
        let lines = all.iter().map(|(path, OnlyOn { version: v, branch, base })| {
            format!(
                "{} {} {path} {branch} {} {}\n",
                v.created, v.version, base.created, base.version
            )
        });
        crate::fs::replace(&folder.join(ONLY_ON), lines.collect::<String>().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Change, NEVER, OnlyOn, RequestBranch, read};
    use crate::store::pins::{Pins, Version};

    const fn at(version: u64) -> Version {
        Version { created: 7, version }
    }

    #[test]
    fn a_request_is_remembered_with_what_others_had_until_main_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, path) = (folder.path(), "secrets/a.toml".to_owned());
        let mut pins = Pins::parse("7 4 secrets/a.toml\n".to_owned());
        let met = |request, seen: &[u64], pins: &Pins, again: bool, below: &[u64]| {
            let one = |versions: &[u64]| -> BTreeMap<String, Version> {
                versions.iter().map(|version| (path.clone(), at(*version))).collect()
            };
            let request: Option<&str> = request;
            let request = request.map(|name| RequestBranch { name: name.to_owned(), own: None });
            let change = Change {
                request: request.as_ref(),
                seen: &one(seen),
                bases: &BTreeMap::new(),
                removed: &BTreeMap::new(),
                withdrawn: &BTreeMap::new(),
                met_again: &again.then(|| path.clone()).into_iter().collect::<BTreeSet<_>>(),
                met_below: &one(below),
            };
            change.save(folder, pins).unwrap();
            read(folder).get(&path).cloned()
        };
        let only =
            |version, branch: &str, base| OnlyOn { version, branch: branch.to_owned(), base };
        let (one, two) = ("refs/heads/one", "refs/heads/two");
        assert_eq!(met(Some(one), &[5], &pins, false, &[]), Some(only(at(5), one, at(4))));
        pins = Pins::parse("7 5 secrets/a.toml\n".to_owned());
        // What a request alone had is no base of the next one.
        assert_eq!(met(Some(two), &[6], &pins, false, &[]), Some(only(at(6), two, at(4))));
        pins = Pins::parse("7 6 secrets/a.toml\n".to_owned());
        assert_eq!(met(None, &[], &pins, false, &[5]), Some(only(at(6), two, at(5))));
        assert_eq!(met(None, &[], &pins, true, &[]), None);
        // New on a request's branch.
        let none = Pins::parse(String::new());
        assert_eq!(met(Some(one), &[1], &none, false, &[]), Some(only(at(1), one, NEVER)));
        assert_eq!(met(None, &[2], &none, false, &[]), None);
        // What the branch has of main.
        let own = Some(BTreeSet::from(["secrets/b.toml".to_owned()]));
        let request = RequestBranch { name: one.to_owned(), own };
        assert!(request.has("secrets/b.toml") && !request.has(&path));
    }
}
