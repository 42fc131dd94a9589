//! What an identity or a token has worked out on this machine, so that it need not be again.
//!
//! The own grant: the keys of the files that a member's identity has opened. Opening a file with
//! the identity costs an X25519 operation for each stanza before ours, with its own key none.
//! The keys lie in the state folder, encrypted to the identity, and are believed for nothing: each
//! names the digest of its file, which a signed record states, and a wrong one does not open it.
//! Where anything is amiss the identity opens the files.
//!
//! The signatures of records that were verified, each a mac under a key that the identity or
//! the token derives. Where anything is amiss they are verified.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;

use crate::access::{Access, Caller, Principal};
use crate::crypto::digest::Digest;
use crate::crypto::keys::{Mac, Purpose};
use crate::crypto::known::{Known, MAX_KNOWN};
use crate::crypto::{Identity, file_key};
use crate::fs;
use crate::service::base::Snapshot;
use crate::session::{GrantKey, GrantKeys, MAX_SEALED_KEYS};
use crate::store::EncryptedSecret;

/// For fewer files looking up costs more than it saves.
const FEWEST: usize = 8;
/// What a token left behind is of no use when the token has ended.
const UNUSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
const ENDING: &str = ".known";

/// Gives the access of a member the keys they have, and keeps those that they learn by it. To be
/// called when the audit line is on disk: it unwraps keys.
pub(crate) fn recall<'f>(opened: &Snapshot, asker: &Principal, access: Access<'f>) -> Access<'f> {
    let Principal::Member(caller) = asker else { return access };
    if caller.identity.has_plugins() {
        // It keeps the keys of all files that it opens.
        return access;
    }
    match file(opened, &caller.identity, ".age").filter(|_| access.files().len() >= FEWEST) {
        Some(file) => {
            let keys = keys(opened, caller, &file, access.files());
            access.knowing(keys)
        }
        None => access,
    }
}

fn keys(opened: &Snapshot, caller: &Caller, file: &Path, sealed: &[EncryptedSecret]) -> GrantKeys {
    let stored = fs::read_plain(file, MAX_SEALED_KEYS).ok().flatten();
    let stored = stored.and_then(|bytes| GrantKeys::decrypt(&bytes, &caller.identity).ok()?);
    let mut keys = stored.unwrap_or_default();
    let learned: Vec<_> = sealed
        .par_iter()
        .filter(|one| keys.key_of(one.name(), &one.record().digest).is_none())
        // What cannot be opened is for the opening itself to report.
        .filter_map(|one| {
            let key = file_key(one.ciphertext(), &caller.identity).ok()?;
            let (version, digest) = (one.record().version, one.record().digest);
            Some((one.name().clone(), GrantKey { version, digest, key }))
        })
        .collect();
    if !learned.is_empty() {
        keys.0.extend(learned);
        keep(opened, caller, file, &mut keys);
    }
    keys
}

/// Writes the keys; where that fails they are learned again next time.
fn keep(opened: &Snapshot, caller: &Caller, file: &Path, keys: &mut GrantKeys) {
    if let Ok(names) = opened.vault.names() {
        keys.0.retain(|name, _| names.binary_search(name).is_ok());
    }
    if let Ok(sealed) = keys.encrypt(caller.identity.recipients()) {
        fs::remember(file, &sealed);
    }
}

/// Has the signatures of `count` records checked only where the asker has not done it before.
pub(crate) fn recall_signatures(opened: &Snapshot, asker: &Principal, count: usize) {
    let identity = identity(asker);
    let key = || identity.derive(opened.vault.id(), Purpose::Known);
    let Some(file) = file(opened, identity, ENDING).filter(|_| count >= FEWEST) else { return };
    if let Some(key) = key() {
        let stored = fs::read_plain(&file, MAX_KNOWN).ok().flatten().unwrap_or_default();
        opened.vault.trust_known(Known::new(Mac::new(&key), &stored));
    }
}

/// Keeps the signatures that turned out to be good; where that fails they are checked again.
pub(crate) fn keep_signatures(opened: &Snapshot, asker: &Principal) {
    let Some(known) = opened.vault.known() else { return };
    // Each record has one signature at a time, and lists are not weeded for less than as many.
    let most = || 2 * opened.vault.names().map_or(0, |names| names.len()).max(FEWEST);
    let Some(list) = known.to_store(most) else { return };
    let Some(file) = file(opened, identity(asker), ENDING) else { return };
    fs::remember(&file, &list);
    if let Some(folder) = file.parent() {
        fs::remove_older(folder, UNUSED, |name| name.ends_with(ENDING));
    }
}

fn identity(asker: &Principal) -> &Identity {
    match asker {
        Principal::Member(caller) => &caller.identity,
        Principal::Bearer(bearer) => bearer.identity(),
    }
}

/// Where something of this identity lies; `None` where nothing can be remembered.
fn file(opened: &Snapshot, identity: &Identity, ending: &str) -> Option<PathBuf> {
    let recipient = identity.recipients().first()?.to_string();
    let digest = Digest::of(recipient.as_bytes()).to_string();
    let name = digest.rsplit(':').next()?.get(..16)?.to_owned();
    Some(opened.vault.pins().folder()?.join("own").join(format!("{name}{ending}")))
}
