//! Encrypts values to recipients and decrypts them with an identity, as plain age v1 files.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::armor::{armor, dearmor};
use super::digest::Digest;
use super::error::CryptoError;
use super::file_key::{FileKey, decrypt_with_key_up_to};
use super::header::scan;
use super::hybrid;
use super::identity::Identity;
use super::payload;
use super::recipient::Recipient;
use crate::secret::{MAX_VALUE, SecretBytes};

/// Encrypts `plain` to everyone in `to`, as a binary age file.
///
/// The stanzas stand in the order of the recipients: the sooner one stands, the faster
/// its owner opens the file.
///
/// # Errors
/// [`CryptoError::NoRecipients`], [`CryptoError::TooManyRecipients`] and
/// [`CryptoError::TooLargeToSeal`]: nothing is written that `decrypt` would refuse.
pub(crate) fn encrypt(plain: &[u8], to: &[Recipient]) -> Result<Vec<u8>, CryptoError> {
    encrypt_up_to(MAX_VALUE, plain, to)
}

/// As [`encrypt`], for what is no value and may have up to `limit` bytes.
///
/// # Errors
/// As [`encrypt`].
pub(crate) fn encrypt_up_to(
    limit: usize,
    plain: &[u8],
    to: &[Recipient],
) -> Result<Vec<u8>, CryptoError> {
    if to.is_empty() {
        return Err(CryptoError::NoRecipients);
    }
    let is_mixed =
        to.iter().any(Recipient::is_post_quantum) && !to.iter().all(Recipient::is_post_quantum);
    let (failed, wrapped) = (Mutex::new(None), Mutex::new(None));
    let addressee =
        |recipient| Addressee { recipient, is_mixed, failed: &failed, wrapped: &wrapped };
    let all: Vec<_> = to.iter().map(addressee).collect();
    let encryptor =
        age::Encryptor::with_recipients(all.iter().map(|one| one as &dyn age::Recipient));
    let failed = || failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Ok(encryptor) = encryptor else {
        return Err(failed().unwrap_or(CryptoError::EncryptionFailed));
    };
    let file = payload::write(plain, encryptor, limit)?;
    let header = scan(&file).map_err(|_| CryptoError::TooManyRecipients)?;
    let wrapped = wrapped.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Some(key), Some(head)) = (wrapped, file.get(..header.payload_offset)) {
        let digest = Digest::of(head);
        to.iter().filter_map(Recipient::as_plugin).for_each(|one| one.wrote(digest, &key));
    }
    Ok(file)
}

/// One of a file's recipients.
///
/// age does not encrypt a file for both kinds of keys ("SHOULD NOT"): who reads `age1pq1…` on the command
/// line would think that it is safe. Here whole teams change their keys one by one, and `check` says which
/// files are not safe yet, and because of whom (docs/THREAT_MODEL.md).
struct Addressee<'a> {
    recipient: &'a Recipient,
    /// Whether the file is for both kinds.
    is_mixed: bool,
    /// Why a plugin did not wrap the key: age's own error has no place for that.
    failed: &'a Mutex<Option<CryptoError>>,
    /// The file's key, where a plugin wrapped it: its own files are opened without it.
    wrapped: &'a Mutex<Option<FileKey>>,
}

impl age::Recipient for Addressee<'_> {
    fn wrap_file_key(
        &self,
        file_key: &age_core::format::FileKey,
    ) -> Result<(Vec<age_core::format::Stanza>, HashSet<String>), age::EncryptError> {
        let (stanzas, mut labels) = match self.recipient.as_age() {
            Ok(key) => key.wrap_file_key(file_key)?,
            Err(plugin) => {
                let key = FileKey::from(file_key);
                let wrapped = plugin.wrap(&key).map_err(|source| {
                    let recipient = self.recipient.to_string();
                    let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    *failed = Some(CryptoError::plugin_recipient(&recipient, source));
                    std::io::Error::other("a plugin failed")
                })?;
                *self.wrapped.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
                wrapped
            }
        };
        if self.is_mixed {
            labels.remove(hybrid::LABEL);
        }
        Ok((stanzas, labels))
    }
}

/// Decrypts a binary age file of at most 1 MiB of plaintext.
///
/// # Errors
/// [`CryptoError::NotAReader`] where no stanza is for `with`, [`CryptoError::Damaged`]
/// otherwise. A damaged X25519 stanza looks like one for somebody else.
pub(crate) fn decrypt(file: &[u8], with: &Identity) -> Result<SecretBytes, CryptoError> {
    decrypt_up_to(MAX_VALUE, file, with)
}

/// As [`decrypt`], for what [`encrypt_up_to`] sealed.
///
/// # Errors
/// As [`decrypt`].
pub(crate) fn decrypt_up_to(
    limit: usize,
    file: &[u8],
    with: &Identity,
) -> Result<SecretBytes, CryptoError> {
    if with.is_plugins_alone() {
        return decrypt_with_key_up_to(limit, file, &with.plugins().key_of(file)?);
    }
    let length = payload::length(file, &scan(file)?, limit)?;
    match age::Decryptor::new_buffered(file)?.decrypt(with.keys()).map_err(CryptoError::from) {
        Ok(reader) => Ok(payload::read(reader, length)?),
        Err(CryptoError::NotAReader) if with.has_plugins() => {
            decrypt_with_key_up_to(limit, file, &with.plugins().key_of(file)?)
        }
        Err(error) => Err(error),
    }
}

/// Encrypts `plain` as [`encrypt`] does, as text to stand in a TOML file.
///
/// # Errors
/// As [`encrypt`]; the text is limited to 64 KiB.
pub(crate) fn encrypt_armored(plain: &[u8], to: &[Recipient]) -> Result<String, CryptoError> {
    armor(&encrypt(plain, to)?)
}

/// Decrypts what [`encrypt_armored`] wrote.
///
/// # Errors
/// As [`decrypt`].
pub(crate) fn decrypt_armored(text: &str, with: &Identity) -> Result<SecretBytes, CryptoError> {
    decrypt(&dearmor(text.as_bytes())?, with)
}

#[cfg(test)]
mod tests {
    use crate::kind::Failure as _;
    use proptest::prelude::*;

    use super::{decrypt, decrypt_armored, encrypt, encrypt_armored};
    use crate::crypto::error::{CryptoError, Damage};
    use crate::crypto::header::{MAX_STANZAS, scan};
    use crate::crypto::identity::Identity;
    use crate::crypto::recipient::Recipient;
    use crate::crypto::test_keys::{
        AGE_PUBLIC, AGE_SECRET, ED25519, ED25519_PROTECTED, ED25519_PUBLIC, PASSPHRASE, RSA,
        RSA_PEM, RSA_PROTECTED, RSA_PUBLIC,
    };
    use crate::kind::Kind;
    use crate::secret::{MAX_VALUE, SecretBytes};

    const KEYS: [&str; 6] = [AGE_SECRET, ED25519, ED25519_PROTECTED, RSA, RSA_PROTECTED, RSA_PEM];

    fn identity(text: &str) -> Identity {
        Identity::parse(text.as_bytes(), &|| Some(SecretBytes::from(PASSPHRASE.to_owned())))
            .unwrap()
    }

    fn recipients() -> Vec<Recipient> {
        [AGE_PUBLIC, ED25519_PUBLIC, RSA_PUBLIC]
            .map(|text| Recipient::parse(text).unwrap())
            .to_vec()
    }

    fn stranger() -> Identity {
        Identity::generate("now").0
    }

    #[test]
    fn every_kind_of_key_opens_what_is_sealed_to_it() {
        let all = encrypt(b"value", &recipients()).unwrap();
        let text = encrypt_armored(b"value", &recipients()).unwrap();
        for key in KEYS.map(identity) {
            let own = encrypt(b"value", key.recipients()).unwrap();
            for file in [&all, &own] {
                assert_eq!(decrypt(file, &key).unwrap().expose(), b"value");
            }
            assert_eq!(decrypt_armored(&text, &key).unwrap().expose(), b"value");
        }
    }

    #[test]
    fn any_of_several_keys_opens_a_file() {
        let (other, file) = Identity::generate("now");
        let both = format!("{AGE_SECRET}\n{}", file.expose_str().unwrap());
        let both = identity(&both);
        let sealed = encrypt(b"value", other.recipients()).unwrap();
        assert_eq!(decrypt(&sealed, &both).unwrap().expose(), b"value");
        assert_eq!(decrypt(&sealed, &identity(AGE_SECRET)).unwrap_err(), CryptoError::NotAReader);
    }

    #[test]
    fn values_of_every_size_come_back() {
        let key = identity(AGE_SECRET);
        for size in [0, 1, 65_535, 65_536, 65_537, 131_072, MAX_VALUE - 1, MAX_VALUE] {
            let value: Vec<u8> = (0..=255).cycle().take(size).collect();
            let file = encrypt(&value, key.recipients()).unwrap();
            assert!(decrypt(&file, &key).unwrap().expose() == value, "{size}");
        }
    }

    #[test]
    fn values_above_the_limit_are_refused_both_ways() {
        let key = identity(AGE_SECRET);
        let large = vec![0; MAX_VALUE + 1];
        let refused = encrypt(&large, key.recipients()).unwrap_err();
        assert_eq!(refused, CryptoError::TooLargeToSeal { limit: MAX_VALUE });
        assert_eq!(refused.kind(), Kind::Usage);
        let to = key.recipients()[0].as_age().unwrap();
        let encryptor = age::Encryptor::with_recipients(std::iter::once(to)).unwrap();
        let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
        std::io::Write::write_all(&mut writer, &large).unwrap();
        let file = writer.finish().unwrap();
        assert_eq!(decrypt(&file, &key).unwrap_err(), CryptoError::Damaged(Damage::TooLarge));
    }

    #[test]
    fn somebody_else_is_not_a_reader() {
        let file = encrypt(b"value", &recipients()).unwrap();
        let error = decrypt(&file, &stranger()).unwrap_err();
        assert_eq!(error, CryptoError::NotAReader);
        assert_eq!(error.kind(), Kind::Denied);
    }

    #[test]
    fn nothing_is_sealed_to_nobody_or_to_more_than_can_be_read() {
        assert_eq!(encrypt(b"value", &[]).unwrap_err(), CryptoError::NoRecipients);
        let key = stranger();
        let most = vec![key.recipients()[0].clone(); MAX_STANZAS - 1];
        assert!(decrypt(&encrypt(b"value", &most).unwrap(), &key).is_ok());
        let many = vec![key.recipients()[0].clone(); MAX_STANZAS];
        assert_eq!(encrypt(b"value", &many).unwrap_err(), CryptoError::TooManyRecipients);
    }

    #[test]
    fn a_payload_that_was_moved_cut_or_extended_is_damaged() {
        let key = identity(AGE_SECRET);
        let one = encrypt(b"one", key.recipients()).unwrap();
        let two = encrypt(b"two", key.recipients()).unwrap();
        let (a, b) = (scan(&one).unwrap().payload_offset, scan(&two).unwrap().payload_offset);
        let long = encrypt(&[7; 70_000], key.recipients()).unwrap();
        let start = scan(&long).unwrap().payload_offset;
        let files = [
            [&one[..a], &two[b..]].concat(),
            one[..one.len() - 1].to_vec(),
            one[..a].to_vec(),
            [&one[..], b"x"].concat(),
            // At the border of the first chunk.
            long[..start + 16 + 65_552].to_vec(),
        ];
        for file in files {
            assert_eq!(decrypt(&file, &key).unwrap_err().kind(), Kind::Damaged);
        }
    }

    #[test]
    fn stanzas_stand_in_the_order_of_the_recipients() {
        let mut to = recipients();
        to.reverse();
        let tags = scan(&encrypt(b"value", &to).unwrap()).unwrap().ssh_tags;
        let expected: Vec<String> = to.iter().filter_map(Recipient::ssh_tag).collect();
        assert_eq!(tags, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_changed_byte_never_opens(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let key = identity(ED25519);
            let mut file = encrypt(b"value", &[recipients()[1].clone(), recipients()[0].clone()]).unwrap();
            let at = at.index(file.len());
            file[at] ^= 1_u8 << bit;
            let kind = decrypt(&file, &key).unwrap_err().kind();
            // A stanza whose tag changed is one for somebody else.
            prop_assert!(matches!(kind, Kind::Damaged | Kind::Denied), "{:?}", kind);
        }

        #[test]
        fn a_changed_byte_below_the_stanzas_is_damage(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let key = identity(AGE_SECRET);
            let mut file = encrypt(b"value", key.recipients()).unwrap();
            let mac = scan(&file).unwrap().payload_offset - 48;
            let at = mac + at.index(file.len() - mac);
            file[at] ^= 1_u8 << bit;
            prop_assert_eq!(decrypt(&file, &key).unwrap_err().kind(), Kind::Damaged);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let key = identity(AGE_SECRET);
            prop_assert!(decrypt(&bytes, &key).is_err());
            let stanza = b"age-encryption.org/v1\n-> X25519 a\nAAAA\n--- fgMiVLJHMlg9fW7CVG/hPS5EAU4Zeg19LyCP7SoH5nA\n";
            prop_assert!(decrypt(&[&stanza[..], &bytes].concat(), &key).is_err());
        }
    }
}
