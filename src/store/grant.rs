//! `sessions/<id>/grant.toml`: what a token may do, signed by the member who made it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::documents::is_false;
use super::error::{RolledBackPast, StoreError};
use super::pin_store::Pin;
use super::pins::Version;
use super::sealed::SealedRule;
use super::signed::{Signed, Unverified};
use super::stamp::Stamp;
use super::vault::Vault;
use super::{MAX_TOML, Record};
use crate::crypto::digest::Digest;
use crate::crypto::sign::VerifyKey;
use crate::fs::{self, GrantPlace, Listing, VaultPath};
use crate::name::{MemberName, ScopeName, SessionId};

/// A session's grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    /// Counts the refreshes of this grant.
    pub(crate) version: u64,
    /// For people; empty where none was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) label: String,
    /// The one scope.
    pub(crate) scope: ScopeName,
    /// Values go into processes only, whatever the policy says.
    pub(crate) run_only: bool,
    /// What the policy allowed when the session was made: a policy that is widened later
    /// widens no session.
    pub(crate) allow: Vec<String>,
    /// What it denied then.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// Programs that `run` could start then; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commands: Option<Vec<String>>,
    /// When the session was made.
    pub(crate) created: Stamp,
    /// When it ends.
    pub(crate) expires: Stamp,
    /// The age recipient derived from the token.
    pub(crate) recipient: String,
    /// Of `keys.age`.
    pub(crate) keys: Digest,
    /// The commitment to the key of the session's audit chains.
    pub(crate) chain: Digest,
    /// Whether the policy was sealed as a whole then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) seal_only: bool,
    /// What was sealed then, and for which hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sealed: Vec<SealedRule>,
}

/// What marks a grant as revoked in the pins: no version is higher.
const REVOKED: Version = Version::of_document(u64::MAX);

impl Pin {
    /// A session was taken away: a copy of its grant that is put back is none.
    pub(crate) fn revoked(place: &GrantPlace) -> Self {
        Self::Seen(place.grant(), REVOKED)
    }
}

impl Vault {
    /// Lists the sessions that have files here, sorted, those of this clone first.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be read.
    pub(crate) fn sessions(&self) -> Result<BTreeSet<GrantPlace>, StoreError> {
        let listed = fs::list(self.root(), Listing::Sessions)?;
        let place = |file: &String| {
            let (shared, rest) = match file.strip_prefix("shared/") {
                Some(rest) => (true, rest),
                None => (false, file.as_str()),
            };
            let id = SessionId::parse(rest.split_once('/')?.0).ok()?;
            Some(GrantPlace { id, shared })
        };
        Ok(listed.files.iter().chain(&listed.strays).filter_map(place).collect())
    }

    /// Reads a grant and verifies it against its signer's key; `None` where there is none.
    ///
    /// # Errors
    /// Any damage; a grant that was revoked here, or an older one than was seen.
    pub(crate) fn grant(
        &self,
        place: &GrantPlace,
        key: &dyn Fn(&MemberName) -> Option<VerifyKey>,
    ) -> Result<Option<Signed<Grant>>, StoreError> {
        let path = place.grant();
        let read = fs::read(self.root(), &path, MAX_TOML);
        let Some(bytes) = read.map_err(|error| self.unread_because(error))? else {
            return Ok(None);
        };
        let unverified = Unverified::parse(&path, bytes)?;
        let key = key(unverified.by());
        let grant = unverified.verify::<Grant>(self.id(), key.as_ref())?;
        match self.pins().seen(&path) {
            // Somebody put back what was taken away: it is no session any more.
            Some(REVOKED) => Ok(None),
            Some(seen) if grant.version < seen.version => Err(StoreError::RolledBack {
                path,
                found: grant.version,
                seen: seen.version,
                past: RolledBackPast::here().into(),
            }),
            _ => Ok(Some(grant)),
        }
    }

    /// Remembers the version of a grant that was fully verified.
    pub(crate) fn pin_grant(&self, place: &GrantPlace, version: u64) {
        self.pins().pin(&place.grant(), Version::of_document(version));
    }

    /// Remembers that a session has expired.
    pub(crate) fn pin_expired(&self, place: &GrantPlace) {
        self.pins().note(&Pin::revoked(place));
    }

    /// Whether the session was revoked here, or has expired here.
    pub(crate) fn is_revoked(&self, place: &GrantPlace) -> bool {
        self.pins().seen(&place.grant()) == Some(REVOKED)
    }

    /// Reads one file of a grant; `None` where it is missing.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub(crate) fn grant_file(
        &self,
        path: &VaultPath,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(fs::read(self.root(), path, limit)?)
    }
}

impl Record {
    /// Whether the file is encrypted to this session's token.
    pub(crate) fn names_session(&self, id: &SessionId) -> bool {
        self.readers.iter().any(|reader| matches!(reader, super::Reader::Session(one) if one == id))
    }
}
