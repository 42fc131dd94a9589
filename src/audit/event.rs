//! What a line records: the operation, who did it, how it ended.
//!
//! Operations are a type with one constant per command, so that no command can record
//! itself under a misspelt name; reading accepts any well-formed word, because a newer
//! authy may know more commands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::actor::Actor;
use super::name::{ChainName, Head};
use crate::name::{ScopeName, SecretName};

/// Longest operation in bytes.
const MAX_OP: usize = 64;

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
    /// Why it was denied.
    pub(crate) reason: Option<String>,
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
                #[allow(dead_code, reason = "some are of features")]
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
    ANNOTATE "annotate",
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
    SCAN "scan",
    OTP "otp",
    REQUEST "request",
    HELPER_GIT "helper.git",
    HELPER_CARGO "helper.cargo",
    HELPER_DOCKER "helper.docker",
    HELPER_KEYRING "helper.keyring",
    HELPER_KUBECTL "helper.kubectl",
    HELPER_TERRAFORM "helper.terraform",
    HELPER_AWS "helper.aws",
    HELPER_ANSIBLE "helper.ansible",
    HELPER_ASKPASS "helper.askpass",
    HELPER_NPM "helper.npm",
    HELPER_OPENCLAW "helper.openclaw",
    COMMIT "commit",
    ALLOW "allow",
    DENY "deny",
    CONFIG_SET "config.set",
    UNLOCK "unlock",
    LOCK "lock",
    LIST "list",
    STATUS "status",
    POLICY_SHOW "policy.show",
    POLICY_LIST "policy.list",
    POLICY_TEST "policy.test",
    AUDIT_SHOW "audit.show",
    AUDIT_VERIFY "audit.verify",
    AUDIT_ACCEPT "audit.accept",
    MASK "run.mask",
    SEAL "seal",
    SESSION_CREATE "session.create",
    SESSION_LIST "session.list",
    SESSION_REFRESH "session.refresh",
    SESSION_REVOKE "session.revoke",
    SESSION_REVOKE_ALL "session.revoke-all",
    SESSION_EXPIRE "session.expire",
    REKEY "rekey",
    MEMBER_ADD "member.add",
    MEMBER_UPDATE "member.update",
    CHECK "check",
    APPROVE "approve",
    RESTORE "restore",
    UNDO "undo",
    MEMBER_REMOVE "member.remove",
    IMPORT "import",
    SYNC "sync",
    CONFLICT_SHOW "conflict.show",
    CONFLICT_TAKE "conflict.take",
}

impl Op {
    /// Parses words of `[a-z][a-z-]*` joined by dots; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::is_op(text).then(|| Self(text.to_owned().into()))
    }

    /// Whether `text` is an operation.
    pub(super) fn is_op(text: &str) -> bool {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        text.len() <= MAX_OP && text.split('.').all(word)
    }

    /// The operation as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `words` is this operation or the command it belongs to (`policy`).
    pub(crate) fn is_under(&self, words: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::Op;

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
}
