//! File keys: the key inside an age file that opens its payload, learned and used again.
//!
//! Whoever knows a file's key opens that file and no other, at a fiftieth of the cost of an
//! unwrap. The age crate verifies the header's mac under the key before anything is read
//! (age spec, "Header MAC"), so a key never opens a file that is not its own.

use std::fmt;
use std::sync::Mutex;

use age::secrecy::ExposeSecret as _;
use age_core::format::{FILE_KEY_BYTES, Stanza};
use zeroize::Zeroizing;

use super::error::CryptoError;
use super::header::scan;
use super::identity::Identity;
use super::payload;
use crate::secret::{MAX_VALUE, SecretBytes};

/// The key of one age file, 16 bytes; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FileKey(Zeroizing<[u8; FILE_KEY_BYTES]>);

impl FileKey {
    /// Takes 16 bytes; `None` where the length differs.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes, to be sealed in a grant.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey([redacted])")
    }
}

/// Unwraps the key of a file; its payload is not opened.
///
/// # Errors
/// As [`unseal`](super::unseal).
pub(crate) fn file_key(file: &[u8], with: &Identity) -> Result<FileKey, CryptoError> {
    scan(file)?;
    let found = Mutex::new(None);
    let recorders: Vec<_> = with.keys().map(|inner| Recorder { inner, found: &found }).collect();
    let keys = recorders.iter().map(|one| one as &dyn age::Identity);
    age::Decryptor::new_buffered(file)?.decrypt(keys)?;
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.ok_or(CryptoError::NotAReader)
}

/// Decrypts a file of at most 1 MiB of plaintext with its own key.
///
/// # Errors
/// [`CryptoError::Damaged`]: damage, or the key of another file.
pub(crate) fn unseal_with_key(file: &[u8], key: &FileKey) -> Result<SecretBytes, CryptoError> {
    let length = payload::length(file, &scan(file)?, MAX_VALUE)?;
    let identity: &dyn age::Identity = &Known(key);
    let reader = age::Decryptor::new_buffered(file)?.decrypt(std::iter::once(identity))?;
    Ok(payload::read(reader, length)?)
}

/// An identity that keeps the file key it unwraps.
struct Recorder<'a> {
    inner: &'a dyn age::Identity,
    found: &'a Mutex<Option<FileKey>>,
}

type Unwrapped = Option<Result<age_core::format::FileKey, age::DecryptError>>;

impl age::Identity for Recorder<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Unwrapped {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Unwrapped {
        let unwrapped = self.inner.unwrap_stanzas(stanzas);
        if let (Some(Ok(key)), Ok(mut found)) = (&unwrapped, self.found.lock()) {
            *found = Some(FileKey(Zeroizing::new(*key.expose_secret())));
        }
        unwrapped
    }
}

/// An identity that has the file key already.
struct Known<'a>(&'a FileKey);

impl age::Identity for Known<'_> {
    fn unwrap_stanza(&self, _: &Stanza) -> Unwrapped {
        None
    }

    fn unwrap_stanzas(&self, _: &[Stanza]) -> Unwrapped {
        Some(Ok(age_core::format::FileKey::new(Box::new(*self.0.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::{FileKey, file_key, unseal_with_key};
    use crate::crypto::error::CryptoError;
    use crate::crypto::identity::Identity;
    use crate::crypto::seal::seal;
    use crate::kind::Kind;

    #[test]
    fn a_file_key_opens_its_file_and_no_other() {
        let (reader, _) = Identity::generate("now");
        let one = seal(b"one", reader.recipients()).unwrap();
        let two = seal(b"two", reader.recipients()).unwrap();
        let key = file_key(&one, &reader).unwrap();
        assert_eq!(unseal_with_key(&one, &key).unwrap().expose(), b"one");
        assert_eq!(unseal_with_key(&two, &key).unwrap_err().kind(), Kind::Damaged);
        let again = FileKey::from_bytes(key.expose()).unwrap();
        assert_eq!(unseal_with_key(&one, &again).unwrap().expose(), b"one");
        assert_eq!(format!("{key:?}"), "FileKey([redacted])");
        assert_eq!(FileKey::from_bytes(b"short"), None);
    }

    #[test]
    fn only_a_reader_learns_the_key() {
        let (reader, _) = Identity::generate("now");
        let (stranger, _) = Identity::generate("now");
        let file = seal(b"value", reader.recipients()).unwrap();
        assert_eq!(file_key(&file, &stranger).unwrap_err(), CryptoError::NotAReader);
    }

    #[test]
    fn a_changed_byte_below_the_stanzas_never_opens() {
        let (reader, _) = Identity::generate("now");
        let mut file = seal(b"value", reader.recipients()).unwrap();
        let key = file_key(&file, &reader).unwrap();
        let last = file.len() - 1;
        for at in [last, last - 40, last - 100] {
            file[at] ^= 1;
            assert!(unseal_with_key(&file, &key).is_err(), "{at}");
            file[at] ^= 1;
        }
    }
}
