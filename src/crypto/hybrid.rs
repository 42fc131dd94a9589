//! Keys that a quantum computer does not break, as age 1.3 has them: `age1pq1…`, ML-KEM-768 with X25519.
//!
//! The stanza is <https://c2sp.org/age> ("The hybrid post-quantum recipient type"): HPKE (RFC 9180) in
//! base mode with the KEM MLKEM768-X25519 (draft-connolly-cfrg-xwing-kem, "X-Wing"). The age crate has
//! HPKE and its ciphers, not this KEM: here are the parts put together, with the versions that the
//! crate itself uses. It goes once a release of it has the type.

use std::collections::HashSet;
use std::fmt;

use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{bech32_decode, bech32_encode, hpke_open, hpke_seal};
use age_core::secrecy::ExposeSecret as _;
use bech32::Hrp;
use data_encoding::BASE64_NOPAD;
use hpke::kem::SharedSecret;
use hpke::rand_core::{CryptoRng, Error as RngError, RngCore};
use hpke::{Deserializable, HpkeError, Serializable};
use ml_kem::kem::{Decapsulate as _, Encapsulate as _};
use ml_kem::{Ciphertext, EncodedSizeUser as _, KemCore, MlKem768};
use rand::Rng as _;
use sha3::digest::generic_array::GenericArray;
use sha3::digest::generic_array::typenum::{Sum, U32, U96, U192, U1024};
use sha3::digest::{ExtendableOutput as _, XofReader as _};
use sha3::{Digest as _, Sha3_256, Shake256};
use x25519_dalek::{EphemeralSecret, PublicKey as Point, StaticSecret};
use zeroize::Zeroizing;

use super::keys::random;
use super::recipient::protects_nothing;

/// What stands before the data of a recipient's text; of an identity's, in capitals.
const RECIPIENT: Hrp = Hrp::parse_unchecked("age1pq");
const IDENTITY: Hrp = Hrp::parse_unchecked("age-secret-key-pq-");
/// How a recipient begins, and an identity.
pub(super) const RECIPIENT_START: &str = "age1pq1";
pub(super) const IDENTITY_START: &str = "AGE-SECRET-KEY-PQ-";
/// The first word of its stanzas.
pub(super) const TAG: &str = "mlkem768x25519";
/// HPKE's `info`.
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// The file key and Poly1305's tag.
const BODY: usize = FILE_KEY_BYTES + 16;
/// Of ML-KEM-768 (FIPS 203): a public key, a ciphertext. X25519 adds 32 bytes to each.
const ML_KEM_KEY: usize = 1184;
const ML_KEM_CIPHERTEXT: usize = 1088;
/// Ends what X-Wing hashes.
const XWING_LABEL: &[u8] = br"\.//^\";
/// What says to the age crate that a file is to have no other kind of recipient.
pub(super) const LABEL: &str = "postquantum";

type Encapsulation = <MlKem768 as KemCore>::EncapsulationKey;
type Decapsulation = <MlKem768 as KemCore>::DecapsulationKey;

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Recipient(PublicKey);

impl Recipient {
    /// Parses `age1pq1…`; `None` for anything else, and for a key that protects nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        PublicKey::from_bytes(&data(text, RECIPIENT)?).ok().map(Self)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32_encode(RECIPIENT, &self.0.to_bytes()))
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let (share, body) =
            hpke_seal::<XWing, _>(&self.0, INFO, file_key.expose_secret(), &mut SystemRng);
        let args = vec![BASE64_NOPAD.encode(&share.to_bytes())];
        let stanza = Stanza { tag: TAG.to_owned(), args, body };
        Ok((vec![stanza], [LABEL.to_owned()].into()))
    }
}

/// A secret key: 32 bytes, from which both keys are drawn.
pub(super) struct Identity(PrivateKey);

impl Identity {
    pub(super) fn generate() -> Self {
        Self::from_seed(random())
    }

    pub(super) const fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(PrivateKey(seed))
    }

    /// Parses `AGE-SECRET-KEY-PQ-1…`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let seed: Zeroizing<Vec<u8>> = data(text, IDENTITY).map(Zeroizing::new)?;
        PrivateKey::from_bytes(&seed).ok().map(Self)
    }

    /// The key as text.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(bech32_encode(IDENTITY, &*self.0.0));
        text.make_ascii_uppercase();
        text
    }

    pub(super) fn to_recipient(&self) -> Recipient {
        Recipient(<XWing as hpke::Kem>::sk_to_pk(&self.0))
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let malformed = || Some(Err(age::DecryptError::InvalidHeader));
        let [share] = stanza.args.as_slice() else { return malformed() };
        // Strict: no padding, no bits left over.
        let Ok(share) = BASE64_NOPAD.decode(share.as_bytes()) else { return malformed() };
        let Ok(share) = Share::from_bytes(&share) else { return malformed() };
        // Before it is opened: a longer body could be made to open with several keys.
        if stanza.body.len() != BODY {
            return malformed();
        }
        match hpke_open::<XWing>(&share, &self.0, INFO, &stanza.body) {
            Ok(key) => {
                let key = Zeroizing::new(key);
                let mut bytes = Zeroizing::new([0; FILE_KEY_BYTES]);
                bytes.copy_from_slice(key.get(..FILE_KEY_BYTES)?);
                Some(Ok(FileKey::new(Box::new(*bytes))))
            }
            // It is for somebody else.
            Err(HpkeError::OpenError) => None,
            Err(_) => malformed(),
        }
    }
}

/// The bytes of a text in bech32 (BIP 173) without its limit of length.
fn data(text: &str, prefix: Hrp) -> Option<Vec<u8>> {
    let found = |hrp| (hrp == prefix).then_some(()).ok_or(());
    bech32_decode(text, |_| (), found, |_, bytes| Ok(bytes.collect())).ok()
}

/// MLKEM768-X25519 as a KEM of HPKE.
struct XWing;

#[derive(Clone)]
struct PrivateKey(Zeroizing<[u8; 32]>);

#[derive(Clone, Debug, PartialEq)]
struct PublicKey {
    ml_kem: Encapsulation,
    point: Point,
}

/// What is sent: a ciphertext of ML-KEM, and a point.
#[derive(Clone)]
struct Share {
    ml_kem: Ciphertext<MlKem768>,
    point: Point,
}

impl PrivateKey {
    /// Draws both keys from the seed.
    fn expand(&self) -> (Decapsulation, StaticSecret) {
        let mut stream = {
            let mut hash = Shake256::default();
            sha3::digest::Update::update(&mut hash, &*self.0);
            hash.finalize_xof()
        };
        let mut drawn = Zeroizing::new([[0; 32]; 3]);
        drawn.iter_mut().for_each(|part| stream.read(part));
        let [d, z, scalar] = &*drawn;
        let (ml_kem, _) = MlKem768::generate_deterministic(&(*d).into(), &(*z).into());
        (ml_kem, StaticSecret::from(*scalar))
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for PrivateKey {}
impl Eq for PublicKey {}

fn length(wanted: usize, given: &[u8]) -> Result<(), HpkeError> {
    match given.len() == wanted {
        true => Ok(()),
        false => Err(HpkeError::IncorrectInputLength(wanted, given.len())),
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        length(32, encoded)?;
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(encoded);
        Ok(Self(seed))
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&*self.0);
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        length(ML_KEM_KEY + 32, encoded)?;
        let (ml_kem, point) = encoded.split_at(ML_KEM_KEY);
        let wrong = |_| HpkeError::ValidationError;
        let key = Encapsulation::from_bytes(&ml_kem.try_into().map_err(wrong)?);
        let point: [u8; 32] = point.try_into().map_err(wrong)?;
        // The crate takes numbers beyond the modulus for smaller ones (FIPS 203, 7.2: refuse them).
        if key.as_bytes().as_slice() != ml_kem || protects_nothing(point) {
            return Err(HpkeError::ValidationError);
        }
        Ok(Self { ml_kem: key, point: point.into() })
    }
}

impl Serializable for PublicKey {
    type OutputSize = Sum<U1024, U192>;

    fn write_exact(&self, buffer: &mut [u8]) {
        let (ml_kem, point) = buffer.split_at_mut(ML_KEM_KEY);
        ml_kem.copy_from_slice(&self.ml_kem.as_bytes());
        point.copy_from_slice(self.point.as_bytes());
    }
}

impl Deserializable for Share {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        length(ML_KEM_CIPHERTEXT + 32, encoded)?;
        let (ml_kem, point) = encoded.split_at(ML_KEM_CIPHERTEXT);
        let wrong = |_| HpkeError::ValidationError;
        let point: [u8; 32] = point.try_into().map_err(wrong)?;
        Ok(Self { ml_kem: ml_kem.try_into().map_err(wrong)?, point: point.into() })
    }
}

impl Serializable for Share {
    type OutputSize = Sum<U1024, U96>;

    fn write_exact(&self, buffer: &mut [u8]) {
        let (ml_kem, point) = buffer.split_at_mut(ML_KEM_CIPHERTEXT);
        ml_kem.copy_from_slice(&self.ml_kem);
        point.copy_from_slice(self.point.as_bytes());
    }
}

impl hpke::Kem for XWing {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = Share;
    type NSecret = U32;
    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(key: &PrivateKey) -> PublicKey {
        let (ml_kem, scalar) = key.expand();
        PublicKey { ml_kem: ml_kem.encapsulation_key().clone(), point: (&scalar).into() }
    }

    /// Asked for by the trait. age's keys are seeds, and are drawn as such.
    fn derive_keypair(material: &[u8]) -> (PrivateKey, PublicKey) {
        let mut seed = Zeroizing::new([0; 32]);
        let mut hash = Shake256::default();
        sha3::digest::Update::update(&mut hash, material);
        hash.finalize_xof().read(&mut *seed);
        let key = PrivateKey(seed);
        let public = Self::sk_to_pk(&key);
        (key, public)
    }

    fn decap(
        key: &PrivateKey,
        sender: Option<&PublicKey>,
        share: &Share,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        let (ml_kem, scalar) = key.expand();
        let first = ml_kem.decapsulate(&share.ml_kem).map_err(|()| HpkeError::DecapError)?;
        let first = Zeroizing::new(<[u8; 32]>::from(first));
        let second = scalar.diffie_hellman(&share.point);
        // A point that gives everybody the same secret (RFC 7748, section 6.1). HPKE's mode with a
        // sender is not age's.
        if !second.was_contributory() || sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        Ok(combined(&first, second.as_bytes(), &share.point, &(&scalar).into()))
    }

    fn encap<R: CryptoRng + RngCore>(
        to: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        random: &mut R,
    ) -> Result<(SharedSecret<Self>, Share), HpkeError> {
        let (ml_kem, first) = to.ml_kem.encapsulate(random).map_err(|()| HpkeError::EncapError)?;
        let first = Zeroizing::new(<[u8; 32]>::from(first));
        let scalar = EphemeralSecret::random_from_rng(random);
        let point = Point::from(&scalar);
        let second = scalar.diffie_hellman(&to.point);
        if !second.was_contributory() || sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        Ok((combined(&first, second.as_bytes(), &point, &to.point), Share { ml_kem, point }))
    }
}

/// X-Wing's combiner: SHA3-256 of both secrets, the point that was sent and the one it is for.
fn combined(ml_kem: &[u8; 32], x25519: &[u8; 32], sent: &Point, to: &Point) -> SharedSecret<XWing> {
    let mut hash = Sha3_256::new();
    for part in [&ml_kem[..], x25519, sent.as_bytes(), to.as_bytes(), XWING_LABEL] {
        hash.update(part);
    }
    let mut secret = GenericArray::default();
    hash.finalize_into(&mut secret);
    SharedSecret(secret)
}

/// The generator of this program, for crates that know an older trait of it.
struct SystemRng;

impl RngCore for SystemRng {
    fn next_u32(&mut self) -> u32 {
        rand::rng().next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        rand::rng().next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RngError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for SystemRng {}

#[cfg(test)]
mod tests;
