//! `keys.age` of a grant: which files its token opens, and with which keys.
//!
//! One line a secret, sorted by name: `<name> <version> <digest> <file key, base64>`. The
//! whole is encrypted to the token's recipient and to the creator's.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::crypto::digest::Digest;
use crate::crypto::{CryptoError, FileKey, Identity, Recipient, decrypt_up_to, encrypt_up_to};
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Largest list in bytes: some hundred thousand secrets.
const LIMIT: usize = 32 << 20;
/// Largest `keys.age` in bytes: the list, a header, and the tag of each chunk.
pub(crate) const MAX_SEALED_KEYS: usize = LIMIT + (1 << 20);

/// The key of one secret's file, as it was when the list was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantKey {
    /// The secret's version.
    pub(crate) version: u64,
    /// The digest of its `.age` file.
    pub(crate) digest: Digest,
    /// The key of that file.
    pub(crate) key: FileKey,
}

/// The keys of a grant, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GrantKeys(pub(crate) BTreeMap<SecretName, GrantKey>);

impl GrantKeys {
    /// Encrypts the list.
    ///
    /// # Errors
    /// [`CryptoError::TooLargeToSeal`], [`CryptoError::NoRecipients`].
    pub(crate) fn encrypt(&self, to: &[Recipient]) -> Result<Vec<u8>, CryptoError> {
        encrypt_up_to(LIMIT, self.render().expose(), to)
    }

    /// Unseals a list; `None` where what was sealed is no list.
    ///
    /// # Errors
    /// As [`decrypt`](crate::crypto::decrypt).
    pub(crate) fn decrypt(file: &[u8], with: &Identity) -> Result<Option<Self>, CryptoError> {
        Ok(Self::parse(&decrypt_up_to(LIMIT, file, with)?))
    }

    /// The key of the file of `name`, as long as that file is still this one.
    pub(crate) fn key_of(&self, name: &SecretName, digest: &Digest) -> Option<&FileKey> {
        let known = self.0.get(name)?;
        (known.digest == *digest).then_some(&known.key)
    }

    fn render(&self) -> SecretBytes {
        // A name of 180, a number of 20, a digest of 71, a key of 24, three spaces, a newline.
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 300));
        for (name, GrantKey { version, digest, key }) in &self.0 {
            text.push_str(&format!("{name} {version} {digest} "));
            BASE64.encode_append(key.expose(), &mut text);
            text.push('\n');
        }
        SecretBytes::new(std::mem::take(&mut *text).into_bytes())
    }

    fn parse(list: &SecretBytes) -> Option<Self> {
        let mut keys = BTreeMap::new();
        for line in list.expose_str()?.lines() {
            let mut words = line.split(' ');
            let mut word = || words.next();
            let name = SecretName::parse(word()?).ok()?;
            let version = word()?.parse().ok()?;
            let digest = Digest::parse(word()?)?;
            let bytes = Zeroizing::new(BASE64.decode(word()?.as_bytes()).ok()?);
            let key = GrantKey { version, digest, key: FileKey::from_bytes(&bytes)? };
            if word().is_some() || keys.insert(name, key).is_some() {
                return None;
            }
        }
        Some(Self(keys))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{GrantKey, GrantKeys};
    use crate::crypto::digest::Digest;
    use crate::crypto::{CryptoError, FileKey, Identity};
    use crate::name::SecretName;
    use crate::secret::SecretBytes;

    fn keys() -> GrantKeys {
        let one = |n: u8| GrantKey {
            version: u64::from(n),
            digest: Digest::of(&[n]),
            key: FileKey::from_bytes(&[n; 16]).unwrap(),
        };
        let name = |text| SecretName::parse(text).unwrap();
        GrantKeys(BTreeMap::from([(name("a/b"), one(1)), (name("db-url"), one(2))]))
    }

    #[test]
    fn a_sealed_list_reads_back_for_its_readers_only() {
        let (token, _) = Identity::generate("now");
        let (creator, _) = Identity::generate("now");
        let (stranger, _) = Identity::generate("now");
        let to = [token.recipients(), creator.recipients()].concat();
        let file = keys().encrypt(&to).unwrap();
        for reader in [&token, &creator] {
            assert_eq!(GrantKeys::decrypt(&file, reader).unwrap(), Some(keys()));
        }
        assert_eq!(GrantKeys::decrypt(&file, &stranger).unwrap_err(), CryptoError::NotAReader);
    }

    #[test]
    fn a_key_is_given_for_its_name_and_its_file_alone() {
        let keys = keys();
        let name = |text| SecretName::parse(text).unwrap();
        let key_of = |text, file: u8| keys.key_of(&name(text), &Digest::of(&[file]));
        assert_eq!(key_of("a/b", 1), Some(&FileKey::from_bytes(&[1; 16]).unwrap()));
        assert_eq!(key_of("a/b", 2), None, "another file of this name");
        assert_eq!(key_of("other", 1), None, "this file of another name");
    }

    #[test]
    fn anything_but_a_list_is_none() {
        let good = keys().render();
        let good = good.expose_str().unwrap();
        assert_eq!(GrantKeys::parse(&good.to_owned().into()), Some(keys()));
        for bad in [
            good.replace("db-url", "A"),
            good.replace(" 2 ", " x "),
            good.replace("sha256:", "md5:"),
            good.replace("==", ""),
            good.replace("==", "== x"),
            good.replace("db-url", "a/b"),
            "x".to_owned(),
        ] {
            assert_eq!(GrantKeys::parse(&SecretBytes::from(bad.clone())), None, "{bad}");
        }
        assert!(!format!("{:?}", keys()).contains("[1, 1"));
    }
}
