//! Sessions: the token, what it derives, and the list of file keys that its grant seals.
//!
//! Pure values: nothing here reads the vault, decides access or knows who signed a grant.
//! The signed `grant.toml` is a document of the store; who may use it is decided by access.

mod keys;
mod token;

pub(crate) use keys::{GrantKey, GrantKeys, MAX_SEALED_KEYS};
pub(crate) use token::Token;
