//! The set of admins that was met on a request's branch alone, and the one that the others have.

use std::path::Path;

use super::only_on::RequestBranch;
use crate::crypto::digest::Digest;
use crate::fs::{FsError, VaultPath};

const LIMIT: usize = 4096;
const ADMINS_ON: &str = "admins-on";

/// The number of a set of admins, and its digest.
pub(super) type AdminsPin = (u32, Digest);

/// The pinned set of admins, met on one branch alone, which is no main branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AdminsOn {
    /// The set.
    pub(super) pin: AdminsPin,
    /// The branch, as in `refs/heads/request`.
    pub(super) branch: String,
    /// The set last accepted elsewhere.
    pub(super) base: AdminsPin,
}

/// Reads `<n> <digest> <branch> <n> <digest>`.
pub(super) fn read(folder: &Path) -> Option<AdminsOn> {
    let bytes = crate::fs::read_outside(&folder.join(ADMINS_ON), LIMIT).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    let mut words = text.trim_end().split(' ');
    let mut next = || words.next();
    let pin = |number: &str, digest: &str| Some((number.parse().ok()?, Digest::parse(digest)?));
    let on = pin(next()?, next()?)?;
    let branch = next()?.to_owned();
    let base = pin(next()?, next()?)?;
    Some(AdminsOn { pin: on, branch, base })
}

/// Brings that up to date where a command accepted `new`, after the sets `before`, on a request's branch or not,
/// while `pinned` was the pin; returns whether `new` is the pin from now on.
///
/// # Errors
/// The state folder cannot be written.
pub(super) fn save(
    folder: &Path,
    before: &[AdminsPin],
    new: AdminsPin,
    pinned: Option<AdminsPin>,
    request: Option<&RequestBranch>,
) -> Result<bool, FsError> {
    let known = read(folder).filter(|on| Some(on.pin) == pinned);
    let is_own = |set: &AdminsPin| {
        let path = VaultPath::admins(set.0);
        request.filter(|request| request.has(path.as_str()))
    };
    // The newest that main branches have.
    let mains = before.iter().chain([&new]).rev().find(|set| is_own(set).is_none()).copied();
    if pinned.is_some_and(|(number, _)| number > new.0) {
        // What the others have went on, and the request's is still ahead of it.
        if let (Some(on), Some(mains)) = (known, mains)
            && on.base.0 < mains.0
        {
            write(folder, &AdminsOn { base: mains, ..on })?;
        }
        return Ok(false);
    }
    let Some(branch) = is_own(&new) else {
        forget(folder)?;
        return Ok(true);
    };
    // What was met on a request's branch alone is no base of another request.
    let base = known.map(|on| on.base).or(pinned.filter(|(number, _)| *number < new.0));
    let mains = branch.own.as_ref().and(mains);
    let base = base.into_iter().chain(mains).max_by_key(|(number, _)| *number);
    match base {
        Some(base) => write(folder, &AdminsOn { pin: new, branch: branch.name.clone(), base })?,
        None => forget(folder)?,
    }
    Ok(true)
}

/// Forgets it: a main branch has the pinned set.
///
/// # Errors
/// The state folder cannot be written.
pub(super) fn forget(folder: &Path) -> Result<(), FsError> {
    match read(folder) {
        Some(_) => crate::fs::replace(&folder.join(ADMINS_ON), b""),
        None => Ok(()),
    }
}

fn write(folder: &Path, on: &AdminsOn) -> Result<(), FsError> {
    let AdminsOn { pin: (number, digest), branch, base: (base, base_digest) } = on;
    let line = format!("{number} {digest} {branch} {base} {base_digest}\n");
    crate::fs::replace(&folder.join(ADMINS_ON), line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{AdminsOn, AdminsPin, RequestBranch, read, save};
    use crate::crypto::digest::Digest;

    fn set(number: u32, of: &str) -> AdminsPin {
        (number, Digest::of(of.as_bytes()))
    }

    #[test]
    fn a_set_of_a_request_is_known_as_such_until_main_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (first, asked, other, mains) = (set(1, "a"), set(2, "b"), set(2, "c"), set(2, "d"));
        let on = |pin, branch: &str, base| Some(AdminsOn { pin, branch: branch.to_owned(), base });
        let saved = |before: &[AdminsPin], new, pinned, request: Option<(&str, &[&str])>| {
            let own = |own: &[&str]| own.iter().map(|path| (*path).to_owned()).collect();
            let request = request.map(|(name, all)| RequestBranch {
                name: name.to_owned(),
                own: (!all.is_empty()).then(|| own(all)),
            });
            save(folder, before, new, pinned, request.as_ref()).unwrap()
        };
        // The first that is seen has none before it.
        assert!(saved(&[], first, None, Some(("r", &[]))));
        assert_eq!(read(folder), None);
        assert!(saved(&[first], asked, Some(first), Some(("r", &[]))));
        assert_eq!(read(folder), on(asked, "r", first));
        // Back on main nothing changes.
        assert!(!saved(&[], first, Some(asked), None));
        assert_eq!(read(folder), on(asked, "r", first));
        // Another request has its own.
        assert!(saved(&[first], other, Some(asked), Some(("s", &["admins/2.toml"]))));
        assert_eq!(read(folder), on(other, "s", first));
        // A third one goes further, and main catches up.
        let further = set(3, "e");
        assert!(saved(
            &[first, other],
            further,
            Some(other),
            Some(("t", &["admins/2.toml", "admins/3.toml"]))
        ));
        assert_eq!(read(folder), on(further, "t", first));
        assert!(!saved(&[first], mains, Some(further), None));
        assert_eq!(read(folder), on(further, "t", mains));
        assert!(saved(&[first, mains], set(3, "f"), Some(further), None));
        assert_eq!(read(folder), None);
        // A branch that was made from a main that nobody looked at here.
        let (third, last) = (set(3, "f"), set(5, "g"));
        assert!(saved(
            &[first, mains, third, set(4, "h")],
            last,
            Some(third),
            Some(("u", &["admins/5.toml"]))
        ));
        assert_eq!(read(folder), on(last, "u", set(4, "h")));
        assert!(saved(&[first], set(6, "i"), Some(last), Some(("v", &["secrets/a.toml"]))));
        assert_eq!(read(folder), None);
    }
}
