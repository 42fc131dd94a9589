//! What a line records: the operation, who did it, how it ended.
//!
//! Operations are a type with one constant per command, so that no command can record
//! itself under a misspelt name; reading accepts any well-formed word, because a newer
//! authy may know more commands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::name::{ChainName, Head};
use crate::name::{MemberName, ScopeName, SecretName};

/// Longest operation in bytes.
const MAX_OP: usize = 64;
/// Characters of a session id: 8 bytes in hex.
const SESSION_ID: usize = 16;

/// What is to be recorded; the chain adds number, time, `prev` and `mac`.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The command's words.
    pub(crate) op: Op,
    /// The secrets it touches.
    pub(crate) secrets: Vec<SecretName>,
    /// The scope it ran in.
    pub(crate) scope: Option<ScopeName>,
    /// Who did it: the actor that opened the chain.
    pub(crate) actor: Actor,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// A program's name, never its arguments.
    pub(crate) detail: Option<String>,
    /// Heads of other chains, as seen now; empty in most lines.
    pub(crate) heads: BTreeMap<ChainName, Head>,
}

/// An operation: a command's words, joined by a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Op(Cow<'static, str>);

macro_rules! ops {
    ($($name:ident $text:literal,)*) => {
        impl Op {
            $(
                #[doc = concat!("`", $text, "`.")]
                pub(crate) const $name: Self = Self(Cow::Borrowed($text));
            )*
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

ops! {
    CHAIN_OPEN "chain.open",
    INIT "init",
    STORE "store",
    GET "get",
    REMOVE "remove",
    ROTATE "rotate",
    EDIT "edit",
    RENAME "rename",
    POLICY_CREATE "policy.create",
    POLICY_UPDATE "policy.update",
    POLICY_REMOVE "policy.remove",
    RUN "run",
    ENV "env",
    EXPORT "export",
    RESOLVE "resolve",
    OTP "otp",
    COMMIT "commit",
    ALLOW "allow",
    DENY "deny",
    CONFIG_SET "config.set",
    LIST "list",
    POLICY_SHOW "policy.show",
    POLICY_LIST "policy.list",
    POLICY_TEST "policy.test",
    AUDIT_SHOW "audit.show",
    AUDIT_VERIFY "audit.verify",
    MASK "run.mask",
    SESSION_CREATE "session.create",
    SESSION_LIST "session.list",
    SESSION_REFRESH "session.refresh",
    SESSION_REVOKE "session.revoke",
    SESSION_REVOKE_ALL "session.revoke-all",
    SESSION_EXPIRE "session.expire",
    REKEY "rekey",
}

impl Op {
    /// Parses words of `[a-z][a-z-]*` joined by dots; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        (text.len() <= MAX_OP && text.split('.').all(word)).then(|| Self(text.to_owned().into()))
    }

    /// The operation as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `words` is this operation or the command it belongs to (`policy`).
    pub(super) fn is_under(&self, words: &str) -> bool {
        self.0.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(<&str>::deserialize(d)?)
            .ok_or_else(|| serde::de::Error::custom("expected an operation"))
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was allowed; values may leave once the line is on disk.
    Granted,
    /// It was refused.
    Denied,
    /// It was allowed and did not work.
    Failed,
}

impl Outcome {
    /// The outcome as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// Who writes a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", try_from = "RawActor")]
pub(crate) enum Actor {
    /// A member, with an identity.
    Member {
        /// The member's name.
        name: MemberName,
    },
    /// A session token.
    Token {
        /// The session's id, 16 hex digits.
        id: String,
        /// The session's label, empty where it has none; any text.
        label: String,
    },
}

impl Actor {
    /// Whether both are the same member or the same session; a label decides nothing.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Member { name: a }, Self::Member { name: b }) => a == b,
            (Self::Token { id: a, .. }, Self::Token { id: b, .. }) => a == b,
            _ => false,
        }
    }

    /// Whether `text` is this member's name, or this session's id or label.
    pub(super) fn answers_to(&self, text: &str) -> bool {
        match self {
            Self::Member { name } => name.as_str() == text,
            Self::Token { id, label } => id == text || label == text,
        }
    }
}

/// Both shapes of an actor at once: serde's own tagged enums buffer every line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawActor {
    kind: RawKind,
    name: Option<MemberName>,
    id: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Member,
    Token,
}

impl TryFrom<RawActor> for Actor {
    type Error = &'static str;

    fn try_from(raw: RawActor) -> Result<Self, Self::Error> {
        match (raw.kind, raw.name, raw.id, raw.label) {
            (RawKind::Member, Some(name), None, None) => Ok(Self::Member { name }),
            (RawKind::Token, None, Some(id), Some(label)) if is_session_id(&id) => {
                Ok(Self::Token { id, label })
            }
            _ => Err("expected a member's name, or a token's id and label"),
        }
    }
}

fn is_session_id(id: &str) -> bool {
    id.len() == SESSION_ID && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Actor, Op};

    #[test]
    fn every_operation_reads_back() {
        for op in Op::ALL {
            assert_eq!(Op::parse(op.as_str()).as_ref(), Some(op));
        }
    }

    #[test]
    fn malformed_operations_are_refused() {
        for text in ["", ".", "a.", ".a", "A", "a b", "a\n", "-a", "a..b", &"a".repeat(65)] {
            assert_eq!(Op::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_command_covers_its_subcommands_only() {
        assert!(Op::POLICY_CREATE.is_under("policy"));
        assert!(Op::POLICY_CREATE.is_under("policy.create"));
        assert!(!Op::POLICY_CREATE.is_under("pol"));
        assert!(!Op::POLICY_CREATE.is_under("policy.creat"));
    }

    #[test]
    fn an_actor_has_exactly_the_fields_of_its_kind() {
        let good = [
            r#"{"kind":"member","name":"alice"}"#,
            r#"{"kind":"token","id":"00112233aabbccdd","label":"ci \u0007"}"#,
        ];
        for text in good {
            let actor: Actor = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&actor).unwrap(), text);
        }
        for text in [
            r#"{"kind":"member"}"#,
            r#"{"kind":"member","name":"Alice"}"#,
            r#"{"kind":"member","name":"alice","label":"x"}"#,
            r#"{"kind":"token","id":"../../x","label":""}"#,
            r#"{"kind":"token","id":"00112233aabbccdd"}"#,
            r#"{"kind":"token","id":"00112233aabbccdd","label":"","name":"alice"}"#,
            r#"{"kind":"root","name":"alice"}"#,
        ] {
            assert!(serde_json::from_str::<Actor>(text).is_err(), "{text}");
        }
    }
}
