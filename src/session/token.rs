//! The token: 32 random bytes that are the key of one session's grant.
//!
//! Written `authy_v1.` and 43 characters of base64url without padding (RFC 4648). Nothing
//! stores it: id, identity and chain key are derived from it and the vault's id.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use crate::crypto::keys::{ChainKey, Purpose, derive, random};
use crate::crypto::{CryptoError, Identity, Recipient};
use crate::name::SessionId;
use crate::secret::SecretBytes;

const PREFIX: &str = "authy_v1.";
/// Characters of 32 bytes in base64 without padding.
const BODY: usize = 43;

/// A session token.
pub(crate) struct Token(Zeroizing<[u8; 32]>);

impl Token {
    /// Draws a new token.
    pub(crate) fn generate() -> Self {
        Self(random())
    }

    /// Parses the one written form; `None` for anything else.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let body = text.strip_prefix(PREFIX.as_bytes()).filter(|body| body.len() == BODY)?;
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(body).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The token as it is handed out.
    pub(crate) fn to_secret(&self) -> SecretBytes {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + BODY));
        text.push_str(PREFIX);
        BASE64URL_NOPAD.encode_append(self.0.as_slice(), &mut text);
        SecretBytes::new(text.as_bytes().to_vec())
    }

    /// The id of the session in the vault `vault`.
    ///
    /// # Errors
    /// [`CryptoError`], which no token causes.
    pub(crate) fn id(&self, vault: &str) -> Result<SessionId, CryptoError> {
        let bytes = derive(&self.0, vault, Purpose::Id);
        SessionId::parse(&HEXLOWER.encode(&bytes[..8])).map_err(|_| CryptoError::EncryptionFailed)
    }

    /// The age identity that opens the session's grant.
    ///
    /// # Errors
    /// [`CryptoError`], which no token causes.
    pub(crate) fn identity(&self, vault: &str) -> Result<Identity, CryptoError> {
        Identity::from_seed(&derive(&self.0, vault, Purpose::Identity))
    }

    /// The same for a session whose creator has a post-quantum key.
    pub(crate) fn hybrid_identity(&self, vault: &str) -> Identity {
        Identity::from_hybrid_seed(derive(&self.0, vault, Purpose::HybridIdentity))
    }

    /// The identity whose public half is `recipient`, if that is one of this token.
    ///
    /// # Errors
    /// As [`Token::identity`].
    pub(crate) fn identity_for(
        &self,
        vault: &str,
        recipient: &str,
    ) -> Result<Option<Identity>, CryptoError> {
        let identity = match Recipient::parse(recipient) {
            Ok(recipient) if recipient.is_post_quantum() => self.hybrid_identity(vault),
            _ => self.identity(vault)?,
        };
        let is_its = |one: &Recipient| one.to_string() == recipient;
        Ok(identity.recipients().iter().any(is_its).then_some(identity))
    }

    /// The key of the session's audit chains.
    pub(crate) fn chain_key(&self, vault: &str) -> ChainKey {
        ChainKey::derived(derive(&self.0, vault, Purpose::Audit))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;
    use proptest::prelude::*;

    #[test]
    fn a_token_has_one_written_form() {
        let token = Token::generate();
        let text = token.to_secret();
        let text = text.expose_str().unwrap();
        assert_eq!(text.len(), 52);
        assert!(text.starts_with("authy_v1."));
        let again = Token::parse(text.as_bytes()).unwrap();
        assert_eq!(again.id("v").unwrap(), token.id("v").unwrap());
        for bad in [
            &text[1..],
            &text[..51],
            &format!("{text}A"),
            &format!("{text}="),
            &format!(" {text}"),
            &format!("{text}\n"),
            &text.replace("v1", "v2"),
            &text.to_uppercase(),
            "",
        ] {
            assert!(Token::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_values_derived_are_those_of_the_format() {
        // docs/FORMAT.md, "Test values".
        let token = Token::parse(b"authy_v1.QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8").unwrap();
        let vault = "000102030405060708090a0b0c0d0e0f";
        assert_eq!(token.id(vault).unwrap().to_string(), "16bba5b3ce84d6d2");
        let recipient = token.identity(vault).unwrap().recipients()[0].to_string();
        assert_eq!(recipient, "age148dpje9k9yu6jp9mqzad3sn9shalgngy8tltk0hj50d5ferrucaszhycw7");
        assert_eq!(
            token.chain_key(vault).commitment().to_string(),
            "sha256:4c9d9f3920d9aa5fa6f88eed66331447b39366f07128d8bf5ab46f60e8505a5f"
        );
    }

    #[test]
    fn spare_bits_of_the_last_character_are_no_second_form() {
        let text = [b"authy_v1.".as_slice(), &[b'A'; 42], b"B"].concat();
        assert!(Token::parse(&text).is_none());
    }

    #[test]
    fn another_vault_makes_it_another_session() {
        let token = Token::generate();
        assert_ne!(token.id("a").unwrap(), token.id("b").unwrap());
        let public = |vault| token.identity(vault).unwrap().recipients()[0].to_string();
        assert_ne!(public("a"), public("b"));
        assert_ne!(token.chain_key("a").commitment(), token.chain_key("b").commitment());
        assert_eq!(format!("{token:?}"), "Token([redacted])");
    }

    proptest! {
        #[test]
        fn what_parses_is_what_was_written(text in "authy_v1\\.[A-Za-z0-9_-]{43}|\\PC{0,60}") {
            if let Some(token) = Token::parse(text.as_bytes()) {
                let written = token.to_secret();
                prop_assert_eq!(written.expose(), text.as_bytes());
            }
        }
    }
}
