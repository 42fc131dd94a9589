//! The keys of audit chains, as far as whoever verifies opens them.

use std::sync::Arc;

use super::location::MAX_KEY;
use super::trail::ChainCopies;
use super::verify::session_of;
use crate::access::{Bearer, Caller};
use crate::audit::Actor;
use crate::crypto::decrypt;
use crate::crypto::keys::ChainKey;
use crate::fs;
use crate::service::base::Result;

/// Who opens chain keys.
pub(super) struct Keys {
    pub(super) caller: Option<Caller>,
    pub(super) bearer: Option<Arc<Bearer>>,
}

impl Keys {
    /// Has plugins, where the identity needs some, asked about all chains' keys at once.
    ///
    /// # Errors
    /// A plugin is not to be had, or fails.
    pub(super) fn prepare(&self, places: &[ChainCopies]) -> Result<()> {
        let Some(caller) = self.caller.as_ref().filter(|one| one.identity.has_plugins()) else {
            return Ok(());
        };
        let files = places.iter().flat_map(ChainCopies::keys);
        let read = |file: std::path::PathBuf| fs::read_plain(&file, MAX_KEY).ok()?;
        let sealed: Vec<Vec<u8>> = files.filter_map(read).collect();
        Ok(caller.identity.prepare(sealed.iter().map(Vec::as_slice))?)
    }

    /// A chain's key; `None` where it cannot be had here.
    pub(super) fn of(&self, place: &ChainCopies) -> Option<ChainKey> {
        if let Some(bearer) = &self.bearer {
            let own = session_of(&place.chain).is_some_and(|id| id == *bearer.id());
            return own.then(|| bearer.chain_key().clone());
        }
        let identity = &self.caller.as_ref()?.identity;
        place.keys().iter().find_map(|file| {
            let sealed = fs::read_plain(file, MAX_KEY).ok()??;
            ChainKey::from_secret(&decrypt(&sealed, identity).ok()?)
        })
    }

    /// Whether the key that is published, if one is, is this one.
    pub(super) fn is_published(&self, key: &ChainKey, place: &ChainCopies) -> bool {
        let Some((file, caller)) = place.keys().pop().zip(self.caller.as_ref()) else {
            return true;
        };
        match fs::read_plain(&file, MAX_KEY) {
            Ok(None) => true,
            Ok(Some(sealed)) => decrypt(&sealed, &caller.identity).is_ok_and(|published| {
                let published = ChainKey::from_secret(&published);
                published.is_some_and(|published| published.commitment() == key.commitment())
            }),
            Err(_) => false,
        }
    }

    /// Whether the key of this chain is encrypted to the caller, who writes it.
    pub(super) fn must_have(&self, place: &ChainCopies) -> bool {
        let writes = |caller: &Caller| place.chain.belongs_to(&Actor::member(&caller.name));
        self.bearer.is_none() && self.caller.as_ref().is_some_and(writes)
    }
}
