//! A new value of a secret: encrypted to its readers, with a record that says so.

use super::readers::{Preencrypted, encrypt_to, exposed, kept_readers, withheld};
use crate::audit::Op;
use crate::crypto::digest::Digest;
use crate::name::{SecretName, ServiceUrl, ServiceUser, Ttl};
use crate::secret::SecretBytes;
use crate::service::base::{Note, Result};
use crate::service::change::Transaction;
use crate::store::Record;

/// How to store a secret.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// Replace the value of a secret that exists.
    pub force: bool,
    /// For people; replaces the old one where given.
    pub description: Option<String>,
    /// For people; replace the old ones where given.
    pub tags: Vec<String>,
    /// How often the value wants changing; replaces the old one where given.
    pub rotate_every: Option<Ttl>,
    /// The services that it belongs to; replace the old ones where given.
    pub services: Vec<ServiceUrl>,
    /// The user name that goes with it there; replaces the old one where given.
    pub user: Option<ServiceUser>,
    /// Sent there as a bearer token. A user name that is given takes that back.
    pub bearer: bool,
    /// It is no secret: it is not masked. One that was marked so stays so.
    pub not_secret: bool,
}

/// Says which policies give nothing to a new secret, because they are not approved.
pub(crate) fn note_unapproved(tx: &Transaction<'_>) {
    let policies: Vec<_> = tx.opened().rules.unapproved().cloned().collect();
    if !policies.is_empty() {
        tx.ctx().front.note(&Note::Unapproved { policies });
    }
}

/// Whether the secret has this value already, as far as the caller can open it. Asked only where
/// somebody who may not read it any more could: the same value again would be no remedy.
fn is_same_value(tx: &mut Transaction<'_>, name: &SecretName, value: &SecretBytes) -> bool {
    let Ok(sealed) = tx.locked().secret(name) else { return false };
    let opened = tx.reopen(Op::ROTATE, std::slice::from_ref(&sealed));
    opened.is_ok_and(|values| values.iter().all(|(_, old)| old == value))
}

/// A new value of a secret.
pub(crate) struct NewValue<'v> {
    pub(crate) value: &'v SecretBytes,
    /// What it was encrypted to before the lock was taken.
    pub(crate) preencrypted: Option<Preencrypted>,
}

/// Encrypts the value to its readers and stages both files; returns the new version.
pub(crate) fn new_record(
    tx: &mut Transaction<'_>,
    name: &SecretName,
    old: Option<Record>,
    value: NewValue<'_>,
    options: StoreOptions,
) -> Result<u64> {
    let NewValue { value, preencrypted } = value;
    let opened = tx.opened();
    let readers = match &old {
        // Nobody comes in by that; whoever may not read it any more goes.
        Some(old) => kept_readers(opened, old, name),
        None => opened.rules.readers(name),
    };
    let left = old.as_ref().map(|old| withheld(tx, name, old, &readers)).unwrap_or_default();
    let is_due =
        |old: &&Record| !old.exposed_to.is_empty() || old.leaked.is_some() || !left.is_empty();
    let kept = old.as_ref().filter(is_due).filter(|_| is_same_value(tx, name, value));
    let leaked = kept.and_then(|old| old.leaked);
    let exposed_to = kept.map(|old| exposed(old, &readers)).unwrap_or_default();
    if !exposed_to.is_empty() {
        tx.ctx().front.note(&Note::StillExposed { name: name.clone(), to: exposed_to.clone() });
    }
    let live = tx.live()?;
    let before = match preencrypted {
        Some(preencrypted) => preencrypted.still(opened, &live, name, readers.clone())?,
        None => None,
    };
    let (readers, sealed) = match before {
        Some(before) => before,
        None => encrypt_to(opened, &live, name, readers, value)?,
    };
    let now = tx.at();
    let (user, bearer) = match (options.user, options.bearer) {
        (None, false) => (
            old.as_ref().and_then(|old| old.user.clone()),
            old.as_ref().is_some_and(|old| old.bearer),
        ),
        given => given,
    };
    let not_secret = options.not_secret || old.as_ref().is_some_and(|old| old.not_secret);
    let record = Record {
        version: old.as_ref().map_or(1, |old| old.version + 1),
        created: old.as_ref().map_or(now, |old| old.created),
        changed: old.as_ref().map_or(now, |old| old.time_after(now)),
        author: tx.caller().name.clone(),
        description: options
            .description
            .or_else(|| old.as_ref().map(|old| old.description.clone()))
            .unwrap_or_default(),
        tags: match old.as_ref() {
            Some(old) if options.tags.is_empty() => old.tags.clone(),
            _ => options.tags,
        },
        rotate_every: options.rotate_every.or(old.as_ref().and_then(|old| old.rotate_every)),
        services: match old {
            Some(old) if options.services.is_empty() => old.services,
            _ => options.services,
        },
        user,
        bearer,
        not_secret,
        exposed_to,
        leaked,
        readers,
        digest: Digest::of(&sealed),
    };
    Ok(tx.write_secret(name, sealed, record))
}
