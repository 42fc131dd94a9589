//! What may be said of an encrypted file: for git's diffs, which show no value.

use serde::Serialize;

use crate::crypto::digest::Digest;
use crate::fs::{self, VaultPath};
use crate::git;
use crate::name::SecretName;
use crate::service::base::{Context, OpenVault, Result};
use crate::store::{MAX_TOML, Record};

/// What the record of a secret says of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The secret.
    pub name: SecretName,
    /// The version.
    pub version: u64,
    /// Since when it has this value (RFC 3339).
    pub changed: String,
    /// Who gave it this value.
    pub author: String,
    /// Whom it is encrypted to.
    pub readers: Vec<String>,
}

/// The digest of a file, as records state it.
pub fn digest_of(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Finds the record that describes the file with these bytes, now or at any time: of a secret
/// in whose file's name `file` ends, as git names its copies. Needs no identity, and verifies
/// nothing.
///
/// # Errors
/// There is no vault; its history cannot be read.
pub fn describe(ctx: &Context, file: &str, bytes: &[u8]) -> Result<Option<Description>> {
    let opened = OpenVault::open(ctx)?;
    let digest = Digest::of(bytes);
    let last = |name: &SecretName| name.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let names = opened.vault.names()?;
    let likely = names.iter().filter(|name| file.ends_with(&format!("{}.age", last(name))));
    for name in likely {
        let path = VaultPath::record(name);
        let read = |bytes: Vec<u8>| {
            let claim = opened.vault.claim_in::<Record>(&path, bytes).ok()?;
            (claim.document.digest == digest).then_some(claim.document)
        };
        let now = fs::read(opened.vault.root(), &path, MAX_TOML).ok().flatten();
        let mut found = now.and_then(read);
        if found.is_none() {
            git::changes_of(opened.vault.root().path(), path.as_str(), &mut |change| {
                found = change.bytes.and_then(read);
                found.is_some()
            })?;
        }
        if let Some(record) = found {
            return Ok(Some(description(name, &record)));
        }
    }
    Ok(None)
}

fn description(name: &SecretName, record: &Record) -> Description {
    Description {
        name: name.clone(),
        version: record.version,
        changed: record.changed.to_string(),
        author: record.author.to_string(),
        readers: record.readers.iter().map(ToString::to_string).collect(),
    }
}
