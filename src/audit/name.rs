//! The name of a chain, and the head by which other chains and pins remember it.

use std::fmt;

use super::actor::Actor;
use crate::crypto::digest::Digest;
use crate::crypto::text::serde_as_text;

/// Longest chain name in bytes: the longest member name, a dash, a long clone id.
const MAX_CHAIN: usize = 160;

/// The name of a chain: `<member>-<clone id>` or `s-<session id>-<clone id>`.
///
/// Safe as a file name: it comes from `audit/` and from inside other chains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChainName(String);

impl ChainName {
    /// Parses a name, as a file's stem or a line holds it; `None` where it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let ok = text.len() <= MAX_CHAIN
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.bytes().all(fits)
            && text.rsplit_once('-').is_some_and(|(_, clone)| is_clone_id(clone));
        ok.then(|| Self(text.to_owned()))
    }

    /// Names the chain that `actor` writes in the clone `clone`; `None` where that id is
    /// not made of `a-z` and `0-9`.
    pub(crate) fn of(actor: &Actor, clone: &str) -> Option<Self> {
        is_clone_id(clone).then(|| Self::parse(&format!("{}-{clone}", prefix(actor))))?
    }

    /// Whether `actor` may open a chain of this name.
    pub(crate) fn belongs_to(&self, actor: &Actor) -> bool {
        self.0.rsplit_once('-').is_some_and(|(owner, _)| owner == prefix(actor))
    }

    /// The chain's path inside a vault, which its opening signature covers.
    pub(crate) fn vault_path(&self) -> String {
        format!("audit/{}.jsonl", self.0)
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn prefix(actor: &Actor) -> String {
    match actor {
        Actor::Member { name, .. } => name.to_string(),
        Actor::Token { id, .. } => format!("s-{id}"),
    }
}

fn is_clone_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

impl fmt::Display for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The last line of a chain at some moment: its number and the hash of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The line's number, from 1.
    pub(crate) seq: u64,
    /// The hash of the line's bytes without its newline.
    pub(crate) hash: Digest,
}

impl Head {
    /// Parses `<seq>:sha256:<hex>`; `None` for anything else, signs and leading zeros included.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.split_once(':')?;
        if !seq.starts_with(|c: char| matches!(c, '1'..='9')) {
            return None;
        }
        Some(Self { seq: seq.parse().ok()?, hash: Digest::parse(hash)? })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

serde_as_text!(ChainName, "expected the name of a chain");
serde_as_text!(Head, "expected a line number and its hash");

#[cfg(test)]
mod tests {
    use super::{ChainName, Head};
    use crate::audit::Actor;
    use crate::crypto::digest::Digest;
    use crate::name::MemberName;

    #[test]
    fn a_chain_is_named_after_its_writer_and_clone() {
        let alice = Actor::member(&MemberName::parse("alice-b").unwrap());
        let token = Actor::token("00112233aabbccdd", "");
        let of_alice = ChainName::of(&alice, "c1").unwrap();
        let of_token = ChainName::of(&token, "c1").unwrap();
        assert_eq!(of_alice.vault_path(), "audit/alice-b-c1.jsonl");
        assert_eq!(of_token.as_str(), "s-00112233aabbccdd-c1");
        assert!(of_alice.belongs_to(&alice) && !of_alice.belongs_to(&token));
        let shorter = Actor::member(&MemberName::parse("alice").unwrap());
        assert!(!of_alice.belongs_to(&shorter));
        assert_eq!(ChainName::of(&alice, "c-1"), None);
    }

    #[test]
    fn a_chain_name_is_a_safe_file_name() {
        for text in ["", "-", "alice", "alice-", "../a-1", "a/b-1", ".a-1", "A-1", "a-1\n", "a-1.x"]
        {
            assert_eq!(ChainName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_head_reads_back() {
        let head = Head { seq: 7, hash: Digest::of(b"line") };
        assert_eq!(Head::parse(&head.to_string()), Some(head));
        let hash = Digest::of(b"line");
        for text in [format!("0:{hash}"), format!("+7:{hash}"), format!("07:{hash}"), "7:".into()] {
            assert_eq!(Head::parse(&text), None, "{text}");
        }
    }
}
