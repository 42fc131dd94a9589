//! A member's signing key, as what the memory of their plugins hangs on.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypto::armor::dearmor;
use crate::crypto::digest::Digest;
use crate::crypto::identity::Identity;
use crate::crypto::keys::{Purpose, derive};
use crate::crypto::sign::{SigningKey, VerifyKey};
use crate::secret::SecretBytes;

/// A member's signing key, under which is remembered what was opened.
#[derive(PartialEq, Eq)]
pub(crate) struct Root {
    /// The age file that holds it.
    pub(super) sealed: Vec<u8>,
    /// Its public half, as an admin signed it.
    verify: VerifyKey,
}

impl Root {
    /// Takes the armored `signing` of a member, and its public half; `None` where that is no age file.
    pub(crate) fn new(signing: &str, verify: VerifyKey) -> Option<Arc<Self>> {
        let sealed = dearmor(signing.as_bytes()).ok()?;
        Some(Arc::new(Self { sealed, verify }))
    }

    /// The identity that is derived from the signing key, if this is the one.
    pub(super) fn own(&self, seed: &SecretBytes) -> Option<Identity> {
        SigningKey::from_seed(seed).filter(|key| key.verify_key() == self.verify)?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(seed.expose().try_into().ok()?);
        Identity::from_seed(&derive(&secret, "", Purpose::PluginKeys)).ok()
    }

    /// The file in which is remembered what was opened.
    pub(super) fn place(&self) -> String {
        let mut hex = Digest::of(self.verify.to_string().as_bytes()).hex();
        hex.truncate(32);
        format!("{hex}.keys")
    }
}
