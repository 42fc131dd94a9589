//! How the audit line of a new session vouches for the key of the session's chains.

use crate::crypto::digest::Digest;
use crate::name::SessionId;

/// The detail of the audit line of a new session.
pub(crate) fn created_line(id: &SessionId, commitment: Digest) -> String {
    format!("{id} chain {commitment}")
}

/// Reads a session and the commitment to its chain key from the detail of such a line.
pub(crate) fn parse_created_line(detail: &str) -> Option<(SessionId, Digest)> {
    let (id, commitment) = detail.split_once(" chain ")?;
    Some((SessionId::parse(id).ok()?, Digest::parse(commitment)?))
}
