//! How the files of members and policies stand: in force, removed, not approved, damaged, gone,
//! or kept from being read.

use std::sync::Arc;

use super::MAX_TOML;
use super::branch::Wanted;
use super::documents::{Document, Member};
use super::error::StoreError;
use super::pins::Version;
use super::signed::{Signed, Unverified};
use super::vault::Vault;
use crate::crypto::sign::VerifyKey;
use crate::fs::{FsError, Subject, VaultPath};
use crate::kind::{Failure as _, Kind};
use crate::name::MemberName;

/// A member's or policy's file as it stands.
#[derive(Debug)]
pub(crate) enum Standing<T> {
    /// Signed by an admin.
    InForce(Signed<T>),
    /// Signed by an admin as removed.
    Removed(Signed<T>),
    /// Not signed by an admin as it stands: obeyed by nobody.
    Unapproved(Arc<StoreError>),
    /// Not even readable, or rolled back.
    Damaged(Arc<StoreError>),
}

impl<D: Document> Standing<D> {
    /// How a document stands that an admin signed.
    pub(crate) fn of(signed: Signed<D>) -> Self {
        if signed.is_removed() { Self::Removed(signed) } else { Self::InForce(signed) }
    }

    /// The document, where an admin signed it.
    pub(crate) const fn signed(&self) -> Option<&Signed<D>> {
        match self {
            Self::InForce(signed) | Self::Removed(signed) => Some(signed),
            Self::Unapproved(_) | Self::Damaged(_) => None,
        }
    }
}

/// A document as another branch has it.
#[derive(Debug)]
pub(super) struct OtherDocument<D> {
    branch: String,
    document: Signed<D>,
}

impl Vault {
    /// Members and policies of which this machine saw a version, and whose file is not there: a
    /// removal leaves a signed file.
    pub(crate) fn gone(&self) -> Vec<(VaultPath, u64)> {
        let is_document =
            |path: &VaultPath| matches!(path.subject(), Subject::Member(_) | Subject::Policy(_));
        let seen = self.pins().seen_below("members").chain(self.pins().seen_below("policies"));
        let seen = seen.filter_map(|(path, seen)| Some((VaultPath::parse(path)?, seen.version)));
        let is_gone = |path: &VaultPath| self.root().file(path).symlink_metadata().is_err();
        let gone = seen.filter(|(path, _)| is_document(path) && is_gone(path));
        let is_elsewhere = |(path, seen): &(VaultPath, u64)| {
            self.is_behind(path, Wanted::File, &mut |bytes| bytes.is_some())
                || self.is_of_request(path, Version::of_document(*seen))
        };
        gone.filter(|one| !is_elsewhere(one)).collect()
    }

    /// Fails where the system kept a member, a policy, a grant or a secret from being read (too
    /// many open files): no change may go by what is not known then.
    ///
    /// # Errors
    /// [`StoreError::Unread`].
    pub(crate) fn refuse_unread(&self) -> Result<(), StoreError> {
        self.unread.get().map_or(Ok(()), |why| Err(StoreError::Unread(Arc::clone(why))))
    }

    /// Reads a file of members, policies or secrets.
    pub(super) fn read(
        &self,
        path: &VaultPath,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.files.read(path, limit).map_err(|error| self.unread_because(error))
    }

    /// Notes that a file was kept from being read, where `error` says that.
    pub(super) fn unread_because(&self, error: FsError) -> StoreError {
        let is_damage = error.kind() != Kind::Failure;
        let error = StoreError::Fs(error);
        if is_damage {
            return error;
        }
        let why = Arc::new(error);
        let _ = self.unread.set(Arc::clone(&why));
        StoreError::Unread(why)
    }

    /// What a member makes of their own file, with the key by which admins know them, where it lies there
    /// so and waits for an admin.
    pub(crate) fn own_edit(&self, name: &MemberName, key: &VerifyKey) -> Option<Member> {
        let path = VaultPath::member(name);
        let bytes = self.read(&path, MAX_TOML).ok()??;
        let read = Unverified::parse(&path, bytes).ok()?;
        let is_own = read.by() == name;
        let signed = read.verify::<Member>(self.id(), Some(key)).ok()?;
        is_own.then(|| (*signed).clone())
    }

    /// The document as it lies there, where an admin signed it once: it need not be in force.
    pub(crate) fn signed_once<D: Document>(&self, name: &D::Name) -> Option<Signed<D>> {
        let path = &D::path(name);
        self.approved::<D>(path, self.read(path, MAX_TOML).ok()??)
    }

    /// Reads the document of this name.
    pub(crate) fn standing<D: Document>(&self, name: &D::Name) -> Standing<D> {
        let path = &D::path(name);
        let verified = self
            .read(path, MAX_TOML)
            .and_then(|bytes| bytes.ok_or_else(|| StoreError::Missing { path: path.clone() }))
            .and_then(|bytes| Unverified::parse(path, bytes))
            .and_then(|read| {
                let key = self.admins().admins.get(read.by()).copied();
                read.verify::<D>(self.id(), key.as_ref())
            });
        match verified {
            Ok(document) => self.against_its_pin(path, document),
            Err(StoreError::Missing { path }) => {
                let seen = self.pins().seen(&path);
                match seen.and_then(|seen| self.of_elsewhere::<D>(&path, seen)) {
                    Some(document) => Standing::of(document),
                    None => Standing::Damaged(Arc::new(StoreError::Missing { path })),
                }
            }
            Err(
                error @ (StoreError::Unsigned { .. }
                | StoreError::Altered { .. }
                | StoreError::UnknownSigner { .. }),
            ) => Standing::Unapproved(Arc::new(error)),
            Err(error) => Standing::Damaged(Arc::new(error)),
        }
    }

    /// The version that this machine has seen, where it is another branch's: members and policies are
    /// what they are on whatever branch, but for what a request alone has ([`Vault::in_request`]).
    pub(super) fn newest_elsewhere<D: Document>(
        &self,
        path: &VaultPath,
        seen: Version,
    ) -> Option<OtherDocument<D>> {
        // What no admin has signed is no version.
        let newest = |bytes: &[u8]| -> Option<Signed<D>> {
            let found: Signed<D> = self.approved(path, bytes.to_vec())?;
            (Version::of_document(found.version()) >= seen).then_some(found)
        };
        let found = self.newer(path, &mut |bytes| bytes.and_then(newest).is_some())?;
        Some(OtherDocument { branch: found.branch, document: newest(&found.bytes?)? })
    }

    /// A document that is not here: as main branches have it where a request alone has the newest, or else
    /// as another branch has that.
    pub(super) fn of_elsewhere<D: Document>(
        &self,
        path: &VaultPath,
        seen: Version,
    ) -> Option<Signed<D>> {
        match self.in_request::<D>(path, None, seen) {
            Some(request) => request.of_main.map(|(_, document)| document),
            None => self.newest_elsewhere::<D>(path, seen).map(|newest| newest.document),
        }
    }

    /// An approved file older than one seen before is a rollback, unless it is that of a branch which
    /// never had the newer one.
    fn against_its_pin<D: Document>(&self, path: &VaultPath, document: Signed<D>) -> Standing<D> {
        let found = Version::of_document(document.version());
        match self.pins().seen(path) {
            Some(seen) if found < seen => self.below_its_pin(path, document, seen),
            seen => {
                if seen == Some(found) {
                    self.met(path, found);
                }
                self.pins().pin(path, found);
                Standing::of(document)
            }
        }
    }

    fn below_its_pin<D: Document>(
        &self,
        path: &VaultPath,
        document: Signed<D>,
        seen: Version,
    ) -> Standing<D> {
        let found = Version::of_document(document.version());
        if let Some(request) = self.in_request::<D>(path, Some(found), seen) {
            let Some((_, newer)) = request.of_main else { return Standing::of(document) };
            self.note_rule_of_another_branch();
            return Standing::of(newer);
        }
        if let Some(newest) = self.newest_elsewhere::<D>(path, seen) {
            self.note_rule_of_another_branch();
            self.tell_newer(newest.branch, path);
            return Standing::of(newest.document);
        }
        let is_newer = &mut |bytes: Option<&[u8]>| {
            let then = bytes.and_then(|bytes| self.approved::<D>(path, bytes.to_vec()));
            then.is_some_and(|then| then.version() > found.version)
        };
        match self.only_on(path, found, seen) {
            // Of a request that is gone, or in another clone: nothing here says what it was.
            Some(branch) if !self.had(path, is_newer) => {
                self.tell_waiting(branch, path);
                Standing::of(document)
            }
            _ => Standing::Damaged(Arc::new(StoreError::RolledBack {
                path: path.clone(),
                found: found.version,
                seen: seen.version,
                past: self.past_of::<D>(path, seen).into(),
            })),
        }
    }
}
