//! age plugins: recipients and identities whose keys a program of somebody else's keeps, such as in a
//! hardware token.
//!
//! Here is the protocol (<https://c2sp.org/age-plugin>) and what is learned by it. Which program may be
//! started, and starting it, is for whoever implements [`Plugins`]; without one, and for a recipient
//! that nobody accepted, nothing is started. What is written to a pipe, how long is waited and who is
//! asked, is theirs too.
//!
//! The age crate has a client of its own. It starts one process a file, looks the program up in the
//! working directory where `PATH` has an empty entry, waits for ever, and never reaps its children
//! (age 0.12.1).

mod error;
mod keys;
mod recipient;
mod root;
mod stanzas;
mod talk;
mod wire;

use age_core::format::Stanza;

use super::digest::Digest;
use super::file_key::FileKey;
use crate::name::PluginName;
use crate::secret::SecretBytes;

pub(crate) use error::{PluginError, PluginFault};
pub(super) use keys::{PluginKeys, START};
pub(super) use recipient::PluginRecipient;
pub(crate) use root::Root;
pub(crate) use talk::{Asked, unwrap, wrap};
pub(crate) use wire::Wire;

/// Starts plugins, where that is allowed, and keeps what they are not to be asked again.
pub(crate) trait Plugins: Send + Sync {
    /// Has the files' keys unwrapped by one process; `None` for those that are not for `identities`.
    ///
    /// # Errors
    /// The plugin is not to be had, or fails.
    fn unwrap(
        &self,
        name: &PluginName,
        identities: &[SecretBytes],
        files: &[Vec<Stanza>],
    ) -> Result<Vec<Option<FileKey>>, PluginError>;

    /// Has a file's key wrapped for `recipient`.
    ///
    /// # Errors
    /// The plugin is not to be had, or fails.
    fn wrap(
        &self,
        name: &PluginName,
        recipient: &str,
        key: &FileKey,
    ) -> Result<(Vec<Stanza>, Vec<String>), PluginError>;

    /// Whether the plugin may be started and is there; where a person has to say so, they are asked if it
    /// `asks`.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self, name: &PluginName, asks: bool) -> Result<(), PluginError>;

    /// Learns the key of a file that is for `recipient`, by the digest of its header, for as long as the
    /// command lasts.
    fn know(&self, recipient: &str, header: Digest, key: &FileKey);

    /// What was learned so of `recipient`.
    fn known(&self, recipient: &str) -> Vec<(Digest, FileKey)>;

    /// What was kept under this name on this machine.
    fn kept(&self, name: &str) -> Option<Vec<u8>>;

    /// Keeps something under this name; where that fails it is not there next time.
    fn keep(&self, name: &str, bytes: &[u8]);
}
