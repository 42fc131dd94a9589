//! Below which version a side of a conflict is an older one that somebody put back.

use super::conflict::{Conflict, Revision, Side};
use crate::fs::VaultPath;
use crate::service::base::Snapshot;
use crate::store::{Document, RolledBackPast, StoreError, Version};

/// The version below which a side is an older one that was put back: that of the last commit which
/// both sides share, and what this machine has seen beyond the other side's own.
pub(super) fn floor(
    opened: &Snapshot,
    side: Side,
    path: &VaultPath,
    version: impl Fn(Revision) -> Option<Version>,
) -> Option<Version> {
    above(side, opened.vault.pins().seen(path), version)
}

fn above(
    side: Side,
    seen: Option<Version>,
    version: impl Fn(Revision) -> Option<Version>,
) -> Option<Version> {
    lowest(version(Revision::Shared), seen, version(Revision::Now(side.other())))
}

/// As [`floor`]: what this machine has seen counts as far as it is not the other side's own.
fn lowest(
    shared: Option<Version>,
    seen: Option<Version>,
    other: Option<Version>,
) -> Option<Version> {
    shared.max(seen.filter(|seen| other.is_none_or(|other| *seen > other)))
}

/// As [`floor`], of a document that admins sign.
pub(super) fn document_floor<D: Document>(
    opened: &Snapshot,
    conflict: &Conflict,
    side: Side,
    path: &VaultPath,
) -> Option<Version> {
    let seen = D::name(path.subject()).and_then(|name| opened.vault.floor::<D>(name));
    above(side, seen, |at| {
        let bytes = conflict.at(opened, at, path).ok().flatten()?;
        let signed = opened.vault.approved::<D>(path, bytes)?;
        Some(Version::of_document(signed.version()))
    })
}

/// Refuses a version that is older than that.
///
/// # Errors
/// `RolledBack`.
pub(super) fn refuse_below(
    path: &VaultPath,
    found: Version,
    floor: Option<Version>,
) -> std::result::Result<(), StoreError> {
    match floor {
        Some(floor) if found < floor => Err(StoreError::RolledBack {
            path: path.clone(),
            found: found.version,
            seen: floor.version,
            past: RolledBackPast::here().into(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{lowest, refuse_below};
    use crate::fs::VaultPath;
    use crate::kind::{Failure as _, Kind};
    use crate::name::MemberName;
    use crate::store::Version;

    #[test]
    fn a_side_is_old_below_what_both_share_and_what_was_seen_beyond_the_other_side() {
        let at = |version| Some(Version::of_document(version));
        // Nothing is known: nothing is too old.
        assert_eq!(lowest(None, None, None), None);
        assert_eq!(lowest(at(3), None, at(4)), at(3));
        // Seen is what the other side has: this side is not measured by it.
        assert_eq!(lowest(at(3), at(4), at(4)), at(3));
        // Seen is more than either has: an older one was put back.
        assert_eq!(lowest(at(3), at(5), at(4)), at(5));
        assert_eq!(lowest(at(3), at(5), None), at(5));
    }

    #[test]
    fn what_is_below_is_a_rollback() {
        let path = VaultPath::member(&MemberName::parse("ben").unwrap());
        let below = |found, floor: Option<u64>| {
            let floor = floor.map(Version::of_document);
            refuse_below(&path, Version::of_document(found), floor)
        };
        assert!(below(2, None).is_ok() && below(2, Some(2)).is_ok());
        assert_eq!(below(1, Some(2)).unwrap_err().kind(), Kind::Damaged);
    }
}
