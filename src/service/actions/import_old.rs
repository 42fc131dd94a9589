//! Taking over a vault of authy 0.7: opening its one file, and its policies.

use std::path::{Path, PathBuf};

use super::import::{ImportEntry, ImportOptions, Imported};
use super::policies::{PolicyChange, policy_create};
use crate::access::Pattern;
use crate::crypto::{
    self, CryptoError, Identity, MAX_FOREIGN_WORK_FACTOR, scan_passphrase, unseal_up_to,
    unseal_with_passphrase_up_to,
};
use crate::fs;
use crate::name::{ScopeName, printable};
use crate::secret::SecretBytes;
use crate::service::base::caller::{key_files, load, load_source};
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::note::Note;
use crate::service::base::opening::Opened;
use crate::service::base::problem::Problem;
use crate::transfer::{self, OLD_FILE, OLD_LIMIT, OldPolicy, OldVault, TransferError};

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
            unseal_with_passphrase_up_to((OLD_LIMIT, MAX_FOREIGN_WORK_FACTOR), &bytes, &ask)?
        }
        Err(_) => by_key(ctx, &bytes, (folder, keyfile))?,
    };
    let OldVault { secrets, policies } = transfer::parse_old(&plain)?;
    Ok(Imported { found: secrets, policies })
}

/// Opens it with the keyfile that is named, else with any that lies beside it, else with the
/// identity of the caller.
fn by_key(
    ctx: &Context,
    bytes: &[u8],
    (folder, keyfile): (&Path, Option<&Path>),
) -> Result<SecretBytes> {
    // Damaged or not of age: no key is to blame.
    crypto::scan(bytes)?;
    let open = |identity: &Identity| match unseal_up_to(OLD_LIMIT, bytes, identity) {
        Err(CryptoError::NotAReader) => None,
        other => Some(other),
    };
    if let Some(keyfile) = keyfile {
        let opened = open(&load(ctx, keyfile)?);
        return match opened {
            Some(plain) => Ok(plain?),
            None => Err(Problem::OldVaultKey(keyfile.to_owned()).into()),
        };
    }
    let own = ctx.home.as_ref().map(|home| home.join(".authy"));
    let folders = [Some(folder), own.as_deref()].into_iter().flatten();
    let files: Vec<PathBuf> = folders.flat_map(|folder| key_files(&folder.join("keys"))).collect();
    let identities = files.iter().filter_map(|file| load(ctx, file).ok());
    for identity in identities.chain(load_source(ctx).ok()) {
        if let Some(plain) = open(&identity) {
            return Ok(plain?);
        }
    }
    Err(Problem::OldVaultKeys.into())
}

/// Makes the policies, each as an admin would: their patterns mean names as they are here. One
/// that would reach other secrets than it did is left out.
///
/// # Errors
/// Denied; not written.
pub(super) fn policies(
    ctx: &Context,
    imported: &Imported,
    (options, entries): (&ImportOptions, &[ImportEntry]),
) -> Result<()> {
    if imported.policies.is_empty() {
        return Ok(());
    }
    let there = Opened::open(ctx)?;
    for policy in &imported.policies {
        let shown = printable(&policy.name);
        let left_out = |why: &str| {
            ctx.front.note(&Note::LeftOut { reason: format!("policy '{shown}' {why}") });
        };
        let Ok(name) = ScopeName::parse(&policy.name) else {
            left_out("has no name that a scope may have");
            continue;
        };
        if there.rules.policy_state(&name).is_some() {
            left_out("exists already");
            continue;
        }
        let Some((allow, deny)) = patterns(policy, options, entries) else {
            left_out("would reach other secrets than it did, as names have changed: make it anew");
            continue;
        };
        ctx.front.note(&Note::PolicyImported { name: name.clone(), dry_run: options.dry_run });
        if !options.dry_run {
            let run_only = policy.run_only.then_some(true);
            let description = policy.description.clone();
            let unchanged = PolicyChange::new(name);
            policy_create(ctx, &PolicyChange { allow, deny, run_only, description, ..unchanged })?;
        }
    }
    Ok(())
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
