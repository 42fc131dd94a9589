//! Who writes a chain, and how a line says so.

use serde::{Deserialize, Serialize};

use crate::name::{MemberName, SessionId};

/// Who writes a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", try_from = "RawActor")]
pub(crate) enum Actor {
    /// A member, with an identity.
    Member {
        /// The member's name.
        name: MemberName,
        /// The marker of an AI agent that was at work; any text.
        #[serde(skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
    /// A session token.
    Token {
        /// The session's id, 16 hex digits.
        id: String,
        /// The session's label, empty where it has none; any text.
        label: String,
        /// As a member's.
        #[serde(skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
}

impl Actor {
    /// This member, by themselves.
    pub(crate) fn member(name: &MemberName) -> Self {
        Self::Member { name: name.clone(), agent: None }
    }

    /// This session, with no agent's marker.
    pub(crate) fn token(id: &str, label: &str) -> Self {
        Self::Token { id: id.to_owned(), label: label.to_owned(), agent: None }
    }

    /// The same, at work by this agent.
    pub(crate) fn by_agent(mut self, marker: Option<&str>) -> Self {
        let (Self::Member { agent, .. } | Self::Token { agent, .. }) = &mut self;
        *agent = marker.map(str::to_owned);
        self
    }

    /// The marker of the agent at work.
    pub(super) fn agent(&self) -> Option<&str> {
        let (Self::Member { agent, .. } | Self::Token { agent, .. }) = self;
        agent.as_deref()
    }

    /// Whether both are the same member or the same session; a label or an agent decides nothing.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Member { name: a, .. }, Self::Member { name: b, .. }) => a == b,
            (Self::Token { id: a, .. }, Self::Token { id: b, .. }) => a == b,
            _ => false,
        }
    }

    /// Whether `text` is this member's name, or this session's id or label.
    pub(super) fn answers_to(&self, text: &str) -> bool {
        match self {
            Self::Member { name, .. } => name.as_str() == text,
            Self::Token { id, label, .. } => id == text || label == text,
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
    agent: Option<String>,
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
            (RawKind::Member, Some(name), None, None) => {
                Ok(Self::Member { name, agent: raw.agent })
            }
            (RawKind::Token, None, Some(id), Some(label)) if SessionId::parse(&id).is_ok() => {
                Ok(Self::Token { id, label, agent: raw.agent })
            }
            _ => Err("expected a member's name, or a token's id and label"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Actor;

    #[test]
    fn an_actor_is_called_by_name_and_a_session_by_id_or_label() {
        let alice: Actor = serde_json::from_str(r#"{"kind":"member","name":"alice"}"#).unwrap();
        assert!(alice.answers_to("alice") && !alice.answers_to("ali") && !alice.answers_to(""));
        let token = r#"{"kind":"token","id":"00112233aabbccdd","label":"ci"}"#;
        let token: Actor = serde_json::from_str(token).unwrap();
        assert!(token.answers_to("00112233aabbccdd") && token.answers_to("ci"));
        assert!(!token.answers_to("0011") && !token.answers_to("alice"));
    }

    #[test]
    fn an_actor_has_exactly_the_fields_of_its_kind() {
        let good = [
            r#"{"kind":"member","name":"alice"}"#,
            r#"{"kind":"token","id":"00112233aabbccdd","label":"ci \u0007"}"#,
            r#"{"kind":"member","name":"alice","agent":"CLAUDECODE"}"#,
            r#"{"kind":"token","id":"00112233aabbccdd","label":"","agent":"GEMINI_CLI"}"#,
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
