//! A recipient whose files a plugin encrypts.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use age_core::format::Stanza;
use age_core::primitives::bech32_decode;

use super::Plugins;
use super::error::{PluginError, PluginFault};
use crate::crypto::digest::Digest;
use crate::crypto::file_key::FileKey;
use crate::crypto::hybrid;
use crate::name::PluginName;

/// `age1NAME1…`: it encrypts once somebody has said who starts its plugin.
pub(in crate::crypto) struct PluginRecipient {
    pub(in crate::crypto) name: PluginName,
    text: String,
    plugins: OnceLock<Arc<dyn Plugins>>,
}

impl PluginRecipient {
    /// Takes `age1NAME1…` in small letters, its checksum verified (BIP 173); `None` for anything else.
    pub(in crate::crypto) fn parse(text: &str) -> Option<Self> {
        let name = name_in(text, "age1", "")?;
        (text == text.to_ascii_lowercase()).then(|| Self {
            name,
            text: text.to_owned(),
            plugins: OnceLock::new(),
        })
    }

    /// Has its plugin started by `plugins`, unless somebody has said so before.
    pub(in crate::crypto) fn use_plugins(&self, plugins: &Arc<dyn Plugins>) {
        let _ = self.plugins.set(Arc::clone(plugins));
    }

    /// Whether it can be encrypted to; a person is asked about the program where it `asks`.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::crypto) fn ready(&self, asks: bool) -> Result<(), PluginError> {
        self.plugins()?.ready(&self.name, asks)
    }

    /// Wraps a file's key.
    ///
    /// # Errors
    /// The plugin is not to be had, or fails.
    pub(in crate::crypto) fn wrap(
        &self,
        key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), PluginError> {
        let (stanzas, labels) = self.plugins()?.wrap(&self.name, &self.text, key)?;
        // Which files are safe from quantum computers is told by the keys that are known to be, and whole
        // teams move over one by one: see `encrypt`.
        Ok((stanzas, labels.into_iter().filter(|label| label != hybrid::LABEL).collect()))
    }

    /// Learns the key of a file that was written for it.
    pub(in crate::crypto) fn wrote(&self, header: Digest, key: &FileKey) {
        if let Some(plugins) = self.plugins.get() {
            plugins.know(&self.text, header, key);
        }
    }

    fn plugins(&self) -> Result<&Arc<dyn Plugins>, PluginError> {
        let fault = || PluginFault::NotAccepted { all: None };
        let refused = || PluginError { name: self.name.clone(), fault: fault() };
        self.plugins.get().ok_or_else(refused)
    }
}

impl fmt::Debug for PluginRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The plugin that a bech32 text names between `before` and `after` in its prefix; the checksum is verified.
pub(super) fn name_in(text: &str, before: &str, after: &str) -> Option<PluginName> {
    let prefix =
        bech32_decode(text, |_| (), |_| Ok(()), |prefix, _| Ok(prefix.to_lowercase())).ok()?;
    let name = prefix.strip_prefix(before)?.strip_suffix(after)?;
    PluginName::parse(name).ok()
}
