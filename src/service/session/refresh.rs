//! Keeping live sessions of this clone up to date, and deleting those that ended.
//!
//! Every command that unlocks an identity does this for the sessions its member made: a
//! new value, a renamed secret, a pulled change reach a live token so. What cannot be done
//! is only noted: a token whose grant is behind says so itself.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use rayon::prelude::*;

use super::ended::{self, End, Ended};
use super::token::{expiry, keys, signed_by_retired_key};
use crate::access::{Caller, Principal, limits};
use crate::audit::{Action, Op};
use crate::crypto::digest::Digest;
use crate::crypto::{Recipient, file_key};
use crate::fs::{self, GrantPlace, Listing, LocalFile, Lock, Root, Stage};
use crate::name::{MemberName, SecretName};
use crate::service::audit::Recorder;
use crate::service::base::clock;
use crate::service::base::{Context, Note, OpenVault, Result, Snapshot};
use crate::service::identity::{recipients, signer};
use crate::session::{GrantKey, GrantKeys};
use crate::store::{self, EncryptedSecret, Grant, Signed, Signer, Stamp};

/// How long a reading command waits for another one's change.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Refreshes the sessions that `caller` made, before values are read. Where nothing
/// changed since the last time it costs a look at each file's time.
pub(crate) fn refresh(ctx: &Context, opened: &Snapshot, caller: &Caller) {
    let root = opened.vault.root();
    // Whoever cannot sign has made no session.
    if !opened.rules.signs(&caller.name) || !has_sessions(root) {
        return;
    }
    let now = Stamp::new(clock::latest(ctx, opened)).unix();
    if is_fresh(root, caller, now) {
        return;
    }
    // Where the vault cannot be locked it cannot be written either.
    let Ok(lock) = Lock::acquire(root, PATIENCE) else { return };
    let result =
        signer(caller, &opened.rules).and_then(|signer| try_refresh(ctx, caller, &signer, &lock));
    note(ctx, result);
}

/// Refreshes after a change, under the change's lock.
pub(crate) fn refresh_locked(ctx: &Context, caller: &Caller, signer: &Signer, lock: &Lock) {
    if has_sessions(&Root::new(ctx.vault.clone())) {
        note(ctx, try_refresh(ctx, caller, signer, lock));
    }
}

fn note(ctx: &Context, result: Result<()>) {
    if let Err(error) = result {
        ctx.front.note(&Note::NotRefreshed { reason: error.to_string() });
    }
}

/// Whether there is any file of a session of this clone.
fn has_sessions(root: &Root) -> bool {
    let local = |file: &String| !file.starts_with("shared/");
    fs::list(root, Listing::Sessions).is_ok_and(|listed| listed.files.iter().any(local))
}

fn try_refresh(ctx: &Context, caller: &Caller, signer: &Signer, lock: &Lock) -> Result<()> {
    // As it stands now: the change that was just published is a part of it.
    let opened = OpenVault::open_locked(ctx, lock)?;
    let now = Stamp::new(clock::latest(ctx, &opened));
    let mut stage = Stage::new(lock);
    let (mut ended, mut over, mut staged) = (Vec::new(), Vec::new(), Vec::new());
    let mut next_end = i64::MAX;
    for place in opened.vault.sessions()?.into_iter().filter(|place| !place.shared) {
        match opened.vault.grant(&place, &opened.rules.creator_key()) {
            Ok(Some(grant)) if expiry(&grant, &opened.rules) <= now => {
                over.push(Ended::of(&opened, &place, &grant, End::Expired, now));
                ended.push(place);
            }
            Ok(Some(grant)) => {
                next_end = next_end.min(expiry(&grant, &opened.rules).unix());
                if *grant.by() == caller.name
                    && let Some((grant, keys)) = renewed(&opened, caller, &place, &grant)?
                {
                    let version = grant.version;
                    put(&opened, &mut stage, &place, grant, &keys, signer, Stamp::new(ctx.now))?;
                    staged.push((place, version));
                }
            }
            // What a revoked session left behind.
            Ok(None) => place.files().into_iter().for_each(|file| stage.remove(file)),
            Err(_) => {
                if let Some(grant) = signed_by_retired_key(&opened, &place) {
                    over.push(Ended::of(&opened, &place, &grant, End::Revoked, now));
                    ended.push(place);
                }
            }
        }
    }
    ended.iter().flat_map(GrantPlace::files).for_each(|file| stage.remove(file));
    if !over.is_empty() {
        stage.put_local(LocalFile::EndedSessions, ended::file(&opened, over, now));
    }
    if !stage.paths().is_empty() {
        stage.write()?.publish()?;
    }
    // Not before: what is not there yet must not be missed.
    staged.iter().for_each(|(place, version)| opened.vault.pin_grant(place, *version));
    record_ended(ctx, &opened, caller, lock, &ended)?;
    ended.iter().for_each(|place| opened.vault.pin_expired(place));
    let state = format!("{} {next_end}\n", fingerprint(opened.vault.root(), caller));
    Ok(fs::replace(&opened.vault.root().local(LocalFile::Refreshed), state.as_bytes())?)
}

fn record_ended(
    ctx: &Context,
    opened: &Snapshot,
    caller: &Caller,
    lock: &Lock,
    ended: &[GrantPlace],
) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let asker = Principal::Member(caller.clone());
    let mut recorder = Recorder::open_locked(ctx, opened, &asker, lock)?;
    for place in ended {
        let detail = Some(place.id.to_string());
        let _receipt = recorder.granted(&Action::new(Op::SESSION_EXPIRE).saying(detail))?;
    }
    Ok(())
}

/// The grant and its keys as they ought to be now; `None` where they are that already, or
/// where the creator may not use the scope any more.
///
/// # Errors
/// The grant has a pattern that does not compile; the secrets cannot be listed.
pub(crate) fn renewed(
    opened: &Snapshot,
    caller: &Caller,
    place: &GrantPlace,
    grant: &Signed<Grant>,
) -> Result<Option<(Grant, GrantKeys)>> {
    let Ok((_, policy)) = opened.rules.of_grant(grant) else { return Ok(None) };
    let limits = limits(grant)?;
    let known = keys(opened, place, grant, &caller.identity).ok();
    let mut names = opened.vault.names()?;
    names.retain(|name| policy.rule(name).allows() && limits.rule(name).allows());
    let (new, _) = collect(opened, caller, &names, &known.clone().unwrap_or_default())?;
    if known.as_ref() == Some(&new) {
        return Ok(None);
    }
    Ok(Some((Grant { version: grant.version + 1, ..(**grant).clone() }, new)))
}

/// The file keys of `names` that `caller` can read, and the names that they cannot; keys in
/// `known` that still fit are taken from there.
///
/// # Errors
/// A file cannot be read for another reason than damage of its own.
pub(crate) fn collect(
    opened: &Snapshot,
    caller: &Caller,
    names: &[SecretName],
    known: &GrantKeys,
) -> Result<(GrantKeys, Vec<SecretName>)> {
    prepare(opened, caller, names, known)?;
    let found: Vec<_> = names
        .par_iter()
        .map(|name| (name, key_of(opened, caller, name, known.0.get(name))))
        .collect();
    let (mut keys, mut others) = (BTreeMap::new(), Vec::new());
    for (name, key) in found {
        match key {
            Some(key) => _ = keys.insert(name.clone(), key),
            None => others.push(name.clone()),
        }
    }
    Ok((GrantKeys(keys), others))
}

/// Has plugins, where the identity needs some, asked about all secrets at once.
fn prepare(
    opened: &Snapshot,
    caller: &Caller,
    names: &[SecretName],
    known: &GrantKeys,
) -> Result<()> {
    if !caller.identity.has_plugins() {
        return Ok(());
    }
    let sealed = |name: &SecretName| {
        let sealed = opened.vault.secret(name, &opened.rules).ok()??;
        known.key_of(name, &sealed.record().digest).is_none().then_some(sealed)
    };
    let sealed: Vec<_> = names.iter().filter_map(sealed).collect();
    Ok(caller.identity.prepare(sealed.iter().map(EncryptedSecret::ciphertext))?)
}

/// `None` for a secret that is damaged, gone, or not the caller's to read: reading it says so.
fn key_of(
    opened: &Snapshot,
    caller: &Caller,
    name: &SecretName,
    known: Option<&GrantKey>,
) -> Option<GrantKey> {
    let record = opened.vault.record(name, &opened.rules).ok()??;
    let (version, digest) = (record.version, record.digest);
    if let Some(known) = known.filter(|known| known.digest == digest) {
        return Some(GrantKey { version, ..known.clone() });
    }
    let sealed = opened.vault.secret(name, &opened.rules).ok()??;
    let key = file_key(sealed.ciphertext(), &caller.identity).ok()?;
    Some(GrantKey { version: sealed.record().version, digest: sealed.record().digest, key })
}

/// Encrypts the keys and signs the grant that names them; both are to be published together.
pub(crate) fn encrypt(
    opened: &Snapshot,
    creator: &MemberName,
    grant: &mut Grant,
    keys: &GrantKeys,
) -> Result<Vec<u8>> {
    let mut to = vec![Recipient::parse(&grant.recipient)?];
    // One that cannot be encrypted to here keeps nobody from working, where another one is there.
    let own = recipients(&opened.rules, std::iter::once(creator))?;
    let ready: Vec<_> = own.iter().filter(|one| one.ready(false).is_ok()).cloned().collect();
    to.extend(if ready.is_empty() { own } else { ready });
    let sealed = keys.encrypt(&to)?;
    grant.keys = Digest::of(&sealed);
    Ok(sealed)
}

fn put(
    opened: &Snapshot,
    stage: &mut Stage,
    place: &GrantPlace,
    mut grant: Grant,
    keys: &GrantKeys,
    signer: &Signer,
    at: Stamp,
) -> Result<()> {
    let sealed = encrypt(opened, &signer.name, &mut grant, keys)?;
    let path = place.grant();
    stage.put(path.clone(), store::sign(&grant, &path, opened.vault.id(), signer, at)?);
    stage.put(place.keys(), sealed);
    Ok(())
}

/// Whether nothing changed since the last refresh, and no session ended.
fn is_fresh(root: &Root, caller: &Caller, now: i64) -> bool {
    let state =
        fs::read_outside(&root.local(LocalFile::Refreshed), 256).ok().flatten().unwrap_or_default();
    let state = String::from_utf8(state).unwrap_or_default();
    let Some((seen, next_end)) = state.trim_end().split_once(' ') else { return false };
    next_end.parse().is_ok_and(|end: i64| now < end) && seen == fingerprint(root, caller)
}

/// Of the times and sizes of every file that decides what a session reads. Who forges it
/// keeps a token from new values, nothing else.
fn fingerprint(root: &Root, caller: &Caller) -> String {
    let mut text = caller.name.to_string();
    for listing in [Listing::Secrets, Listing::Policies, Listing::Members, Listing::Sessions] {
        let files = fs::list(root, listing).map(|listed| listed.files).unwrap_or_default();
        for file in files {
            let path = root.path().join(listing.folder()).join(&file);
            let Ok(meta) = path.symlink_metadata() else { continue };
            let time = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let time = time.map_or(0, |time| time.as_nanos());
            text.push_str(&format!("\n{file} {} {time}", meta.len()));
        }
    }
    Digest::of(text.as_bytes()).to_string()
}
