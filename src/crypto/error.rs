//! What can go wrong with age files, identities and recipients.
//!
//! Every text is our own: those of the age crate carry invisible direction marks and
//! sometimes content. Nothing here quotes an identity, a passphrase or a value.

use super::plugin::PluginError;
use crate::kind::{Failure, Kind};
use crate::name::{PluginName, printable};

/// Characters of a recipient that an error shows; enough to recognise it.
const SHOWN: usize = 24;

/// A failure of sealing, unsealing, or reading a key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CryptoError {
    /// The text is no recipient that a file could be encrypted to.
    #[error("invalid recipient '{given}': {rule}")]
    InvalidRecipient { given: String, rule: &'static str },
    /// A secret key stands where a recipient belongs; it is not shown.
    #[error("a secret key was given where a recipient (a public key) belongs")]
    SecretAsRecipient,
    /// The recipient's plugin cannot encrypt to it.
    #[error("cannot encrypt to '{recipient}': {source}")]
    PluginRecipient { recipient: String, source: PluginError },
    /// The identity's plugin cannot open anything.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// What the identity says to be the public half of a plugin's key is another's.
    #[error(
        "the identity cannot be used: its key of the age plugin '{plugin}' does not open what is encrypted to the recipient in the comment above it"
    )]
    PluginOfAnother { plugin: PluginName },
    /// The identity has a plugin's key, and nothing says what it is the secret half of.
    #[error(
        "the identity cannot be used: line {line} is a key of the age plugin '{plugin}', and no comment above it says its recipient"
    )]
    PluginWithoutRecipient { line: usize, plugin: PluginName },

    /// The identity is of no known form, or broken.
    #[error("the identity is not understood: {rule}")]
    InvalidIdentity { rule: &'static str },
    /// One line of the identity is neither a key nor a comment.
    #[error("the identity is not understood: line {line} is neither a key nor a comment")]
    InvalidIdentityLine { line: usize },
    /// The identity is known and fine, but not for authy.
    #[error("the identity cannot be used: it holds {found}")]
    UnusableIdentity { found: &'static str, advice: &'static str },
    /// The identity is protected and nobody gave a passphrase.
    #[error("the identity is protected by a passphrase, and none was given")]
    PassphraseNeeded,
    /// The passphrase does not open the identity.
    #[error("wrong passphrase for the identity")]
    WrongPassphrase,
    /// Unlocking the identity would take more time and memory than is sensible.
    #[error("the identity asks for too much work to check a passphrase")]
    TooMuchWork,

    /// No stanza of the file is for this identity.
    #[error("the file is not encrypted to this identity")]
    NotAReader,
    /// The age file is not as it was written.
    #[error("the encrypted file is damaged: {0}")]
    Damaged(#[from] Damage),

    /// A file needs at least one recipient.
    #[error("cannot encrypt without a recipient")]
    NoRecipients,
    /// The header would be larger than what is accepted when reading.
    #[error("cannot encrypt to that many recipients in one file")]
    TooManyRecipients,
    /// The plaintext would be larger than what is accepted when reading.
    #[error("cannot encrypt more than {limit} bytes in one file")]
    TooLargeToSeal { limit: usize },
    /// The passphrase cannot protect anything.
    #[error("the new passphrase cannot be used: {rule}")]
    UnusablePassphrase { rule: &'static str },
    /// The age crate gave up for a reason that no input can cause.
    #[error("encryption failed")]
    EncryptionFailed,
}

/// How an age file is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    /// It does not begin as age files do.
    #[error("it is not an age file")]
    NotAge,
    /// It is an age file of another version than 1.
    #[error("its age version is unknown")]
    UnknownVersion,
    /// The header passes 64 KiB.
    #[error("its header is larger than 64 KiB")]
    HeaderTooLarge,
    /// The header has more than 512 stanzas.
    #[error("its header has more than 512 stanzas")]
    TooManyStanzas,
    /// It is locked by a passphrase, which no file of a vault is.
    #[error("it is encrypted to a passphrase")]
    PassphraseStanza,
    /// It is not locked by a passphrase alone, as protected identities are.
    #[error("it is not encrypted to a passphrase")]
    NoPassphraseStanza,
    /// The header breaks the format.
    #[error("its header is malformed")]
    MalformedHeader,
    /// The armor breaks the format.
    #[error("its armor is malformed")]
    MalformedArmor,
    /// It ends too early.
    #[error("it is cut short")]
    Truncated,
    /// Bytes of the header or the payload are not those that were written.
    #[error("its content was altered")]
    Altered,
    /// The plaintext would be larger than a value may be.
    #[error("its content is too large")]
    TooLarge,
}

impl Failure for CryptoError {
    fn kind(&self) -> Kind {
        match self {
            Self::InvalidRecipient { .. }
            | Self::SecretAsRecipient
            | Self::TooLargeToSeal { .. }
            | Self::UnusablePassphrase { .. } => Kind::Usage,
            Self::InvalidIdentity { .. }
            | Self::InvalidIdentityLine { .. }
            | Self::UnusableIdentity { .. }
            | Self::PassphraseNeeded
            | Self::WrongPassphrase
            | Self::TooMuchWork => Kind::Credentials,
            Self::PluginWithoutRecipient { .. } | Self::PluginOfAnother { .. } => Kind::Credentials,
            Self::Plugin(source) => source.kind(),
            Self::PluginRecipient { source, .. } => match source.kind() {
                Kind::Credentials => Kind::Failure,
                kind => kind,
            },
            Self::NotAReader => Kind::Denied,
            Self::Damaged(_) => Kind::Damaged,
            Self::NoRecipients | Self::TooManyRecipients | Self::EncryptionFailed => Kind::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InvalidRecipient { .. } => {
                "a recipient is an age1… key, or an ssh-ed25519 or ssh-rsa public key"
            }
            Self::SecretAsRecipient => {
                "give the public key: `age-keygen -y FILE` prints it, for ssh it is in the .pub file, for a plugin in the comment above its key"
            }
            Self::Plugin(source) | Self::PluginRecipient { source, .. } => return source.hint(),
            Self::PluginOfAnother { .. } => {
                "put the recipient there that the plugin printed with the key"
            }
            Self::PluginWithoutRecipient { plugin, .. } => {
                return Some(format!("add a line '# public key: age1{plugin}1…' above it"));
            }
            Self::InvalidIdentity { .. } | Self::InvalidIdentityLine { .. } => {
                "an identity is what `age-keygen` writes, or an ssh-ed25519 or ssh-rsa private key"
            }
            Self::UnusableIdentity { advice, .. } => advice,
            Self::PassphraseNeeded => "run it on a terminal, or set AUTHY_PASSPHRASE",
            Self::NotAReader => "check with --keyfile or AUTHY_KEYFILE that the right one is used",
            Self::Damaged(_) => "restore the file from git, or ask whoever wrote it last",
            Self::TooManyRecipients => "remove members or recipients that are no longer needed",
            Self::WrongPassphrase
            | Self::TooMuchWork
            | Self::NoRecipients
            | Self::TooLargeToSeal { .. }
            | Self::UnusablePassphrase { .. }
            | Self::EncryptionFailed => return None,
        };
        Some(hint.to_owned())
    }
}

impl CryptoError {
    /// Refuses `text` as a recipient, showing its beginning.
    pub(super) fn invalid_recipient(text: &str, rule: &'static str) -> Self {
        Self::InvalidRecipient { given: beginning(text), rule }
    }

    /// Says which recipient it is whose plugin fails.
    pub(super) fn plugin_recipient(text: &str, source: PluginError) -> Self {
        Self::PluginRecipient { recipient: beginning(text), source }
    }
}

impl From<age::DecryptError> for CryptoError {
    fn from(error: age::DecryptError) -> Self {
        use age::DecryptError as Age;
        match error {
            Age::NoMatchingKeys => Self::NotAReader,
            Age::KeyDecryptionFailed => Self::WrongPassphrase,
            Age::ExcessiveWork { .. } => Self::TooMuchWork,
            Age::UnknownFormat => Self::Damaged(Damage::UnknownVersion),
            Age::InvalidHeader => Self::Damaged(Damage::MalformedHeader),
            // Reading from memory fails only where the bytes end.
            Age::Io(_) => Self::Damaged(Damage::Truncated),
            _ => Self::Damaged(Damage::Altered),
        }
    }
}

fn beginning(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    printable(&shown)
}

#[cfg(test)]
mod tests {
    use super::CryptoError;

    #[test]
    fn an_error_shows_only_the_beginning_of_a_recipient_and_no_control_characters() {
        let text = CryptoError::invalid_recipient(&format!("\u{1b}[31m{}", "x".repeat(99)), "rule")
            .to_string();
        assert!(!text.contains('\u{1b}') && !text.contains(&"x".repeat(30)), "{text}");
    }
}
