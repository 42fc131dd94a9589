//! The set of admins that was met on a request's branch alone, and the one that the others have.

use std::path::Path;

use crate::crypto::digest::Digest;
use crate::fs::FsError;

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

/// Brings that up to date where a command accepted `new`, on a request's branch or not, while `pinned` was the
/// pin; returns whether `new` is the pin from now on.
///
/// # Errors
/// The state folder cannot be written.
pub(super) fn save(
    folder: &Path,
    new: AdminsPin,
    pinned: Option<AdminsPin>,
    request: Option<&str>,
) -> Result<bool, FsError> {
    let known = read(folder).filter(|on| Some(on.pin) == pinned);
    if pinned.is_some_and(|(number, _)| number > new.0) {
        // What the others have went on, and the request's is still ahead of it.
        if let Some(on) = known.filter(|on| request.is_none() && on.base.0 < new.0) {
            write(folder, &AdminsOn { base: new, ..on })?;
        }
        return Ok(false);
    }
    // What was met on a request's branch alone is no base of another request.
    let base = known.map(|on| on.base).or(pinned.filter(|(number, _)| *number < new.0));
    match (request, base) {
        (Some(branch), Some(base)) => {
            write(folder, &AdminsOn { pin: new, branch: branch.to_owned(), base })?;
        }
        _ => forget(folder)?,
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
    use super::{AdminsOn, AdminsPin, read, save};
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
        // The first that is seen has none before it.
        assert!(save(folder, first, None, Some("r")).unwrap());
        assert_eq!(read(folder), None);
        assert!(save(folder, asked, Some(first), Some("r")).unwrap());
        assert_eq!(read(folder), on(asked, "r", first));
        // Back on main nothing changes.
        assert!(!save(folder, first, Some(asked), None).unwrap());
        assert_eq!(read(folder), on(asked, "r", first));
        // Another request has its own.
        assert!(save(folder, other, Some(asked), Some("s")).unwrap());
        assert_eq!(read(folder), on(other, "s", first));
        // A third one goes further, and main catches up.
        let further = set(3, "e");
        assert!(save(folder, further, Some(other), Some("t")).unwrap());
        assert!(!save(folder, mains, Some(further), None).unwrap());
        assert_eq!(read(folder), on(further, "t", mains));
        assert!(save(folder, set(3, "f"), Some(further), None).unwrap());
        assert_eq!(read(folder), None);
    }
}
