//! File keys: the key inside an age file that opens its payload, learned and used again.
//!
//! Whoever knows a file's key opens that file and no other, and pays for no unwrap, which is
//! most of the cost. The header's mac is verified under the key before anything is read (age spec,
//! "Header MAC"), so a key never opens a file that is not its own.

use std::fmt;
use std::sync::Mutex;

use age::secrecy::ExposeSecret as _;
use age_core::format::{FILE_KEY_BYTES, Stanza};
use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use super::error::{CryptoError, Damage};
use super::header::scan;
use super::identity::Identity;
use super::keys::{Mac, header_mac_key};
use super::payload;
use crate::secret::{MAX_VALUE, SecretBytes};

/// What follows the mark of a header's last line: a space, 32 bytes in base64, a newline.
const MAC_LINE: usize = 45;

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

impl From<&age_core::format::FileKey> for FileKey {
    fn from(key: &age_core::format::FileKey) -> Self {
        Self(Zeroizing::new(*key.expose_secret()))
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
/// As [`decrypt`](super::decrypt).
pub(crate) fn file_key(file: &[u8], with: &Identity) -> Result<FileKey, CryptoError> {
    if with.is_plugins_alone() {
        return with.plugins().key_of(file);
    }
    match native_key(file, with) {
        Err(CryptoError::NotAReader) if with.has_plugins() => with.plugins().key_of(file),
        found => found,
    }
}

/// As [`file_key`], by the keys alone that no plugin keeps.
pub(super) fn native_key(file: &[u8], with: &Identity) -> Result<FileKey, CryptoError> {
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
/// The stanzas are of no use to whoever has the key, and the crate takes time for each of them
/// that grows with their number. So the header's mac is checked here, and the payload opened.
///
/// # Errors
/// [`CryptoError::Damaged`]: damage, or the key of another file.
pub(crate) fn decrypt_with_key(file: &[u8], key: &FileKey) -> Result<SecretBytes, CryptoError> {
    decrypt_with_key_up_to(MAX_VALUE, file, key)
}

/// As [`decrypt_with_key`], for up to `limit` bytes of plaintext.
///
/// # Errors
/// As [`decrypt_with_key`].
pub(super) fn decrypt_with_key_up_to(
    limit: usize,
    file: &[u8],
    key: &FileKey,
) -> Result<SecretBytes, CryptoError> {
    let header = scan(file)?;
    let length = payload::length(file, &header, limit)?;
    let (head, rest) = file.split_at(header.payload_offset);
    check_mac(head, &header_mac_key(key.expose()))?;
    Ok(payload::open(rest, key.expose(), length)?)
}

/// Whether a key is that of this file.
pub(super) fn is_key_of(key: &FileKey, file: &[u8]) -> bool {
    let head = scan(file).ok().and_then(|header| file.get(..header.payload_offset));
    head.is_some_and(|head| check_mac(head, &header_mac_key(key.expose())).is_ok())
}

/// Checks the mac of a header that passed [`scan`]: it covers everything up to the mark of its own
/// line (age spec, "Header MAC").
fn check_mac(head: &[u8], key: &Mac) -> Result<(), CryptoError> {
    let start = head.len().checked_sub(MAC_LINE).ok_or(Damage::Truncated)?;
    let (covered, mac) = head.split_at(start);
    let mac = mac.trim_ascii();
    let is_it = BASE64_NOPAD.decode(mac).is_ok_and(|mac| key.verifies(covered, &mac));
    if is_it { Ok(()) } else { Err(Damage::Altered.into()) }
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
            *found = Some(FileKey::from(key));
        }
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use super::{FileKey, decrypt_with_key, file_key};
    use crate::crypto::encrypt::{decrypt, encrypt};
    use crate::crypto::error::CryptoError;
    use crate::crypto::identity::Identity;
    use crate::kind::Failure as _;
    use crate::kind::Kind;

    #[test]
    fn a_file_key_opens_its_file_and_no_other() {
        let (reader, _) = Identity::generate("now");
        let one = encrypt(b"one", reader.recipients()).unwrap();
        let two = encrypt(b"two", reader.recipients()).unwrap();
        let key = file_key(&one, &reader).unwrap();
        assert_eq!(decrypt_with_key(&one, &key).unwrap().expose(), b"one");
        assert_eq!(decrypt_with_key(&two, &key).unwrap_err().kind(), Kind::Damaged);
        let again = FileKey::from_bytes(key.expose()).unwrap();
        assert_eq!(decrypt_with_key(&one, &again).unwrap().expose(), b"one");
        assert_eq!(format!("{key:?}"), "FileKey([redacted])");
        assert_eq!(FileKey::from_bytes(b"short"), None);
    }

    #[test]
    fn only_a_reader_learns_the_key() {
        let (reader, _) = Identity::generate("now");
        let (stranger, _) = Identity::generate("now");
        let file = encrypt(b"value", reader.recipients()).unwrap();
        assert_eq!(file_key(&file, &stranger).unwrap_err(), CryptoError::NotAReader);
    }

    #[test]
    fn no_changed_byte_opens() {
        let (reader, _) = Identity::generate("now");
        let (other, _) = Identity::generate("now");
        let to = [reader.recipients(), other.recipients()].concat();
        let mut file = encrypt(b"value", &to).unwrap();
        let key = file_key(&file, &reader).unwrap();
        for at in 0..file.len() {
            for bit in [1, 32] {
                file[at] ^= bit;
                assert!(decrypt_with_key(&file, &key).is_err(), "{at}");
                file[at] ^= bit;
            }
        }
        for end in 0..file.len() {
            assert!(decrypt_with_key(&file[..end], &key).is_err(), "{end}");
        }
        assert_eq!(decrypt_with_key(&file, &key).unwrap().expose(), b"value");
    }

    #[test]
    fn a_stanza_more_or_less_shows() {
        let (reader, _) = Identity::generate("now");
        let file = encrypt(b"value", reader.recipients()).unwrap();
        let key = file_key(&file, &reader).unwrap();
        let text = String::from_utf8_lossy(&file).into_owned();
        let start = text.find("-> ").unwrap();
        let more = [&file[..start], b"-> x\n\n", &file[start..]].concat();
        assert_eq!(decrypt_with_key(&more, &key).unwrap_err().kind(), Kind::Damaged);
    }

    /// The payload of the file at hand, cut, lengthened, its chunks changed over: whatever the crate
    /// makes of it with the identity, this makes of it with the key.
    #[test]
    fn the_crate_and_this_open_the_same() {
        const CHUNK: usize = 64 * 1024 + 16;
        let (reader, _) = Identity::generate("now");
        for length in [0_usize, 1, 100, 65_535, 65_536, 65_537, 2 * 65_536, 2 * 65_536 + 9] {
            let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let file = encrypt(&value, reader.recipients()).unwrap();
            let key = file_key(&file, &reader).unwrap();
            let start = file.len() - (16 + length + 16 * usize::max(1, length.div_ceil(65_536)));
            let (head, payload) = file.split_at(start);
            let (nonce, body) = payload.split_at(16);
            let chunks: Vec<&[u8]> = body.chunks(CHUNK).collect();
            let mut bodies = vec![body.to_vec(), [body, &[0]].concat(), [body, &[0; 16]].concat()];
            for end in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 15, CHUNK + 16, CHUNK + 17] {
                bodies.push(body[..end.min(body.len())].to_vec());
            }
            for at in [0, 15, 16, body.len() / 2, body.len().saturating_sub(17), body.len() - 1] {
                let mut changed = body.to_vec();
                changed[at.min(body.len() - 1)] ^= 4;
                bodies.push(changed);
            }
            bodies.push(chunks.iter().rev().copied().flatten().copied().collect());
            bodies.push([body, chunks[chunks.len() - 1]].concat());
            bodies.push(chunks[..chunks.len() - 1].concat());
            for body in bodies {
                let changed = [head, nonce, &body].concat();
                let by_crate = decrypt(&changed, &reader).ok();
                let by_key = decrypt_with_key(&changed, &key).ok();
                assert_eq!(by_key, by_crate, "{length}, {} bytes", body.len());
            }
            assert_eq!(decrypt_with_key(&file, &key).unwrap().expose(), value);
        }
    }

    #[test]
    fn values_of_every_size_read_back() {
        let (reader, _) = Identity::generate("now");
        for length in [0, 1, 65_535, 65_536, 65_537, 1 << 20] {
            let value = vec![b'x'; length];
            let file = encrypt(&value, reader.recipients()).unwrap();
            let key = file_key(&file, &reader).unwrap();
            assert_eq!(decrypt_with_key(&file, &key).unwrap().expose(), value, "{length}");
        }
    }
}
