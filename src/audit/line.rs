//! One line of a chain: its fields in their order, its bytes, its authenticate.
//!
//! A line has exactly one written form. Parsing accepts no other, so the last fields lie
//! at fixed distances from the end and what a mac or a signature covers is never a search.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::actor::Actor;
use super::event::{Op, Outcome};
use super::fault::Fault;
use super::limits::MAX_LINE;
use super::name::{ChainName, Head};
use super::stamp::Stamp;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::crypto::sign::Signature;
use crate::name::{ScopeName, SecretName};

/// `,"mac":"<64 hex>"}`
const MAC_TAIL: usize = 8 + 64 + 2;
/// `,"prev":"sha256:<64 hex>"`
const PREV_TAIL: usize = 9 + 7 + 64 + 1;
/// `,"sig":"ed25519:<88 base64>"`
const SIG_TAIL: usize = 8 + 8 + 88 + 1;

/// `prev` of a first line.
const NOTHING_BEFORE: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A line as it stands in a chain. The order of the fields is the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Number, from 1.
    pub(crate) seq: u64,
    /// When it was written.
    pub(crate) time: Stamp,
    /// The command's words.
    pub(crate) op: Op,
    /// The secrets it touched.
    pub(crate) secrets: Vec<SecretName>,
    /// The scope it ran in.
    pub(crate) scope: Option<ScopeName>,
    /// Who did it.
    pub(crate) actor: Actor,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Why it was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// A program's name.
    pub(crate) detail: Option<String>,
    /// Heads of other chains.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) heads: BTreeMap<ChainName, Head>,
    /// The chain's name; only in the first line of a segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<ChainName>,
    /// The first line of the segment before; only in the first line of a later segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
    /// The vault's id; only in line 1, like the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vault: Option<String>,
    /// The commitment to the chain key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Digest>,
    /// The opener's signature; sessions and members without a signing key have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sig: Option<Signature>,
    /// Hash of the previous line.
    pub(crate) prev: Digest,
    /// HMAC of everything before it.
    pub(crate) mac: Mac,
}

impl Line {
    /// Parses one line without its newline.
    ///
    /// # Errors
    /// [`Fault::TooLong`], [`Fault::NotALine`], [`Fault::Opening`], [`Fault::NotCanonical`].
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        Self::parse_with(bytes, &mut Vec::new())
    }

    /// As [`Line::parse`], with a buffer that can be used again.
    pub(super) fn parse_with(bytes: &[u8], buffer: &mut Vec<u8>) -> Result<Self, Fault> {
        if bytes.len() > MAX_LINE {
            return Err(Fault::TooLong);
        }
        let line: Self = serde_json::from_slice(bytes).map_err(|_| Fault::NotALine)?;
        line.check_shape()?;
        buffer.clear();
        serde_json::to_writer(&mut *buffer, &line).map_err(|_| Fault::NotALine)?;
        if buffer != bytes {
            return Err(Fault::NotCanonical);
        }
        Ok(line)
    }

    fn check_shape(&self) -> Result<(), Fault> {
        let opens = self.op == Op::CHAIN_OPEN;
        let parts = [self.vault.is_some(), self.key.is_some()];
        let begins = opens || self.after.is_some();
        let first = opens && self.after.is_none();
        if parts != [first; 2] || self.chain.is_some() != begins || opens != (self.seq == 1) {
            return Err(Fault::Opening);
        }
        let may_be_signed = opens && matches!(self.actor, Actor::Member { .. });
        if self.sig.is_some() && !may_be_signed {
            return Err(Fault::Opening);
        }
        Ok(())
    }

    /// Writes the line with its mac under `key`; whatever `mac` held before is not read.
    pub(super) fn authenticate(&self, key: &ChainKey) -> Result<Vec<u8>, Fault> {
        let mut bytes = serde_json::to_vec(self).map_err(|_| Fault::NotALine)?;
        bytes.truncate(mac_body(&bytes).len());
        let mac = key.mac(&bytes);
        bytes.extend_from_slice(b",\"mac\":\"");
        bytes.extend_from_slice(mac.as_bytes());
        bytes.extend_from_slice(b"\"}");
        // What reading would refuse is never written.
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// The bytes that the signature of this still unsigned opening has to cover.
    pub(super) fn to_sign(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = serde_json::to_vec(self).map_err(|_| Fault::NotALine)?;
        bytes.truncate(bytes.len().saturating_sub(PREV_TAIL + MAC_TAIL));
        Ok(bytes)
    }
}

/// `prev` of a first line: no hash at all.
pub(super) fn nothing_before() -> Result<Digest, Fault> {
    Digest::parse(NOTHING_BEFORE).ok_or(Fault::Prev)
}

/// What the mac of a parsed line covers.
pub(super) fn mac_body(line: &[u8]) -> &[u8] {
    before(line, MAC_TAIL)
}

/// The mac of a parsed line, as written.
pub(super) fn mac_text(line: &[u8]) -> &str {
    let from = line.len().saturating_sub(64 + 2);
    let to = line.len().saturating_sub(2);
    std::str::from_utf8(&line[from..to]).unwrap_or_default()
}

/// What the signature of a parsed and signed opening covers.
pub(super) fn signed_body(line: &[u8]) -> &[u8] {
    before(line, SIG_TAIL + PREV_TAIL + MAC_TAIL)
}

fn before(line: &[u8], tail: usize) -> &[u8] {
    &line[..line.len().saturating_sub(tail)]
}

/// Splits into whole lines without their newlines; true where a torn one follows.
pub(super) fn split(bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        lines.push(&bytes[start..end]);
        start = end + 1;
    }
    (lines, start < bytes.len())
}

/// Reads the lines of a chain without verifying it, for showing; counts what is no line.
pub(crate) fn read_lines(bytes: &[u8]) -> (Vec<Line>, usize) {
    let (raw, _) = split(bytes);
    let lines: Vec<Line> =
        raw.par_iter().with_min_len(256).filter_map(|line| Line::parse(line).ok()).collect();
    let unreadable = raw.len() - lines.len();
    (lines, unreadable)
}

/// A mac as it is written: 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mac([u8; 32]);

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut hex = [0; 64];
        HEXLOWER.encode_mut(&self.0, &mut hex);
        s.serialize_str(std::str::from_utf8(&hex).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let hex = <&str>::deserialize(d)?.as_bytes();
        let mut mac = [0; 32];
        if hex.len() == 64 && HEXLOWER.decode_mut(hex, &mut mac).is_ok() {
            Ok(Self(mac))
        } else {
            Err(serde::de::Error::custom("expected 64 lower-case hex digits"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{KEY, Sample};
    use super::{Line, mac_body, mac_text, read_lines, signed_body, split};
    use crate::audit::Actor;
    use crate::audit::fault::Fault;
    use crate::audit::limits::MAX_LINE;

    #[test]
    fn keys_stand_in_the_documented_order() {
        let sample = Sample::of(2);
        let lines = sample.lines();
        let line = String::from_utf8(lines[1].clone()).unwrap();
        let prefix = concat!(
            r#"{"seq":2,"time":"2026-11-23T10:00:01.000Z","op":"run","secrets":["db-url"],"#,
            r#""scope":"backend","actor":{"kind":"member","name":"alice"},"#,
            r#""outcome":"granted","detail":"server","prev":"sha256:"#
        );
        assert!(line.starts_with(prefix), "{line}");
        let opening = String::from_utf8(lines[0].clone()).unwrap();
        let at = |key: &str| opening.find(&format!(",\"{key}\":")).unwrap();
        let order = ["detail", "chain", "vault", "key", "sig", "prev", "mac"].map(at);
        assert!(order.is_sorted(), "{opening}");
        assert_eq!(signed_body(opening.as_bytes()).len(), at("sig"));
        assert!(KEY.verifies(mac_body(&lines[1]), mac_text(&lines[1])));
    }

    #[test]
    fn a_line_has_one_written_form() {
        let line = String::from_utf8(Sample::of(2).lines()[1].clone()).unwrap();
        assert!(Line::parse(line.as_bytes()).is_ok());
        let other_forms = [
            line.replace("{\"seq\":2,", "{ \"seq\":2,"),
            line.replace("\"seq\":2,", "").replace(",\"prev\"", ",\"seq\":2,\"prev\""),
            line.replace("\"detail\":\"server\",", "\"detail\":\"s\\u0065rver\","),
            line.replace("\"detail\":\"server\"", "\"detail\":\"server\",\"heads\":{}"),
            format!("{line} "),
            format!("{line}\r"),
        ];
        for other in other_forms {
            assert_eq!(Line::parse(other.as_bytes()), Err(Fault::NotCanonical), "{other}");
        }
        let no_lines = [
            line.replace("\"seq\":2", "\"seq\":2,\"seq\":2"),
            line.replace("\"detail\"", "\"more\":1,\"detail\""),
            line.replace("\"seq\":2", "\"seq\":-2"),
            line.replace("db-url", "../db"),
            line.replace("db-url", "db\\u001b"),
            line.replace("granted", "given"),
            "[".repeat(100_000),
            String::new(),
        ];
        for other in no_lines {
            assert_eq!(Line::parse(other.as_bytes()), Err(Fault::NotALine), "{other}");
        }
        let opening = line.replace("\"seq\":2", "\"seq\":1");
        assert_eq!(Line::parse(opening.as_bytes()), Err(Fault::Opening));
    }

    #[test]
    fn what_an_opening_holds_stands_in_an_opening_and_whole() {
        let lines = Sample::of(2).lines();
        let [opening, later] = [&lines[0], &lines[1]].map(|line| Line::parse(line).unwrap());
        let id = "0".repeat(16);
        let by_token = Line { actor: Actor::token(&id, ""), ..opening.clone() };
        let read = |line: &Line| Line::parse(&serde_json::to_vec(line).unwrap()).map(|_| ());
        assert_eq!(read(&Line { sig: None, ..by_token.clone() }), Ok(()));
        for wrong in [
            Line { vault: None, ..opening.clone() },
            Line { key: None, ..opening.clone() },
            Line { chain: None, ..opening.clone() },
            Line { seq: 2, ..opening.clone() },
            Line { after: Some(1), ..opening.clone() },
            Line { op: later.op.clone(), ..opening.clone() },
            Line { chain: opening.chain.clone(), ..later.clone() },
            Line { vault: opening.vault.clone(), key: opening.key, ..later.clone() },
            Line { sig: opening.sig, ..later },
            by_token,
        ] {
            assert_eq!(read(&wrong), Err(Fault::Opening), "{wrong:?}");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_not_parsed() {
        assert_eq!(Line::parse(&vec![b'x'; MAX_LINE]), Err(Fault::NotALine));
        assert_eq!(Line::parse(&vec![b'x'; MAX_LINE + 1]), Err(Fault::TooLong));
    }

    #[test]
    fn lines_are_split_at_newlines_only() {
        assert_eq!(split(b""), (vec![], false));
        assert_eq!(split(b"a\n\nb\n"), (vec![&b"a"[..], b"", b"b"], false));
        assert_eq!(split(b"a\nb"), (vec![&b"a"[..]], true));
    }

    #[test]
    fn what_is_no_line_is_counted_not_shown() {
        let mut bytes = Sample::of(3).bytes();
        bytes.extend_from_slice(b"garbage\ntorn");
        let (lines, unreadable) = read_lines(&bytes);
        assert_eq!((lines.len(), unreadable), (3, 1));
    }
}
