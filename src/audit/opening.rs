//! Checking line 1: is it this chain, of this vault, with this key, and who vouches for it?

use super::actor::Actor;
use super::expect::Expect;
use super::fault::Fault;
use super::line::{Line, mac_body, mac_text, nothing_before, signed_body};
use crate::crypto::sign::Statement;
use crate::name::MemberName;

/// What a sound opening tells the rest of the verification.
#[derive(Debug)]
pub(super) struct Opened {
    /// The only actor that may stand in the chain.
    pub(super) actor: Actor,
    /// Whether a signature or a signed grant stands behind the chain's key.
    pub(super) vouched: bool,
}

/// Checks line 1, given without its newline.
pub(super) fn check(bytes: &[u8], expect: &Expect<'_>) -> Result<Opened, Fault> {
    let line = Line::parse(bytes)?;
    if line.seq != 1 {
        return Err(Fault::Sequence { found: line.seq });
    }
    let (Some(chain), Some(vault), Some(key)) = (&line.chain, &line.vault, line.key) else {
        return Err(Fault::Opening);
    };
    if line.prev != nothing_before()? {
        return Err(Fault::Prev);
    }
    if chain != expect.chain {
        return Err(Fault::WrongChain { found: chain.clone() });
    }
    if vault != expect.vault {
        return Err(Fault::WrongVault);
    }
    if !chain.belongs_to(&line.actor) {
        return Err(Fault::WrongOwner);
    }
    if expect.commitment.is_some_and(|known| known != key)
        || expect.key.is_some_and(|known| known.commitment() != key)
    {
        return Err(Fault::Key);
    }
    if expect.key.is_some_and(|key| !key.verifies(mac_body(bytes), mac_text(bytes))) {
        return Err(Fault::Mac);
    }
    let signed = match &line.actor {
        Actor::Member { name, .. } => is_signed(&line, name, bytes, expect)?,
        Actor::Token { .. } => false,
    };
    Ok(Opened { vouched: signed || expect.commitment.is_some(), actor: line.actor })
}

/// Whether `by`, a member known to the caller, signed the opening.
///
/// One without a signature is no fault: members who have not joined yet have no key to
/// sign with. Nothing vouches for such a chain until another one has seen it.
fn is_signed(
    line: &Line,
    by: &MemberName,
    bytes: &[u8],
    expect: &Expect<'_>,
) -> Result<bool, Fault> {
    let Some(keys) = (expect.signer)(by) else {
        return Err(Fault::UnknownSigner { by: by.clone() });
    };
    let Some(signature) = &line.sig else { return Ok(false) };
    let statement = Statement {
        vault: expect.vault,
        path: &expect.chain.vault_path(),
        body: signed_body(bytes),
        by: by.as_str(),
        at: &line.time.to_string(),
    };
    if keys.iter().any(|key| key.verifies(&statement, signature)) {
        Ok(true)
    } else {
        Err(Fault::Signature { by: by.clone() })
    }
}
