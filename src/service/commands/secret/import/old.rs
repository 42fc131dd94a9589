//! Taking over a vault of authy 0.7: opening its one file, and its policies.

use std::path::{Path, PathBuf};

use super::{ImportEntry, ImportOptions, Imported};
use crate::access::Pattern;
use crate::crypto::{
    self, CryptoError, Identity, MAX_FOREIGN_WORK_FACTOR, decrypt_up_to,
    decrypt_with_passphrase_up_to, scan_passphrase,
};
use crate::fs;
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Note, OpenVault, Result};
use crate::service::identity::{key_files, load, load_source, own_keys};
use crate::transfer::{
    self, IMPORT_FORMATS, OLD_FILE, OLD_LIMIT, OldPolicy, OldVault, TransferError,
};

/// Room for the header and for what each piece of the payload adds (age-encryption.org/v1).
const OVERHEAD: usize = 1 << 20;

/// Opens the vault in `folder`.
///
/// # Errors
/// There is none, or nothing opens it.
pub(super) fn read(ctx: &Context, folder: &Path, keyfile: Option<&Path>) -> Result<Imported> {
    let path = folder.join(OLD_FILE);
    let shown = printable(&path.to_string_lossy());
    let bytes = fs::read_named(&path, OLD_LIMIT + OVERHEAD)?
        .ok_or_else(|| TransferError::NoStore { folder: shown.clone() })?;
    let plain = match scan_passphrase(&bytes) {
        Ok(_) => {
            let ask = || ctx.front.passphrase(&shown);
            decrypt_with_passphrase_up_to(OLD_LIMIT, MAX_FOREIGN_WORK_FACTOR, &bytes, &ask)?
        }
        Err(_) => by_key(ctx, &bytes, folder, keyfile)?,
    };
    let OldVault { secrets, policies } = transfer::parse_old(&plain)?;
    let format = IMPORT_FORMATS.iter().find(|format| format.is_old_vault());
    let left = format.iter().map(|format| format.leaves.to_owned()).collect();
    Ok(Imported { found: secrets, policies, left })
}

/// Opens it with the keyfile that is named, else with any that lies beside it, else with the
/// identity of the caller.
fn by_key(
    ctx: &Context,
    bytes: &[u8],
    folder: &Path,
    keyfile: Option<&Path>,
) -> Result<SecretBytes> {
    // Damaged or not of age: no key is to blame.
    crypto::scan(bytes)?;
    let open = |identity: &Identity| match decrypt_up_to(OLD_LIMIT, bytes, identity) {
        Err(CryptoError::NotAReader) => None,
        other => Some(other),
    };
    if let Some(keyfile) = keyfile {
        let opened = open(&load(ctx, keyfile)?);
        return match opened {
            Some(plain) => Ok(plain?),
            None => Err(OldVaultError::Key(keyfile.to_owned()).into()),
        };
    }
    let folders = [Some(folder.join(fs::KEYS)), own_keys(ctx)].into_iter().flatten();
    let files: Vec<PathBuf> = folders.flat_map(|folder| key_files(&folder)).collect();
    let identities = files.iter().filter_map(|file| load(ctx, file).ok());
    for identity in identities.chain(load_source(ctx).ok()) {
        if let Some(plain) = open(&identity) {
            return Ok(plain?);
        }
    }
    Err(OldVaultError::NoKey.into())
}

/// A policy that comes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPolicy {
    /// Its name.
    pub name: ScopeName,
    /// For people.
    pub description: Option<String>,
    /// Patterns allowed, of names as they are here.
    pub allow: Vec<String>,
    /// Patterns denied.
    pub deny: Vec<String>,
    /// Whether the scope is run-only.
    pub run_only: bool,
}

/// Tells which policies come over with the secrets of `entries`, for an admin to make. One that
/// is there already, or that would reach other secrets than it did, is left out and noted.
///
/// # Errors
/// The vault cannot be opened.
pub fn imported_policies(
    ctx: &Context,
    imported: &Imported,
    options: &ImportOptions,
    entries: &[ImportEntry],
) -> Result<Vec<ImportedPolicy>> {
    if imported.policies.is_empty() {
        return Ok(Vec::new());
    }
    let there = OpenVault::open(ctx)?;
    let mut all = Vec::new();
    for policy in &imported.policies {
        let left_out = match (ScopeName::parse(&policy.name), patterns(policy, options, entries)) {
            (Err(_), _) => "has no name that a scope may have",
            (Ok(name), _) if there.rules.policy_state(&name).is_some() => "exists already",
            (_, None) => {
                "would reach other secrets than it did, as names have changed: create it again"
            }
            (Ok(name), Some((allow, deny))) => {
                let (description, run_only) = (policy.description.clone(), policy.run_only);
                all.push(ImportedPolicy { name, description, allow, deny, run_only });
                continue;
            }
        };
        let reason = format!("policy '{}' {left_out}", printable(&policy.name));
        ctx.front.note(&Note::LeftOut { reason });
    }
    Ok(all)
}

/// The patterns of a policy for names as they are here; `None` where they would not reach just
/// the secrets that it reached.
fn patterns(
    policy: &OldPolicy,
    options: &ImportOptions,
    entries: &[ImportEntry],
) -> Option<(Vec<String>, Vec<String>)> {
    let here = |list: &[String]| -> Vec<String> {
        list.iter().map(|pattern| transfer::pattern_here(&options.prefix, pattern)).collect()
    };
    let (allow, deny) = (here(&policy.allow), here(&policy.deny));
    let compile = |list: &[String]| Pattern::all(list).ok();
    let was = (compile(&policy.allow)?, compile(&policy.deny)?);
    let is = (compile(&allow)?, compile(&deny)?);
    let reaches = |(allow, deny): &(Vec<Pattern>, Vec<Pattern>), name: &str| {
        let any = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(name));
        any(allow) && !any(deny)
    };
    let is_kept =
        |entry: &ImportEntry| reaches(&was, &entry.from) == reaches(&is, entry.name.as_str());
    entries.iter().all(is_kept).then_some((allow, deny))
}

/// What keeps a vault of authy 0.7 closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OldVaultError {
    #[error("'{}' does not open the old vault", printable(&.0.to_string_lossy()))]
    Key(PathBuf),
    #[error("no key at hand opens the old vault")]
    NoKey,
}

impl Failure for OldVaultError {
    fn kind(&self) -> Kind {
        match self {
            Self::Key(_) | Self::NoKey => Kind::Credentials,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Key(_) | Self::NoKey => {
                "name the keyfile that authy 0.7 used with --from-keyfile FILE".into()
            }
        })
    }
}
