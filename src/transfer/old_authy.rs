//! The vault of authy 0.1 to 0.7: one file, `vault.age`, whose plaintext is MessagePack.
//!
//! ```text
//! Vault   [version = 1, created, modified, {name: Secret}, {name: Policy}, [Session]]
//! Secret  [value, [created, modified, version, [tag], description or nil]]
//! Policy  [name, description or nil, [allow], [deny], created, modified, run_only]
//! ```
//!
//! `run_only` is absent up to 0.1. Sessions are left behind: only a digest of their tokens is
//! there. Names have no rules, values are text, times are RFC 3339.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::TransferError;
use super::{About, Found, SecretText};
use crate::secret::SecretBytes;

/// The name of the file in its folder.
pub(crate) const FILE: &str = "vault.age";
/// The largest such file, in bytes.
pub(crate) const LIMIT: usize = 64 << 20;

const FORMAT: &str = "vault of authy 0.7";

/// What such a vault holds.
#[derive(Debug)]
pub(crate) struct OldVault {
    pub(crate) secrets: Vec<Found>,
    pub(crate) policies: Vec<OldPolicy>,
}

/// A policy of such a vault.
#[derive(Debug, Deserialize)]
pub(crate) struct OldPolicy {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    _created: IgnoredAny,
    _modified: IgnoredAny,
    #[serde(default)]
    pub(crate) run_only: bool,
}

// No Debug: it would show values.
#[derive(Deserialize)]
struct Vault {
    version: u32,
    _created: IgnoredAny,
    _modified: IgnoredAny,
    secrets: BTreeMap<String, Secret>,
    policies: BTreeMap<String, OldPolicy>,
    #[serde(default)]
    _sessions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Secret {
    value: SecretText,
    #[serde(default)]
    about: OldAbout,
}

#[derive(Deserialize, Default)]
struct OldAbout {
    _created: IgnoredAny,
    _modified: IgnoredAny,
    _version: IgnoredAny,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    description: Option<String>,
}

/// Reads the plaintext of such a file.
///
/// # Errors
/// [`TransferError::Format`].
pub(crate) fn parse(plain: &SecretBytes) -> Result<OldVault, TransferError> {
    let strange = TransferError::Format { format: FORMAT, line: None };
    let vault: Vault = match rmp_serde::from_slice(plain.expose()) {
        Ok(vault) => vault,
        Err(_) => return Err(strange),
    };
    if vault.version != 1 {
        return Err(strange);
    }
    let found = |(name, secret): (String, Secret)| {
        let OldAbout { tags, description, .. } = secret.about;
        let about = About { tags, description, services: Vec::new(), user: None };
        Found { about: Some(about), ..Found::new(name, secret.value.0) }
    };
    let secrets = vault.secrets.into_iter().map(found).collect();
    Ok(OldVault { secrets, policies: vault.policies.into_values().collect() })
}
