//! What a command does, for its audit line.

use std::collections::BTreeMap;

use super::actor::Actor;
use super::event::{Event, Op, Outcome};
use crate::name::{ScopeName, SecretName};

/// What a command did or wanted to do.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    /// The command.
    pub(crate) op: Op,
    /// The secrets concerned.
    pub(crate) secrets: Vec<SecretName>,
    /// The scope, where there was one.
    pub(crate) scope: Option<ScopeName>,
    /// What else the line says: a program's name, never its arguments; a member; a session's id.
    pub(crate) detail: Option<String>,
}

impl Action {
    /// An action that concerns nothing yet.
    pub(crate) fn new(op: Op) -> Self {
        Self { op, secrets: Vec::new(), scope: None, detail: None }
    }

    /// The same action, concerning `secrets`.
    pub(crate) fn on(self, secrets: impl IntoIterator<Item = SecretName>) -> Self {
        Self { secrets: secrets.into_iter().collect(), ..self }
    }

    /// The same action, in a scope where there is one.
    pub(crate) fn within(self, scope: impl Into<Option<ScopeName>>) -> Self {
        Self { scope: scope.into(), ..self }
    }

    /// The same action, with something to say where there is something.
    pub(crate) fn saying(self, detail: impl Into<Option<String>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// What is recorded of it.
    pub(crate) fn event(&self, actor: Actor, outcome: Outcome, reason: Option<String>) -> Event {
        Event {
            op: self.op.clone(),
            secrets: self.secrets.clone(),
            scope: self.scope.clone(),
            actor,
            outcome,
            reason,
            detail: self.detail.clone(),
            heads: BTreeMap::new(),
        }
    }
}
