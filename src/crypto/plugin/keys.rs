//! The keys of an identity that plugins keep, and what was learned by asking them.
//!
//! A plugin may want a touch for each file, and a touch a command is what people put up with. So the key of
//! each file that was opened, or written, is remembered on this machine, encrypted to an identity that is
//! derived from the member's signing key: which lies in the vault, encrypted to the plugin. The first
//! question of a command opens the signing key, and only what is new is asked about after it.
//!
//! Nobody without that key can write such a list: the signing key is the one whose public half an admin
//! signed. Nothing in it is believed: a key that is not its file's fails at the header's mac.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use age_core::format::Stanza;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::Plugins;
use super::error::{PluginError, PluginFault};
use super::recipient::name_in;
use super::root::Root;
use super::stanzas::{digest_of, stanzas_of};
use crate::crypto::digest::Digest;
use crate::crypto::encrypt::{decrypt_up_to, encrypt_up_to};
use crate::crypto::error::CryptoError;
use crate::crypto::file_key::{FileKey, decrypt_with_key, is_key_of};
use crate::crypto::identity::Identity;
use crate::crypto::keys::{Purpose, random};
use crate::crypto::recipient::Recipient;
use crate::name::PluginName;
use crate::secret::SecretBytes;

/// How the keys of plugins begin.
pub(in crate::crypto) const START: &str = "AGE-PLUGIN-";
/// So many keys of files are remembered, the latest.
const MOST_KEYS: usize = 20_000;
/// A line of the list: 64 hex digits, a space, 24 characters of base64, a newline.
const MAX_LINE: usize = 90;
const MAX_LIST: usize = MOST_KEYS * MAX_LINE;

/// One key.
struct PluginKey {
    name: PluginName,
    /// `AGE-PLUGIN-NAME-1…`.
    text: SecretBytes,
}

/// The keys of one identity, and what they opened.
pub(in crate::crypto) struct PluginKeys {
    keys: Vec<PluginKey>,
    /// Their public halves, in the same order.
    recipients: Vec<Recipient>,
    plugins: OnceLock<Arc<dyn Plugins>>,
    learned: Mutex<Learned>,
}

/// What was learned, by the digest of each file's header.
#[derive(Default)]
struct Learned {
    keys: BTreeMap<Digest, FileKey>,
    /// Files that are not for this identity.
    others: BTreeSet<Digest>,
    /// All of them, oldest first.
    order: Vec<Digest>,
    /// Whether what is remembered was read.
    is_read: bool,
    /// What is remembered under.
    root: Option<Arc<Root>>,
    /// What the list is encrypted to.
    own: Option<Box<Identity>>,
    /// Whether something is in it that is not remembered yet.
    is_new: bool,
    /// Why the signing key did not open when nobody could be told.
    failed: Option<CryptoError>,
}

impl Learned {
    /// Takes the key of a file, or that it is not for this identity.
    fn take(&mut self, digest: Digest, key: Option<FileKey>) {
        if !self.keys.contains_key(&digest) && !self.others.contains(&digest) {
            self.order.push(digest);
        }
        self.is_new |= match key {
            Some(key) => self.keys.insert(digest, key.clone()) != Some(key),
            None => self.others.insert(digest),
        };
    }

    /// The key of a file, if it is that.
    fn key_of(&self, file: &[u8], digest: &Digest) -> Option<&FileKey> {
        self.keys.get(digest).filter(|key| is_key_of(key, file))
    }

    /// Whether nobody has to be asked about a file.
    fn settles(&self, one: &Wanted<'_>) -> bool {
        self.others.contains(&one.digest) || self.key_of(one.file, &one.digest).is_some()
    }
}

/// A file whose key is wanted.
struct Wanted<'f> {
    file: &'f [u8],
    digest: Digest,
}

impl PluginKeys {
    pub(in crate::crypto) fn new() -> Self {
        Self {
            keys: Vec::new(),
            recipients: Vec::new(),
            plugins: OnceLock::new(),
            learned: Mutex::default(),
        }
    }

    /// The plugin of a key `AGE-PLUGIN-NAME-1…`; `None` where it is mistyped.
    pub(in crate::crypto) fn name_of(text: &str) -> Option<PluginName> {
        name_in(text, "age-plugin-", "-")
    }

    /// Adds a key and its public half.
    pub(in crate::crypto) fn add(&mut self, name: PluginName, text: &str, recipient: Recipient) {
        self.keys.push(PluginKey { name, text: SecretBytes::from(text.to_owned()) });
        self.recipients.push(recipient);
    }

    pub(in crate::crypto) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Has the plugins started by `plugins`, unless somebody has said so before.
    pub(in crate::crypto) fn use_plugins(&self, plugins: &Arc<dyn Plugins>) {
        let _ = self.plugins.set(Arc::clone(plugins));
        self.recipients.iter().for_each(|one| one.use_plugins(plugins));
    }

    /// The key of a file.
    ///
    /// # Errors
    /// [`CryptoError::NotAReader`]; the file is damaged; the plugin is not to be had, or fails.
    pub(in crate::crypto) fn key_of(&self, file: &[u8]) -> Result<FileKey, CryptoError> {
        let digest = digest_of(file)?;
        let known = || self.lock().key_of(file, &digest).cloned();
        if let Some(key) = known() {
            return Ok(key);
        }
        self.learn(&[file])?;
        known().ok_or(CryptoError::NotAReader)
    }

    /// Has the plugins show that the keys open what is encrypted to the recipients that the comments say.
    ///
    /// # Errors
    /// [`CryptoError::PluginOfAnother`]; the plugin is not to be had, or fails.
    pub(in crate::crypto) fn prove(&self) -> Result<(), CryptoError> {
        let plugins = self.plugins()?;
        for (key, recipient) in self.keys.iter().zip(&self.recipients) {
            let Some(public) = recipient.as_plugin() else { continue };
            let sealed = FileKey::from_bytes(&*random::<16>()).ok_or(CryptoError::NotAReader)?;
            let failed = |source| CryptoError::plugin_recipient(&recipient.to_string(), source);
            let (stanzas, _) = public.wrap(&sealed).map_err(failed)?;
            let texts = std::slice::from_ref(&key.text);
            let opened = plugins.unwrap(&key.name, texts, &[stanzas])?;
            if opened.into_iter().flatten().all(|opened| opened != sealed) {
                return Err(CryptoError::PluginOfAnother { plugin: key.name.clone() });
            }
        }
        Ok(())
    }

    /// Remembers from now on under this signing key.
    pub(in crate::crypto) fn remember_under(&self, root: Arc<Root>) {
        let mut learned = self.lock();
        if learned.root.as_ref() != Some(&root) {
            (learned.root, learned.own, learned.is_read) = (Some(root), None, false);
        }
    }

    /// Derives a key from what is derived from the signing key, which is opened for it. `None` where there
    /// is none; why it does not open is told to whoever wants a file's key next, and nobody is asked twice.
    pub(in crate::crypto) fn derive(
        &self,
        vault: &str,
        purpose: Purpose,
    ) -> Option<Zeroizing<[u8; 32]>> {
        let mut learned = self.lock();
        let plugins = self.plugins.get()?;
        if let Err(error) = self.recall(plugins.as_ref(), &mut learned) {
            learned.failed = Some(error);
        }
        learned.own.as_ref()?.derive(vault, purpose)
    }

    /// Learns the keys of files, as far as they are whole and for this identity, with as few questions as
    /// can be.
    ///
    /// # Errors
    /// The plugin is not to be had, or fails.
    pub(in crate::crypto) fn learn(&self, files: &[&[u8]]) -> Result<(), CryptoError> {
        let mut learned = self.lock();
        // What is damaged is told by whoever opens it.
        let mut wanted: Vec<Wanted<'_>> = files
            .iter()
            .filter_map(|file| Some(Wanted { file, digest: digest_of(file).ok()? }))
            .collect();
        wanted.sort_by_key(|one| one.digest);
        wanted.dedup_by_key(|one| one.digest);
        wanted.retain(|one| !learned.settles(one));
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(error) = learned.failed.take() {
            return Err(error);
        }
        let plugins = self.plugins()?;
        self.recall(plugins.as_ref(), &mut learned)?;
        wanted.retain(|one| !learned.settles(one));
        self.ask(plugins.as_ref(), &mut learned, wanted)?;
        if learned.is_new {
            Self::remember(plugins.as_ref(), &mut learned);
        }
        Ok(())
    }

    /// Asks the plugins, one after the other, about what the ones before did not open.
    fn ask(
        &self,
        plugins: &dyn Plugins,
        learned: &mut Learned,
        mut wanted: Vec<Wanted<'_>>,
    ) -> Result<(), CryptoError> {
        let names: BTreeSet<&PluginName> = self.keys.iter().map(|key| &key.name).collect();
        for name in names {
            if wanted.is_empty() {
                break;
            }
            let of_its = self.keys.iter().filter(|key| key.name == *name);
            let texts: Vec<SecretBytes> = of_its.map(|key| key.text.clone()).collect();
            let stanzas: Vec<Vec<Stanza>> = wanted.iter().map(|one| stanzas_of(one.file)).collect();
            let keys = plugins.unwrap(name, &texts, &stanzas)?;
            let mut left = Vec::new();
            for (one, key) in wanted.into_iter().zip(keys) {
                match key {
                    Some(key) if !is_key_of(&key, one.file) => {
                        let fault = PluginFault::WrongKey;
                        return Err(PluginError { name: name.clone(), fault }.into());
                    }
                    Some(key) => {
                        // For the same identity, where a command reads it twice.
                        let own = self.recipients.first().map(ToString::to_string);
                        plugins.know(&own.unwrap_or_default(), one.digest, &key);
                        learned.take(one.digest, Some(key));
                    }
                    None => left.push(one),
                }
            }
            wanted = left;
        }
        wanted.into_iter().for_each(|one| learned.take(one.digest, None));
        Ok(())
    }

    /// Takes what is known by now; the first time it opens the signing key, where the member has one, and
    /// what is remembered under it.
    fn recall(&self, plugins: &dyn Plugins, learned: &mut Learned) -> Result<(), CryptoError> {
        self.take_known(plugins, learned);
        if std::mem::replace(&mut learned.is_read, true) {
            return Ok(());
        }
        let Some(root) = learned.root.clone() else { return Ok(()) };
        let Ok(digest) = digest_of(&root.sealed) else { return Ok(()) };
        if !learned.keys.contains_key(&digest) {
            let wanted = Wanted { file: &root.sealed, digest };
            if let Err(error) = self.ask(plugins, learned, vec![wanted]) {
                // As before it was asked: a key that is not plugged in yet is asked for again.
                learned.is_read = false;
                return Err(error);
            }
        }
        let Some(key) = learned.keys.get(&digest) else { return Ok(()) };
        let Some(identity) =
            decrypt_with_key(&root.sealed, key).ok().and_then(|seed| root.own(&seed))
        else {
            return Ok(());
        };
        let list = plugins.kept(&root.place());
        let list = list.and_then(|list| decrypt_up_to(MAX_LIST, &list, &identity).ok());
        let was_new = learned.is_new;
        for line in list.iter().filter_map(SecretBytes::expose_str).flat_map(str::lines) {
            if let Some((digest, key)) = entry(line) {
                learned.take(digest, key);
            }
        }
        learned.is_new = was_new;
        learned.own = Some(Box::new(identity));
        Ok(())
    }

    /// Keeps what was learned; where that fails it is asked for again.
    fn remember(plugins: &dyn Plugins, learned: &mut Learned) {
        let (Some(root), Some(own)) = (&learned.root, &learned.own) else { return };
        let order = &mut learned.order;
        order.drain(..order.len().saturating_sub(MOST_KEYS));
        // Sized for all of it: growing would leave copies behind.
        let mut list = Vec::with_capacity(order.len() * MAX_LINE);
        for digest in order.iter() {
            list.extend_from_slice(digest.hex().as_bytes());
            list.push(b' ');
            match learned.keys.get(digest) {
                Some(key) => {
                    let base64 = Zeroizing::new(BASE64.encode(key.expose()));
                    list.extend_from_slice(base64.as_bytes());
                }
                None => list.push(b'-'),
            }
            list.push(b'\n');
        }
        let list = SecretBytes::new(list);
        if let Ok(sealed) = encrypt_up_to(MAX_LIST, list.expose(), own.recipients()) {
            plugins.keep(&root.place(), &sealed);
            learned.is_new = false;
        }
    }

    /// Takes the keys of files that were written for this identity, or opened by another copy of it: nobody
    /// has to be asked for them.
    fn take_known(&self, plugins: &dyn Plugins, learned: &mut Learned) {
        for recipient in &self.recipients {
            for (digest, key) in plugins.known(&recipient.to_string()) {
                learned.take(digest, Some(key));
            }
        }
    }

    fn plugins(&self) -> Result<&Arc<dyn Plugins>, CryptoError> {
        let Some(first) = self.keys.first() else { return Err(CryptoError::NotAReader) };
        let none = || PluginFault::NotStarted { reason: "this program starts none".to_owned() };
        let refused = || PluginError { name: first.name.clone(), fault: none() };
        Ok(self.plugins.get().ok_or_else(refused)?)
    }

    fn lock(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PluginKeys {
    /// Keeps what the command wrote.
    fn drop(&mut self) {
        let Some(plugins) = self.plugins.get().cloned() else { return };
        let mut learned = std::mem::take(&mut *self.lock());
        self.take_known(plugins.as_ref(), &mut learned);
        if learned.is_new {
            Self::remember(plugins.as_ref(), &mut learned);
        }
    }
}

fn entry(line: &str) -> Option<(Digest, Option<FileKey>)> {
    let (digest, key) = line.split_once(' ')?;
    if key == "-" {
        return Some((Digest::from_hex(digest)?, None));
    }
    let key = SecretBytes::new(BASE64.decode(key.as_bytes()).ok()?);
    Some((Digest::from_hex(digest)?, Some(FileKey::from_bytes(key.expose())?)))
}
