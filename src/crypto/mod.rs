//! Cryptography: age files, identities and recipients, signatures, every key derivation.
//!
//! Knows no vault, no names and no policy. Nothing here reads the environment or asks:
//! whoever has a passphrase hands it in. Age files are hostile input and pass `header`
//! before the age crate sees them; its error texts never leave this module.

mod armor;
pub(crate) mod digest;
mod encrypt;
mod error;
mod file_key;
mod header;
mod hybrid;
mod identity;
pub(crate) mod keys;
pub(crate) mod known;
mod passphrase;
mod payload;
pub(crate) mod plugin;
mod recipient;
pub(crate) mod sign;
mod ssh_key;
mod ssh_wire;
#[cfg(test)]
mod test_keys;
pub(crate) mod text;

pub(crate) use armor::armored_in;
pub(crate) use encrypt::{
    decrypt, decrypt_armored, decrypt_up_to, encrypt, encrypt_armored, encrypt_up_to,
};
pub(crate) use error::CryptoError;
pub(crate) use file_key::{FileKey, decrypt_with_key, file_key};
pub(crate) use header::{scan, scan_passphrase};
pub(crate) use identity::Identity;
pub(crate) use passphrase::{
    MAX_FOREIGN_WORK_FACTOR, decrypt_with_passphrase_up_to, encrypt_with_passphrase,
};
pub(crate) use recipient::Recipient;
