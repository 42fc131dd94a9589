//! What whoever verifies a chain brings along.

use super::name::{ChainName, Head};
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::crypto::sign::VerifyKey;
use crate::name::MemberName;

/// What the caller knows about a chain before reading it.
pub(crate) struct Expect<'a> {
    /// Its name, from its file name.
    pub(crate) chain: &'a ChainName,
    /// The vault's id.
    pub(crate) vault: &'a str,
    /// Its key, where it can be unsealed here.
    pub(crate) key: Option<&'a ChainKey>,
    /// The key's commitment, where something signed names it (a session's grant).
    pub(crate) commitment: Option<Digest>,
    /// Every verify key a member ever had here; `None` for nobody's name.
    pub(crate) signer: &'a dyn Fn(&MemberName) -> Option<Vec<VerifyKey>>,
    /// The head this clone last verified.
    pub(crate) pinned: Option<Head>,
}
