//! The sets of admins: each signed by an admin of the one before, from the first one on.

use super::MAX_TOML;
use super::branch::{self, Commits};
use super::documents::AdminSet;
use super::error::StoreError;
use super::pin_store::{Pin, PinStore};
use super::request;
use super::signed::{Signed, Unverified};
use super::vault::Vault;
use crate::crypto::digest::Digest;
use crate::fs::{self, Root, VaultPath};

impl Vault {
    /// Verifies `bytes` as a set of admins that takes the place of the set `number` here, and
    /// returns its digest. The first set is what everything rests on: nothing takes its place.
    ///
    /// # Errors
    /// It is signed by no admin of the set before; a set before it is damaged.
    pub(crate) fn other_admins(&self, number: u32, bytes: &[u8]) -> Result<Digest, StoreError> {
        let mut before = None;
        for earlier in 1..number {
            let set = admin_set(self.root(), self.id(), earlier, before.as_deref())?;
            let missing = || StoreError::Missing { path: VaultPath::admins(earlier) };
            before = Some(set.ok_or_else(missing)?.0);
        }
        if before.is_none() {
            let path = VaultPath::admins(number);
            return Err(StoreError::AdminsChanged { path, elsewhere: None });
        }
        let (_, digest) = verify_set(self.id(), number, bytes.to_vec(), before.as_deref())?;
        Ok(digest)
    }
}

/// Reads the sets of admins.
pub(super) struct SetReader<'v> {
    pub(super) root: &'v Root,
    pub(super) vault: &'v str,
    pub(super) pins: &'v PinStore,
    pub(super) commits: &'v dyn Commits,
}

impl SetReader<'_> {
    /// Walks from the first set of admins to the newest, each signed by an admin of the one
    /// before (the first by one of its own). The set that this machine pinned must lie on the way, or
    /// in another branch than this one, which never had it; or else the pinned one is a request's, whose branch
    /// is returned too, and the one that the others have must.
    pub(super) fn accept(&self) -> Result<(Signed<AdminSet>, Option<String>), StoreError> {
        let (pinned, request) = match request::admins_in_request(self.commits, self.pins) {
            Some((base, branch)) => (Some(base), Some(branch)),
            None => (self.pins.admins(), None),
        };
        let mut newest: Option<Signed<AdminSet>> = None;
        let mut walked = Vec::new();
        let mut number = 1;
        // Beyond what others have main's set counts, whatever lies here.
        let base = request.as_ref().and(pinned).map(|(base, _)| base);
        while let Some((set, digest)) = self.set(number, newest.as_deref(), base)? {
            if pinned.is_some_and(|(n, pinned)| n == number && pinned != digest) {
                return Err(self.changed(number, pinned));
            }
            if self.pins.admins() == Some((number, digest)) {
                self.meet(number);
            }
            if pinned != Some((number, digest)) && pinned.is_none_or(|(n, _)| n <= number) {
                self.pins.note(&Pin::Admins(number, digest));
                self.pins.note_admins_before(walked.clone());
            }
            walked.push((number, digest));
            newest = Some(set);
            number += 1;
        }
        let missing = || StoreError::Missing { path: VaultPath::admins(number) };
        match pinned {
            Some((pinned, _)) if number <= pinned => Err(missing()),
            _ => newest.map(|set| (set, request)).ok_or_else(missing),
        }
    }

    /// The error for a set that is none of those accepted here.
    fn changed(&self, number: u32, accepted: Option<(u32, Digest)>) -> StoreError {
        let path = VaultPath::admins(number);
        let is_it = &mut |bytes: Option<&[u8]>| {
            bytes.is_some_and(|bytes| accepted == Some((number, Digest::of(bytes))))
        };
        let other = branch::newer(self.commits, self.pins, &path, is_it);
        StoreError::AdminsChanged { path, elsewhere: other.map(|other| other.branch) }
    }

    /// Notes that the pinned set was met: where main has it, it is no request's any more.
    fn meet(&self, number: u32) {
        let Some(on) = self.pins.admins_on() else { return };
        let is_mains = match request::standing_request(self.commits, self.pins) {
            Some(here) => here.name != on.branch && !here.has(VaultPath::admins(number).as_str()),
            None => true,
        };
        if is_mains {
            self.pins.met_admins();
        }
    }

    fn set(
        &self,
        number: u32,
        before: Option<&AdminSet>,
        base: Option<u32>,
    ) -> Result<Option<(Signed<AdminSet>, Digest)>, StoreError> {
        if let Some(before) = before.filter(|_| base.is_some_and(|base| number > base))
            && let Some(found) = self.set_of_main(number, before)
        {
            return Ok(Some(found));
        }
        if let Some(found) = admin_set(self.root, self.vault, number, before)? {
            return Ok(Some(found));
        }
        if base.is_some() {
            return Ok(before.and_then(|before| self.set_of_main(number, before)));
        }
        // But for requests, admins are who they are on whatever branch: those that this machine has seen.
        let path = VaultPath::admins(number);
        let pinned = self.pins.admins().filter(|(n, _)| before.is_some() && number <= *n);
        let Some((last, pinned)) = pinned else { return Ok(None) };
        // What no admin of the set before has signed is none.
        let set = |bytes: &[u8]| {
            let found = verify_set(self.vault, number, bytes.to_vec(), before).ok();
            found.filter(|(_, digest)| number < last || *digest == pinned)
        };
        let is_it = &mut |bytes: Option<&[u8]>| bytes.and_then(set).is_some();
        let newer = branch::newer(self.commits, self.pins, &path, is_it);
        Ok(newer.and_then(|found| set(&found.bytes?)))
    }

    /// A set that main branches have and this one has not.
    fn set_of_main(&self, number: u32, before: &AdminSet) -> Option<(Signed<AdminSet>, Digest)> {
        let mut found = None;
        let look = &mut |bytes: Option<&[u8]>| {
            let verify = || verify_set(self.vault, number, bytes?.to_vec(), Some(before)).ok();
            found = found.take().or_else(verify);
        };
        request::on_main(self.commits, self.pins, &VaultPath::admins(number), look)?;
        found
    }
}

/// Reads and verifies one set; `None` where there is no such file.
fn admin_set(
    root: &Root,
    vault: &str,
    number: u32,
    before: Option<&AdminSet>,
) -> Result<Option<(Signed<AdminSet>, Digest)>, StoreError> {
    let Some(bytes) = fs::read(root, &VaultPath::admins(number), MAX_TOML)? else {
        return Ok(None);
    };
    verify_set(vault, number, bytes, before).map(Some)
}

/// Verifies the bytes of a set against the one before; the first against itself.
fn verify_set(
    vault: &str,
    number: u32,
    bytes: Vec<u8>,
    before: Option<&AdminSet>,
) -> Result<(Signed<AdminSet>, Digest), StoreError> {
    let path = VaultPath::admins(number);
    let digest = Digest::of(&bytes);
    let unverified = Unverified::parse(&path, bytes)?;
    let key = match before {
        Some(set) => set.admins.get(unverified.by()).copied(),
        None => unverified.peek::<AdminSet>()?.admins.get(unverified.by()).copied(),
    };
    let set = unverified.verify::<AdminSet>(vault, key.as_ref())?;
    if set.version != number || set.admins.is_empty() {
        let reason = format!("expected set {number} with at least one admin");
        return Err(StoreError::Malformed { path, line: None, reason });
    }
    Ok((set, digest))
}
