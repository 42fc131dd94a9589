//! The age plugins that a vault accepts, and what starts them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::vault::Vault;
use crate::crypto::plugin::{PluginError, PluginFault, Plugins};
use crate::crypto::{CryptoError, Recipient};
use crate::name::PluginName;

/// What starts age plugins, once somebody has said.
#[derive(Default)]
pub(super) struct StartPlugins(OnceLock<Arc<dyn Plugins>>);

impl fmt::Debug for StartPlugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartPlugins")
    }
}

impl Vault {
    /// Has the plugins that the settings accept started by `plugins`, unless somebody has said so before.
    pub(crate) fn use_plugins(&self, plugins: Arc<dyn Plugins>) {
        let _ = self.plugins.0.set(plugins);
    }

    /// Reads a recipient of a member; one of a plugin can be encrypted to where the settings accept it.
    ///
    /// # Errors
    /// As [`Recipient::parse`].
    pub(crate) fn recipient(&self, text: &str) -> Result<Recipient, CryptoError> {
        let recipient = Recipient::parse(text)?;
        if let Some(plugins) = self.plugins.0.get()
            && self.accepts(&recipient).is_ok()
        {
            recipient.use_plugins(plugins);
        }
        Ok(recipient)
    }

    /// Whether members may have this recipient.
    ///
    /// # Errors
    /// It needs a plugin that the settings do not accept.
    pub(crate) fn accepts(&self, recipient: &Recipient) -> Result<(), PluginError> {
        match recipient.plugin().filter(|name| !self.config().plugins.contains(name)) {
            Some(name) => {
                let accepted = self.config().plugins.iter().chain([name]);
                let all = accepted.map(PluginName::as_str).collect::<Vec<_>>().join(",");
                Err(PluginError {
                    name: name.clone(),
                    fault: PluginFault::NotAccepted { all: Some(all) },
                })
            }
            None => Ok(()),
        }
    }
}
