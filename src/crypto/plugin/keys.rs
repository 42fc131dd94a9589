//! The keys of an identity that plugins keep, and what was learned by asking them.
//!
//! A plugin may want a touch for each file, and a touch a command is what people put up with. So the
//! key of each file that was ever opened is remembered on this machine, encrypted to a *box*: an age
//! identity of its own, which lies beside it encrypted to the plugin. The first question of a command opens the
//! box, and only what is new is asked about after it. Nothing there is believed: a key that is not its
//! file's fails at the header's mac.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use age_core::format::Stanza;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::Plugins;
use super::error::{PluginError, PluginFault};
use super::recipient::name_in;
use crate::crypto::digest::Digest;
use crate::crypto::encrypt::{decrypt_up_to, encrypt, encrypt_up_to};
use crate::crypto::error::CryptoError;
use crate::crypto::file_key::{FileKey, decrypt_with_key, is_key_of};
use crate::crypto::header::scan;
use crate::crypto::identity::Identity;
use crate::crypto::keys::Purpose;
use crate::crypto::recipient::Recipient;
use crate::name::PluginName;
use crate::secret::SecretBytes;

/// How the keys of plugins begin.
pub(in crate::crypto) const START: &str = "AGE-PLUGIN-";
/// So many keys of files are remembered, the latest.
const MOST_KEYS: usize = 20_000;
/// Largest list of them: a line has 64 hex digits, a space, 24 of base64 and a newline.
const MAX_LIST: usize = MOST_KEYS * 90;

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
    /// What was remembered, oldest first; `None` until it is asked for.
    order: Option<Vec<Digest>>,
    boxed: Option<Box<Identity>>,
    /// Why the box did not open when nobody could be told.
    failed: Option<CryptoError>,
}

/// A file whose key is wanted.
struct Wanted<'f> {
    file: &'f [u8],
    digest: Digest,
    stanzas: Vec<Stanza>,
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
        self.learn(&[file])?;
        let digest = digest_of(file)?;
        self.lock().keys.get(&digest).cloned().ok_or(CryptoError::NotAReader)
    }

    /// Derives a key from that of the box, which is opened for it. `None` where there is none yet; why it
    /// does not open is told to whoever wants a file's key next, and nobody is asked twice.
    pub(in crate::crypto) fn derive(
        &self,
        vault: &str,
        purpose: Purpose,
    ) -> Option<Zeroizing<[u8; 32]>> {
        let mut learned = self.lock();
        if learned.order.is_none() {
            let plugins = self.plugins.get()?;
            if let Err(error) = self.recall(plugins.as_ref(), &mut learned) {
                learned.failed = Some(error);
            }
        }
        learned.boxed.as_ref()?.derive(vault, purpose)
    }

    /// Learns the keys of files, as far as they are whole and for this identity, with as few questions as
    /// can be.
    ///
    /// # Errors
    /// The plugin is not to be had, or fails.
    pub(in crate::crypto) fn learn(&self, files: &[&[u8]]) -> Result<(), CryptoError> {
        let mut learned = self.lock();
        let mut wanted = Vec::new();
        for &file in files {
            // What is damaged is told by whoever opens it.
            let Ok(digest) = digest_of(file) else { continue };
            let is_known = learned.keys.contains_key(&digest) || learned.others.contains(&digest);
            if !is_known && wanted.iter().all(|one: &Wanted<'_>| one.digest != digest) {
                wanted.push(Wanted { file, digest, stanzas: stanzas_of(file) });
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(error) = learned.failed.take() {
            return Err(error);
        }
        let plugins = self.plugins()?;
        if learned.order.is_none() {
            self.recall(plugins.as_ref(), &mut learned)?;
            wanted.retain(|one| {
                let key = learned.keys.get(&one.digest);
                let is_its = key.is_some_and(|key| is_key_of(key, one.file));
                if !is_its {
                    learned.keys.remove(&one.digest);
                }
                !is_its
            });
        }
        let known = learned.keys.len();
        self.ask(plugins.as_ref(), &mut learned, wanted)?;
        if learned.keys.len() > known {
            self.remember(plugins.as_ref(), &mut learned);
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
            let stanzas: Vec<Vec<Stanza>> =
                wanted.iter_mut().map(|one| std::mem::take(&mut one.stanzas)).collect();
            let keys = plugins.unwrap(name, &texts, &stanzas)?;
            let mut left = Vec::new();
            for ((mut one, stanzas), key) in wanted.into_iter().zip(stanzas).zip(keys) {
                match key {
                    Some(key) if !is_key_of(&key, one.file) => {
                        let fault = PluginFault::WrongKey;
                        return Err(PluginError { name: name.clone(), fault }.into());
                    }
                    Some(key) => {
                        learned.order.get_or_insert_default().push(one.digest);
                        learned.keys.insert(one.digest, key);
                    }
                    None => {
                        one.stanzas = stanzas;
                        left.push(one);
                    }
                }
            }
            wanted = left;
        }
        learned.others.extend(wanted.into_iter().map(|one| one.digest));
        Ok(())
    }

    /// Opens the box, where there is one, and takes what is in it.
    fn recall(&self, plugins: &dyn Plugins, learned: &mut Learned) -> Result<(), CryptoError> {
        learned.order = Some(Vec::new());
        let (Some(sealed), Some(list)) =
            (plugins.kept(&self.place("box")), plugins.kept(&self.place("keys")))
        else {
            return Ok(());
        };
        let Ok(digest) = digest_of(&sealed) else { return Ok(()) };
        let stanzas = stanzas_of(&sealed);
        let wanted = Wanted { file: &sealed, digest, stanzas };
        let mut opened = Learned::default();
        if let Err(error) = self.ask(plugins, &mut opened, vec![wanted]) {
            // As before it was asked: a key that is not plugged in yet is asked for again.
            learned.order = None;
            return Err(error);
        }
        // Somebody else's box, or a damaged one: it is made anew.
        let Some(key) = opened.keys.get(&digest) else { return Ok(()) };
        let identity = decrypt_with_key(&sealed, key)
            .and_then(|text| Identity::parse(text.expose(), &|| None));
        let Ok(identity) = identity else { return Ok(()) };
        if let Ok(list) = decrypt_up_to(MAX_LIST, &list, &identity) {
            for (digest, key) in list.expose_str().unwrap_or_default().lines().filter_map(entry) {
                learned.order.get_or_insert_default().push(digest);
                learned.keys.insert(digest, key);
            }
        }
        learned.boxed = Some(Box::new(identity));
        Ok(())
    }

    /// Puts what was learned into the box; where that fails it is asked for again.
    fn remember(&self, plugins: &dyn Plugins, learned: &mut Learned) {
        if learned.boxed.is_none() {
            let (identity, text) = Identity::generate("");
            let own = self.recipients.get(..1).unwrap_or_default();
            let Ok(sealed) = encrypt(text.expose(), own) else { return };
            plugins.keep(&self.place("box"), &sealed);
            learned.boxed = Some(Box::new(identity));
        }
        let order = learned.order.get_or_insert_default();
        order.drain(..order.len().saturating_sub(MOST_KEYS));
        let mut list = Vec::with_capacity(order.len() * 90);
        for digest in order.iter() {
            if let Some(key) = learned.keys.get(digest) {
                list.extend_from_slice(digest.hex().as_bytes());
                list.push(b' ');
                list.extend_from_slice(BASE64.encode(key.expose()).as_bytes());
                list.push(b'\n');
            }
        }
        let list = SecretBytes::new(list);
        let to = learned.boxed.as_deref().map(Identity::recipients).unwrap_or_default();
        if let Ok(sealed) = encrypt_up_to(MAX_LIST, list.expose(), to) {
            plugins.keep(&self.place("keys"), &sealed);
        }
    }

    /// The file of this identity that ends so.
    fn place(&self, ending: &str) -> String {
        let recipient = self.recipients.first().map(ToString::to_string).unwrap_or_default();
        let mut hex = Digest::of(recipient.as_bytes()).hex();
        hex.truncate(32);
        format!("{hex}.{ending}")
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

fn entry(line: &str) -> Option<(Digest, FileKey)> {
    let (digest, key) = line.split_once(' ')?;
    let key = SecretBytes::new(BASE64.decode(key.as_bytes()).ok()?);
    Some((Digest::from_hex(digest)?, FileKey::from_bytes(key.expose())?))
}

/// The digest of a file's header.
fn digest_of(file: &[u8]) -> Result<Digest, CryptoError> {
    let header = scan(file)?;
    Ok(Digest::of(&file[..header.payload_offset]))
}

/// The stanzas of a header that passed [`scan`], as the age crate reads them.
fn stanzas_of(file: &[u8]) -> Vec<Stanza> {
    /// An identity that looks, and opens nothing.
    struct Looker(Mutex<Vec<Stanza>>);

    impl age::Identity for Looker {
        fn unwrap_stanza(
            &self,
            _: &Stanza,
        ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
            None
        }

        fn unwrap_stanzas(
            &self,
            stanzas: &[Stanza],
        ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
            let copy = |one: &Stanza| Stanza {
                tag: one.tag.clone(),
                args: one.args.clone(),
                body: one.body.clone(),
            };
            if let Ok(mut seen) = self.0.lock() {
                *seen = stanzas.iter().map(copy).collect();
            }
            None
        }
    }

    let looker = Looker(Mutex::default());
    if let Ok(decryptor) = age::Decryptor::new_buffered(file) {
        let _ = decryptor.decrypt(std::iter::once(&looker as &dyn age::Identity));
    }
    looker.0.into_inner().unwrap_or_else(PoisonError::into_inner)
}
