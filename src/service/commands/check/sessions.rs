//! The grants of sessions: each file is the one that was signed, or opens to it.

use super::{Finding, Severity};
use crate::access::Caller;
use crate::crypto::decrypt;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::fs::{GrantPlace, VaultPath};
use crate::service::audit::MAX_KEY;
use crate::service::base::{Result, Snapshot};
use crate::service::session::signed_by_retired_key;
use crate::session::MAX_SEALED_KEYS;
use crate::store::{Grant, Signed};

/// What is wrong with the grants; with an identity the keys of their chains are opened too.
pub(super) fn sessions(opened: &Snapshot, caller: Option<&Caller>) -> Result<Vec<Finding>> {
    let key = opened.rules.creator_key();
    let mut found = Vec::new();
    for place in opened.vault.sessions()? {
        match opened.vault.grant(&place, &key) {
            Ok(Some(grant)) => found.extend(parts(opened, &place, &grant, caller)),
            // One that was revoked here is no session, whoever puts it back.
            Ok(None) if opened.vault.is_revoked(&place) => {}
            Ok(None) => found.push(damage(&place.grant(), &"it is missing")),
            Err(_) if signed_by_retired_key(opened, &place).is_some() => {
                let message = "it has ended: who made it signs with another key";
                let mend = format!("run 'authy session revoke {}'", place.id);
                found.push(
                    Finding::new(Severity::Warning, &place.grant(), &message).mend(Some(mend)),
                );
            }
            Err(error) => found.push(damage(&place.grant(), &error)),
        }
    }
    Ok(found)
}

/// What is wrong with the two files beside a grant that is as it was signed.
fn parts(
    opened: &Snapshot,
    place: &GrantPlace,
    grant: &Signed<Grant>,
    caller: Option<&Caller>,
) -> Vec<Finding> {
    let read = |path: &VaultPath, limit| match opened.vault.grant_file(path, limit) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(damage(path, &"it is missing")),
        Err(error) => Err(damage(path, &error)),
    };
    let keys = read(&place.keys(), MAX_SEALED_KEYS).and_then(|bytes| {
        let is_signed = Digest::of(&bytes) == grant.keys;
        is_signed.then_some(()).ok_or_else(|| damage(&place.keys(), &"it is not what was signed"))
    });
    let chain = read(&place.chain_key(), MAX_KEY).and_then(|sealed| {
        // Sealed to whoever made the session, and to the admins of that time.
        let Some(caller) = caller else { return Ok(()) };
        let opens = match decrypt(&sealed, &caller.identity) {
            Ok(secret) => {
                ChainKey::from_secret(&secret).is_some_and(|key| key.commitment() == grant.chain)
            }
            // With several recipients this may be the identity that came later.
            Err(_) => *grant.by() != caller.name || has_several(opened, caller),
        };
        opens
            .then_some(())
            .ok_or_else(|| damage(&place.chain_key(), &"it does not hold the key that was signed"))
    });
    [keys, chain].into_iter().filter_map(std::result::Result::err).collect()
}

fn has_several(opened: &Snapshot, caller: &Caller) -> bool {
    opened.rules.member(&caller.name).is_some_and(|member| member.recipients.len() > 1)
}

fn damage(path: &VaultPath, message: &impl ToString) -> Finding {
    Finding::new(Severity::Damage, path, message)
        .mend(Some("revoke the session, or bring the file back with git".to_owned()))
}
