//! Rules that this machine met on a request's branch alone: in force where the request is merged, and on
//! no other branch before that.

use super::admins_on::{AdminsOn, AdminsPin};
use super::branch::{Commits, accepted_on_main, behind, is_here};
use super::documents::{Document, Member, Policy};
use super::only_on::{NEVER, RequestBranch};
use super::pin_store::PinStore;
use super::pins::Version;
use super::put_back::{DETACHED, shown};
use super::signed::Signed;
use super::vault::Vault;
use crate::crypto::digest::Digest;
use crate::fs::{Subject, VaultPath};

/// What counts here in place of a version that a request alone has.
#[derive(Debug)]
pub(super) struct InRequest<T> {
    /// The request's branch, as people call it.
    pub(super) branch: String,
    /// The newest that main branches have, where that is newer than what is here.
    pub(super) of_main: Option<(Version, T)>,
}

/// A file of rules, as it lies here and as this machine has seen it.
pub(super) struct RuleFile<'f> {
    pub(super) path: &'f VaultPath,
    /// The version that is here; `None` without a file.
    pub(super) found: Option<Version>,
    /// The pinned one.
    pub(super) seen: Version,
}

/// Reads the version and the document of what somebody signed who may.
pub(super) type Read<'r, T> = dyn Fn(&[u8]) -> Option<(Version, T)> + 'r;

/// Tells whether a request alone has the pinned version of a file: it was met on that branch and on no
/// other, no main branch has it, and what is here was never newer. `read` takes what somebody signed who may.
///
/// Without a main branch nothing is known to be a request.
pub(super) fn in_request<T>(
    commits: &dyn Commits,
    pins: &PinStore,
    file: &RuleFile<'_>,
    read: &Read<'_, T>,
) -> Option<InRequest<T>> {
    let &RuleFile { path, found, seen } = file;
    let only = pins.only_on(path).filter(|only| only.version == seen)?;
    if is_here(commits, pins, &only.branch) {
        return None;
    }
    let found = found.unwrap_or(NEVER);
    let newer = |bytes: &[u8]| read(bytes).filter(|(version, _)| *version > found);
    let behind = &behind(commits, pins);
    let is_newer = &mut |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| newer(bytes).is_some());
    if commits.had(path.as_str(), behind, is_newer) {
        return None;
    }
    // A version that main has is no request's, whoever puts main back later.
    let mut of_main: Option<(Version, T)> = None;
    on_main(commits, pins, path, &mut |bytes| {
        let Some(other) = bytes.and_then(newer) else { return };
        if of_main.as_ref().is_none_or(|(highest, _)| *highest < other.0) {
            of_main = Some(other);
        }
    })?;
    let counts = of_main.as_ref().map_or(found, |(version, _)| *version);
    if counts >= seen {
        pins.forget_branch(path);
    } else if of_main.is_some() {
        pins.raise_base(path, counts);
    }
    let branch = shown(&only.branch).to_owned();
    (counts >= only.base && counts < seen).then_some(InRequest { branch, of_main })
}

/// Shows every content that main branches gave a file, but for those behind what is checked out; `None` where
/// there is no main branch.
pub(super) fn on_main(
    commits: &dyn Commits,
    pins: &PinStore,
    path: &VaultPath,
    look: &mut dyn FnMut(Option<&[u8]>),
) -> Option<()> {
    let behind = behind(commits, pins);
    let accepted = accepted_on_main(commits, pins);
    commits.on_main(path.as_str(), Some(&behind), &accepted, look)
}

/// The set of admins that counts here in place of the pinned one, which a request alone has, with the name of
/// that request's branch.
pub(super) fn admins_in_request(
    commits: &dyn Commits,
    pins: &PinStore,
) -> Option<(AdminsPin, String)> {
    let &AdminsOn { pin: (number, digest), ref branch, base } = pins.admins_on()?;
    if is_here(commits, pins, branch) {
        return None;
    }
    let path = VaultPath::admins(number);
    let is_it = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| Digest::of(bytes) == digest);
    let behind = behind(commits, pins);
    if commits.had(path.as_str(), &behind, &mut |bytes| is_it(bytes)) {
        return None;
    }
    let mut has_it = false;
    on_main(commits, pins, &path, &mut |bytes| has_it |= is_it(bytes))?;
    if has_it {
        pins.met_admins();
        return None;
    }
    Some((base, shown(branch).to_owned()))
}

/// The branch that is checked out, where that is no main branch, with what it has by itself.
pub(super) fn standing_request(commits: &dyn Commits, pins: &PinStore) -> Option<RequestBranch> {
    let here = commits.standing_on();
    if here.as_deref().is_some_and(|here| commits.is_main(here)) {
        return None;
    }
    let own = commits.own_files(&accepted_on_main(commits, pins));
    Some(RequestBranch { name: here.unwrap_or_else(|| DETACHED.to_owned()), own })
}

impl Vault {
    /// The branch that is checked out, where that is no main branch, with what it has by itself.
    pub(super) fn standing_request(&self) -> Option<RequestBranch> {
        standing_request(self.commits.as_ref(), &self.pins)
    }

    /// As [`Vault::standing_request`], for what is to be saved.
    pub(super) fn request(&self) -> Option<RequestBranch> {
        let request = self.standing_request()?;
        let accepted = accepted_on_main(self.commits.as_ref(), &self.pins);
        // What main has of them, whether or not anybody looked at it there.
        for path in self.pins.unsaved() {
            let is_own = request.own.as_ref().is_some_and(|own| own.contains(path.as_str()));
            let highest = match path.subject() {
                Subject::Member(_) if is_own => self.highest_on_main::<Member>(&path, &accepted),
                Subject::Policy(_) if is_own => self.highest_on_main::<Policy>(&path, &accepted),
                _ => None,
            };
            highest.into_iter().for_each(|version| self.pins.note_base(&path, version));
        }
        Some(request)
    }

    fn highest_on_main<D: Document>(
        &self,
        path: &VaultPath,
        accepted: &[String],
    ) -> Option<Version> {
        let mut highest = None;
        self.commits.on_main(path.as_str(), None, accepted, &mut |bytes| {
            let signed = bytes.and_then(|bytes| self.approved::<D>(path, bytes.to_vec()));
            highest = highest.max(signed.map(|signed| Version::of_document(signed.version())));
        })?;
        highest
    }

    /// As [`in_request`], of a member or a policy.
    pub(super) fn in_request<D: Document>(
        &self,
        path: &VaultPath,
        found: Option<Version>,
        seen: Version,
    ) -> Option<InRequest<Signed<D>>> {
        let read = |bytes: &[u8]| {
            let signed = self.approved::<D>(path, bytes.to_vec())?;
            Some((Version::of_document(signed.version()), signed))
        };
        let file = RuleFile { path, found, seen };
        let found = in_request(self.commits.as_ref(), &self.pins, &file, &read)?;
        self.tell_waiting(found.branch.clone(), path);
        Some(found)
    }

    /// The version below which a member or a policy was put back on this branch: the highest that this
    /// machine has seen, but for what a request alone has.
    pub(crate) fn floor<D: Document>(&self, name: &D::Name) -> Option<Version> {
        let path = &D::path(name);
        let seen = self.pins.seen(path)?;
        let here = self.signed_once::<D>(name);
        let found = here.map(|signed| Version::of_document(signed.version()));
        match self.in_request::<D>(path, found, seen) {
            Some(InRequest { of_main: Some((version, _)), .. }) => Some(version),
            Some(_) => found,
            None => Some(seen),
        }
    }

    /// The highest version of a member or a policy that main branches had, as far as this machine has met it.
    pub(crate) fn met_on_main<D: Document>(&self, name: &D::Name) -> Option<Version> {
        let path = &D::path(name);
        let seen = self.pins.seen(path)?;
        let only = self.pins.only_on(path).filter(|only| only.version == seen);
        only.map_or(Some(seen), |only| (only.base > NEVER).then_some(only.base))
    }

    /// Whether a file that is not here is one that a request alone had, and that this branch never had.
    pub(super) fn is_of_request(&self, path: &VaultPath, seen: Version) -> bool {
        self.only_on(path, NEVER, seen).is_some() && !self.had(path, &mut |bytes| bytes.is_some())
    }

    /// Whether a request alone removed a file that had this version then, and this branch never did.
    pub(super) fn is_removed_in_request(&self, path: &VaultPath, version: Version) -> bool {
        let only = self.pins.removed_only_on(path).filter(|only| only.version == version);
        only.is_some_and(|only| !is_here(self.commits.as_ref(), &self.pins, &only.branch))
            && !self.had(path, &mut |bytes| bytes.is_none())
    }

    /// Whether a commit behind this branch, or one that was accepted on it, gave the file such a content.
    pub(super) fn had(
        &self,
        path: &VaultPath,
        is_it: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> bool {
        let commits = self.commits.as_ref();
        let behind = behind(commits, &self.pins);
        commits.had(path.as_str(), &behind, is_it)
    }
}
