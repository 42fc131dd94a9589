//! A secret's record: what may be known of it without opening it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pins::Version;
use super::signed::Signed;
use super::stamp::Stamp;
use crate::crypto::digest::Digest;
use crate::name::{MemberName, SecretName, ServiceUrl, ServiceUser, SessionId, Ttl};

/// `secrets/<name>.toml`: public, signed by a member who may read the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Counts the changes of this secret, re-encryptions included.
    pub(crate) version: u64,
    /// When the name was first stored.
    pub(crate) created: Stamp,
    /// When it got its present value.
    pub(crate) changed: Stamp,
    /// Who gave it this value.
    pub(crate) author: MemberName,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    /// How often the value wants changing, such as `90d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rotate_every: Option<Ttl>,
    /// Members who could read this value and may not any more: it is due for another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exposed_to: Vec<MemberName>,
    /// When a copy of this value was found outside of the vault: it is due for another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaked: Option<Stamp>,
    /// Whom the file is encrypted to, in the order of its stanzas.
    pub(crate) readers: Vec<Reader>,
    /// Of the whole `.age` file.
    pub(crate) digest: Digest,
    /// The services that it belongs to.
    #[serde(default, rename = "for", skip_serializing_if = "Vec::is_empty")]
    pub(crate) services: Vec<ServiceUrl>,
    /// The user name that goes with it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<ServiceUser>,
    /// Whether it is sent there as a bearer token (RFC 6750), not as the password of a user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bearer: bool,
    /// Whether it is no secret: it is not masked where a program prints it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) not_secret: bool,
}

impl From<&Record> for Version {
    fn from(record: &Record) -> Self {
        Self { created: record.created.unix(), version: record.version }
    }
}

impl Record {
    /// The time of a value that this machine gives after this one: each has a second of its own, so
    /// that values are told apart by their times.
    pub(crate) fn time_after(&self, now: Stamp) -> Stamp {
        now.max(self.changed.plus(1))
    }

    /// Whether both tell of the same value. Two clones may have made one each in the same second.
    pub(crate) fn tells_same_value(&self, other: &Self) -> bool {
        (self.created, self.changed, &self.author) == (other.created, other.changed, &other.author)
    }

    /// The members it is encrypted to, in the order of stanzas.
    pub(crate) fn members(&self) -> impl Iterator<Item = &MemberName> {
        self.readers.iter().filter_map(|reader| match reader {
            Reader::Member(name) => Some(name),
            Reader::Session(_) => None,
        })
    }
}

/// Whom a secret is encrypted to: a member, or a shared session written `session:<id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    /// A member, with all of the member's recipients.
    Member(MemberName),
    /// A shared session's token.
    Session(SessionId),
}

const SESSION: &str = "session:";

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "{name}"),
            Self::Session(id) => write!(f, "{SESSION}{id}"),
        }
    }
}

impl Serialize for Reader {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reader {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match text.strip_prefix(SESSION) {
            Some(id) => SessionId::parse(id).map(Self::Session).map_err(serde::de::Error::custom),
            None => MemberName::parse(&text).map(Self::Member).map_err(serde::de::Error::custom),
        }
    }
}

/// A secret as it lies in the vault: the ciphertext, and the verified record that fits it.
#[derive(Debug, Clone)]
pub(crate) struct EncryptedSecret {
    name: SecretName,
    ciphertext: Vec<u8>,
    record: Signed<Record>,
}

impl EncryptedSecret {
    /// Joins a ciphertext to its record where the digest fits; `None` where it does not.
    pub(super) fn join(
        name: SecretName,
        ciphertext: Vec<u8>,
        record: Signed<Record>,
    ) -> Option<Self> {
        (Digest::of(&ciphertext) == record.digest).then_some(Self { name, ciphertext, record })
    }

    /// The secret's name.
    pub(crate) fn name(&self) -> &SecretName {
        &self.name
    }

    /// The `.age` file's bytes.
    pub(crate) fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The record.
    pub(crate) fn record(&self) -> &Signed<Record> {
        &self.record
    }
}
