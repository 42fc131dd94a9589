//! The usual line, checked where it stands.
//!
//! Nearly all lines of a chain are of one shape: no heads, no first line of a segment, no
//! character that is escaped. Reading one into a [`Line`](super::line::Line) and writing it
//! again costs several times its hash, so verification looks at the bytes first. What this
//! reads, `Line::parse` reads too, to the same effect; whatever this does not know, it leaves.
//! It halves the time of a verification (docs/PERFORMANCE.md, "Fast paths").

use super::event::Op;
use super::limits::MAX_LINE;
use super::stamp::Stamp;
use crate::name::{MemberName, ScopeName, SecretName, SessionId};

/// What verification asks of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FastLine<'l> {
    /// Its number.
    pub(super) seq: u64,
    /// The command's words.
    pub(super) op: &'l str,
    /// Who wrote it.
    pub(super) by: By<'l>,
    /// The hash of the line before it, 64 hex digits.
    pub(super) prev: &'l str,
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By<'l> {
    /// A member of this name.
    Member(&'l str),
    /// The token of the session with this id.
    Token(&'l str),
}

/// Reads a usual line; `None` for any other, damaged or not.
pub(super) fn usual(bytes: &[u8]) -> Option<FastLine<'_>> {
    if bytes.len() > MAX_LINE {
        return None;
    }
    let mut rest = Rest(std::str::from_utf8(bytes).ok()?);
    rest.eat("{\"seq\":")?;
    let seq = rest.number()?;
    rest.eat(",\"time\":\"")?;
    Stamp::parse(rest.text()?)?;
    rest.eat(",\"op\":\"")?;
    let op = rest.text()?;
    rest.eat(",\"secrets\":[")?;
    rest.names()?;
    rest.eat(",\"scope\":")?;
    let is_scope = rest.text_or_null()?.is_none_or(ScopeName::is_name);
    rest.eat(",\"actor\":{\"kind\":\"")?;
    let by = rest.actor()?;
    rest.eat(",\"outcome\":\"")?;
    let is_outcome = matches!(rest.text()?, "granted" | "denied" | "failed");
    if rest.eat(",\"reason\":\"").is_some() {
        rest.text()?;
    }
    rest.eat(",\"detail\":")?;
    rest.text_or_null()?;
    rest.eat(",\"prev\":\"sha256:")?;
    let prev = rest.hash()?;
    rest.eat(",\"mac\":\"")?;
    rest.hash()?;
    let is_whole = rest.0 == "}" && is_scope && is_outcome;
    // Line 1 opens the chain, and no other does.
    let goes_on = seq > 1 && op != Op::CHAIN_OPEN.as_str() && Op::is_op(op);
    (is_whole && goes_on).then_some(FastLine { seq, op, by, prev })
}

/// What of a line is still to be read.
struct Rest<'l>(&'l str);

impl<'l> Rest<'l> {
    fn eat(&mut self, words: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(words)?;
        Some(())
    }

    /// A number as it is written: no sign, no zeros in front.
    fn number(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|b| !b.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.starts_with('0')).then(|| digits.parse().ok()).flatten()
    }

    /// What stands up to the next quote, if nothing in it is escaped.
    fn text(&mut self) -> Option<&'l str> {
        let end = self.0.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ')?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.eat("\"")?;
        Some(text)
    }

    /// 64 hex digits, and the quote after them.
    fn hash(&mut self) -> Option<&'l str> {
        let (hash, rest) = self.0.split_at_checked(64)?;
        self.0 = rest;
        self.eat("\"")?;
        // Without an early end, so that many bytes are looked at in one go.
        let is_hex = |b: u8| b.is_ascii_digit() | (b'a'..=b'f').contains(&b);
        hash.bytes().fold(true, |all, b| all & is_hex(b)).then_some(hash)
    }

    fn text_or_null(&mut self) -> Option<Option<&'l str>> {
        if self.eat("null").is_some() {
            return Some(None);
        }
        self.eat("\"")?;
        self.text().map(Some)
    }

    /// Names of secrets, and the bracket after them.
    fn names(&mut self) -> Option<()> {
        if self.eat("]").is_some() {
            return Some(());
        }
        loop {
            self.eat("\"")?;
            if !SecretName::is_name(self.text()?) {
                return None;
            }
            if self.eat("]").is_some() {
                return Some(());
            }
            self.eat(",")?;
        }
    }

    fn actor(&mut self) -> Option<By<'l>> {
        let by = match self.text()? {
            "member" => {
                self.eat(",\"name\":\"")?;
                By::Member(self.text().filter(|name| MemberName::is_name(name))?)
            }
            "token" => {
                self.eat(",\"id\":\"")?;
                let id = self.text().filter(|id| SessionId::parse(id).is_ok())?;
                self.eat(",\"label\":\"")?;
                self.text()?;
                By::Token(id)
            }
            _ => return None,
        };
        if self.eat(",\"agent\":\"").is_some() {
            self.text()?;
        }
        self.eat("}")?;
        Some(by)
    }
}

/// Whether the whole reader says the same of these bytes.
#[cfg(any(test, fuzzing, feature = "workbench"))]
pub(crate) fn agrees(bytes: &[u8]) -> bool {
    let Some(found) = usual(bytes) else { return true };
    let Ok(line) = super::line::Line::parse(bytes) else { return false };
    let by = match &line.actor {
        super::actor::Actor::Member { name, .. } => By::Member(name.as_str()),
        super::actor::Actor::Token { id, .. } => By::Token(id),
    };
    let is_bare = line.heads.is_empty() && line.chain.is_none() && line.after.is_none();
    is_bare
        && (found.seq, found.op, found.by) == (line.seq, line.op.as_str(), by)
        && line.prev.to_string() == format!("sha256:{}", found.prev)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Sample, event, key};
    use super::{By, MAX_LINE, agrees, usual};
    use crate::audit::actor::Actor;
    use crate::audit::event::Outcome;
    use crate::audit::line::Line;
    use crate::name::{ScopeName, SecretName};

    /// A line of a chain, sealed, with these parts.
    fn line(secrets: &[String], scope: Option<&str>, detail: Option<String>) -> Vec<u8> {
        let mut line = Line::parse(&Sample::of(2).lines()[1]).unwrap();
        line.secrets = secrets.iter().filter_map(|name| SecretName::parse(name).ok()).collect();
        line.scope = scope.and_then(|scope| ScopeName::parse(scope).ok());
        line.outcome = if secrets.is_empty() { Outcome::Denied } else { Outcome::Failed };
        let is_short = |text: &String| text.len() < 1000 && !text.starts_with('x');
        line.reason = detail.clone().filter(is_short);
        line.actor = line.actor.by_agent(scope);
        line.detail = detail;
        line.authenticate(&key(7)).unwrap()
    }

    #[test]
    fn the_lines_that_are_written_are_read() {
        let lines = Sample::of(3).lines();
        assert!(usual(&lines[0]).is_none());
        let found = usual(&lines[2]).unwrap();
        assert_eq!((found.seq, found.by), (3, By::Member("alice")));
        assert!(agrees(&lines[2]));
        for detail in [None, Some("node".to_owned()), Some("ünï".to_owned())] {
            let line = line(&["a".into(), "b/c".into()], Some("ci"), detail);
            assert!(usual(&line).is_some() && agrees(&line));
        }
        let escaped = line(&[], None, Some("a\"b".to_owned()));
        assert!(usual(&escaped).is_none());
        let actor = Actor::token("00112233aabbccdd", "ci");
        let mut line = Line::parse(&lines[1]).unwrap();
        line.actor = actor;
        let line = line.authenticate(&key(7)).unwrap();
        assert_eq!(usual(&line).unwrap().by, By::Token("00112233aabbccdd"));
        assert_eq!(event().outcome, Outcome::Granted);
    }

    #[test]
    fn what_the_whole_reader_refuses_is_left_to_it() {
        let text = String::from_utf8(line(&[], None, Some("x".to_owned()))).unwrap();
        let with = |detail: &str| text.replace("\"x\"", &format!("\"{detail}\"")).into_bytes();
        assert!(usual(&with("y z")).is_some());
        for detail in ["\\q", "\\", "\u{1}", "\u{1f}", "\t"] {
            assert!(usual(&with(detail)).is_none() && agrees(&with(detail)), "{detail:?}");
        }
        assert!(usual(text.replace("{\"seq\":2,", "{\"seq\":1,").as_bytes()).is_none());
        let most = MAX_LINE - with("").len();
        assert!(usual(&with(&"x".repeat(most))).is_some());
        assert!(usual(&with(&"x".repeat(most + 1))).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_read_here_is_read_to_the_same_effect(
            secrets in prop::collection::vec("[a-z0-9./-]{1,12}", 0..4),
            detail in prop::option::of("\\PC{0,12}"),
            cut in any::<prop::sample::Index>(),
            piece in prop_oneof![Just(String::new()), "[ -~]{1,3}", "\\PC{1,2}"],
            removed in 0_usize..3,
        ) {
            let good = line(&secrets, Some("ci"), detail);
            prop_assert!(agrees(&good));
            let at = cut.index(good.len());
            let end = (at + removed).min(good.len());
            let changed = [&good[..at], piece.as_bytes(), &good[end..]].concat();
            prop_assert!(agrees(&changed), "{}", String::from_utf8_lossy(&changed));
        }
    }
}
