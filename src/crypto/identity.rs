//! Identities: the secret keys that open files, from every form in which people keep them.
//!
//! Lines are parsed here rather than by the age crate, whose plugin keys start programs by themselves,
//! and which keeps protected keys in a form that threads cannot share. Errors never quote what an
//! identity holds.

use std::fmt;
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use age_core::primitives::bech32_encode_to_fmt;
use bech32::Hrp;
use zeroize::Zeroizing;

use super::error::{CryptoError, Damage};
use super::file_key::native_key;
use super::keys::{Purpose, derive, identity_secret};
use super::plugin::{self, PluginKeys, Plugins};
use super::recipient::Recipient;
use super::{armor, header, hybrid, passphrase, ssh_key};
use crate::name::PluginName;
use crate::secret::SecretBytes;

/// Characters of an age secret key.
const AGE_SECRET_KEY: usize = 74;
/// Largest identity in bytes.
const MAX_IDENTITY: usize = 64 * 1024;

/// One or more secret keys and their public halves.
pub(crate) struct Identity {
    keys: Vec<Box<dyn age::Identity + Send + Sync>>,
    recipients: Vec<Recipient>,
    /// What its first key derives others from, where that may be done.
    secret: Option<Zeroizing<[u8; 32]>>,
    /// The keys that plugins keep.
    plugins: PluginKeys,
}

impl Identity {
    /// Draws a new key; the bytes are the identity file as `age-keygen` writes it.
    ///
    /// `created` is the time for its comment, in RFC 3339.
    pub(crate) fn generate(created: &str) -> (Self, SecretBytes) {
        let key = age::x25519::Identity::generate();
        let recipient = Recipient::from(key.to_public());
        let secret = key.to_string();
        Self::generated(key, recipient, secret.expose_secret(), created)
    }

    /// As [`Identity::generate`], a key that a quantum computer does not break, as
    /// `age-keygen -pq` writes it.
    pub(crate) fn generate_post_quantum(created: &str) -> (Self, SecretBytes) {
        let key = hybrid::Identity::generate();
        let recipient = Recipient::from(key.to_recipient());
        let secret = key.to_text();
        Self::generated(key, recipient, &secret, created)
    }

    /// Draws a key of either kind.
    pub(crate) fn generate_as(post_quantum: bool, created: &str) -> (Self, SecretBytes) {
        match post_quantum {
            true => Self::generate_post_quantum(created),
            false => Self::generate(created),
        }
    }

    fn generated(
        key: impl age::Identity + Send + Sync + 'static,
        recipient: Recipient,
        secret: &str,
        created: &str,
    ) -> (Self, SecretBytes) {
        let public = recipient.to_string();
        let parts = ["# created: ", created, "\n# public key: ", &public, "\n", secret, "\n"];
        // Sized for all of it: growing would leave copies of the key behind.
        let mut file = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            file.extend_from_slice(part.as_bytes());
        }
        let mut identity = Self::empty();
        identity.add(key, recipient, Some(secret.as_bytes()));
        (identity, SecretBytes::new(file))
    }

    /// Makes the identity whose X25519 secret key is `seed`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidIdentity`], which no 32 bytes cause.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, CryptoError> {
        // The age crate takes a key as text only (bech32, BIP 173).
        let mut text = Zeroizing::new(String::with_capacity(AGE_SECRET_KEY));
        bech32_encode_to_fmt(&mut *text, Hrp::parse_unchecked("age-secret-key-"), seed)
            .map_err(|_| invalid("it has no text form"))?;
        text.make_ascii_uppercase();
        from_lines(&text)
    }

    /// As [`Identity::from_seed`], the hybrid key.
    pub(crate) fn from_hybrid_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        let key = hybrid::Identity::from_seed(seed);
        let (recipient, text) = (Recipient::from(key.to_recipient()), key.to_text());
        let mut identity = Self::empty();
        identity.add(key, recipient, Some(text.as_bytes()));
        identity
    }

    /// Reads an identity: age keys as text, an ssh private key, or an age file that a
    /// passphrase opens and that holds age keys.
    ///
    /// `ask` is called at most once, and only where a passphrase is needed; it returns
    /// `None` where none is to be had.
    ///
    /// # Errors
    /// [`CryptoError`] of the kind `Credentials`.
    pub(crate) fn parse(
        file: &[u8],
        ask: &dyn Fn() -> Option<SecretBytes>,
    ) -> Result<Self, CryptoError> {
        if file.len() > MAX_IDENTITY {
            return Err(invalid("it is larger than 64 KiB"));
        }
        if Self::is_protected(file) {
            let text = Self::unprotect(file, ask)?;
            let not_text = invalid("the encrypted identity is not text");
            return from_lines(text.expose_str().ok_or(not_text)?);
        }
        let text = std::str::from_utf8(file).map_err(|_| invalid("it is not text"))?;
        if text.trim_start().starts_with(ssh_key::BEGIN) {
            let (key, is_protected) = ssh_key::parse(text, ask)?;
            from_ssh(key, is_protected, text)
        } else {
            from_lines(text)
        }
    }

    /// Whether the file is one that a passphrase opens, as far as its first bytes tell.
    pub(crate) fn is_protected(file: &[u8]) -> bool {
        file.starts_with(header::ANY_VERSION)
            || file.trim_ascii_start().starts_with(armor::BEGIN.as_bytes())
    }

    /// Whether the file is an ssh key, as far as its first bytes tell.
    pub(crate) fn is_ssh(file: &[u8]) -> bool {
        file.trim_ascii_start().starts_with(ssh_key::BEGIN.as_bytes()) && !Self::is_protected(file)
    }

    /// The keys in a file that a passphrase opens, as text.
    ///
    /// # Errors
    /// As [`Identity::parse`].
    pub(crate) fn unprotect(
        file: &[u8],
        ask: &dyn Fn() -> Option<SecretBytes>,
    ) -> Result<SecretBytes, CryptoError> {
        let text = file.trim_ascii();
        if !text.starts_with(armor::BEGIN.as_bytes()) {
            return unprotected(file, ask);
        }
        let file = armor::dearmor(text).map_err(|_| invalid("its armor is damaged"))?;
        unprotected(&file, ask)
    }

    /// The public halves of the keys, in their order.
    pub(crate) fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Whether some of its keys are kept by plugins.
    pub(crate) const fn has_plugins(&self) -> bool {
        !self.plugins.is_empty()
    }

    /// Whether all of its keys are.
    pub(crate) fn is_plugins_alone(&self) -> bool {
        self.has_plugins() && self.keys.is_empty()
    }

    /// Lets the plugins, where it needs some, be started by `plugins`.
    pub(crate) fn use_plugins(&self, plugins: &Arc<dyn Plugins>) {
        self.plugins.use_plugins(plugins);
    }

    /// Has plugins, where it needs some, show that its public halves are its own.
    ///
    /// # Errors
    /// They are not; a plugin is not to be had, or fails.
    pub(crate) fn prove(&self) -> Result<(), CryptoError> {
        if self.has_plugins() { self.plugins.prove() } else { Ok(()) }
    }

    /// Remembers what plugins open, where it has some, under this signing key of its member.
    pub(crate) fn remember_under(&self, root: Arc<plugin::Root>) {
        self.plugins.remember_under(root);
    }

    /// Has plugins, where only they can, open many files at once; each is opened as ever after that.
    ///
    /// # Errors
    /// A plugin is not to be had, or fails.
    pub(crate) fn prepare<'f>(
        &self,
        files: impl IntoIterator<Item = &'f [u8]>,
    ) -> Result<(), CryptoError> {
        if !self.has_plugins() {
            return Ok(());
        }
        let is_alone = self.is_plugins_alone();
        let files = files.into_iter().filter(|file| is_alone || native_key(file, self).is_err());
        self.plugins.learn(&files.collect::<Vec<_>>())
    }

    /// The keys that plugins keep.
    pub(super) const fn plugins(&self) -> &PluginKeys {
        &self.plugins
    }

    /// The keys as the age crate wants them; without those that plugins keep.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| key.as_ref() as &dyn age::Identity)
    }

    /// Derives a key for `vault` from the first of its keys, or from what a plugin keeps for it on this
    /// machine. `None` for an ssh key behind a passphrase: as it was read it is no secret, and a passphrase
    /// is not random enough.
    pub(crate) fn derive(&self, vault: &str, purpose: Purpose) -> Option<Zeroizing<[u8; 32]>> {
        match &self.secret {
            Some(secret) => Some(derive(secret, vault, purpose)),
            None if self.has_plugins() => self.plugins.derive(vault, purpose),
            None => None,
        }
    }

    fn empty() -> Self {
        let (keys, recipients) = (Vec::new(), Vec::new());
        Self { keys, recipients, secret: None, plugins: PluginKeys::new() }
    }

    /// Adds a key; `text` is all of it, unprotected.
    fn add(
        &mut self,
        key: impl age::Identity + Send + Sync + 'static,
        recipient: Recipient,
        text: Option<&[u8]>,
    ) {
        // A key that stands twice would be tried twice.
        if !self.recipients.contains(&recipient) {
            if self.keys.is_empty() {
                self.secret = text.map(identity_secret);
            }
            self.keys.push(Box::new(key));
            self.recipients.push(recipient);
        }
    }
}

impl Identity {
    fn add_plugin(&mut self, name: PluginName, text: &str, recipient: Recipient) {
        if !self.recipients.contains(&recipient) {
            self.plugins.add(name, text, recipient.clone());
            self.recipients.push(recipient);
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

const fn invalid(rule: &'static str) -> CryptoError {
    CryptoError::InvalidIdentity { rule }
}

fn unprotected(
    file: &[u8],
    ask: &dyn Fn() -> Option<SecretBytes>,
) -> Result<SecretBytes, CryptoError> {
    passphrase::decrypt_with_passphrase(file, ask).map_err(|error| match error {
        CryptoError::Damaged(Damage::NoPassphraseStanza) => {
            invalid("it is an age file that no passphrase opens")
        }
        // Damage of the user's own key file is no damage of a vault.
        CryptoError::Damaged(_) => invalid("the encrypted identity is damaged"),
        other => other,
    })
}

fn from_ssh(
    key: age::ssh::Identity,
    is_protected: bool,
    text: &str,
) -> Result<Identity, CryptoError> {
    let recipient = age::ssh::Recipient::try_from(key.clone())
        .ok()
        .and_then(|public| Recipient::parse(&public.to_string()).ok())
        .ok_or(CryptoError::UnusableIdentity {
            found: "an ssh key outside what age allows",
            advice: "an rsa key needs 2048 to 4096 bits; ssh-ed25519 is the better choice",
        })?;
    let mut identity = Identity::empty();
    identity.add(key, recipient, (!is_protected).then_some(text.as_bytes()));
    Ok(identity)
}

fn from_lines(text: &str) -> Result<Identity, CryptoError> {
    let mut identity = Identity::empty();
    let mut skipped = None;
    let mut comments = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            comments.extend(comment.split_whitespace());
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let above = std::mem::take(&mut comments);
        if line.starts_with(plugin::START) {
            let plugin = PluginKeys::name_of(line)
                .ok_or(CryptoError::InvalidIdentityLine { line: number + 1 })?;
            match public_half(&above, &plugin) {
                Some(recipient) => identity.add_plugin(plugin, line, recipient),
                None => skipped = skipped.or(Some((number + 1, plugin))),
            }
        } else if line.starts_with(hybrid::IDENTITY_START) {
            let key = hybrid::Identity::parse(line)
                .ok_or(CryptoError::InvalidIdentityLine { line: number + 1 })?;
            let recipient = Recipient::from(key.to_recipient());
            identity.add(key, recipient, Some(line.as_bytes()));
        } else if Recipient::parse(line).is_ok() {
            return Err(invalid("it holds a public key, not a secret one"));
        } else {
            let key: age::x25519::Identity =
                line.parse().map_err(|_| CryptoError::InvalidIdentityLine { line: number + 1 })?;
            let recipient = Recipient::from(key.to_public());
            identity.add(key, recipient, Some(line.as_bytes()));
        }
    }
    match skipped {
        _ if !identity.recipients.is_empty() => Ok(identity),
        Some((line, plugin)) => Err(CryptoError::PluginWithoutRecipient { line, plugin }),
        None => Err(invalid("it holds no key")),
    }
}

/// What plugins write above a key: `# public key: age1…`, `#    Recipient: age1…`.
fn public_half(comments: &[&str], plugin: &PluginName) -> Option<Recipient> {
    let mut all = comments.iter().filter_map(|word| Recipient::parse(word).ok());
    all.find(|recipient| recipient.plugin() == Some(plugin))
}

#[cfg(test)]
mod tests;
