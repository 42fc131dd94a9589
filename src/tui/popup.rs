//! What lies over a section: a question, a form, a value, a text.

use authy::{Approval, ConflictView, RemovedSecret, SecretBytes, SecretName, SessionCreated};
use time::OffsetDateTime;

use super::effect::Work;
use super::form::Form;

/// A popup; there is one at most.
#[derive(Debug)]
pub(crate) enum Popup {
    /// The keys of the section below.
    Help {
        scroll: usize,
    },
    /// A question that `y` answers with yes.
    Confirm(Confirm),
    Form(Form),
    /// A value, for a while.
    Reveal(Reveal),
    /// A token, which nobody can show again.
    Token(Box<SessionCreated>),
    /// Lines to read.
    Text(Text),
    /// What both sides changed, and which of it is selected.
    Conflicts {
        list: Vec<ConflictView>,
        at: usize,
    },
    /// What was removed, and which of it is selected.
    Removed {
        list: Vec<RemovedSecret>,
        at: usize,
    },
    /// What waits for an admin.
    Approve {
        approval: Box<Approval>,
        text: Text,
    },
}

#[derive(Debug)]
pub(crate) struct Confirm {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    /// What is done on yes.
    pub(crate) yes: Option<Work>,
}

pub(crate) struct Reveal {
    pub(crate) name: SecretName,
    pub(crate) value: SecretBytes,
    pub(crate) until: OffsetDateTime,
    pub(crate) scroll: usize,
}

impl std::fmt::Debug for Reveal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reveal").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) scroll: usize,
}

impl Text {
    pub(crate) fn new(title: impl Into<String>, lines: Vec<String>) -> Self {
        Self { title: title.into(), lines, scroll: 0 }
    }
}

impl Popup {
    pub(crate) fn confirm(title: String, lines: Vec<String>, yes: Work) -> Self {
        Self::Confirm(Confirm { title, lines, yes: Some(yes) })
    }

    /// How far it is scrolled, where it can be.
    pub(crate) fn scroll(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { scroll }
            | Self::Reveal(Reveal { scroll, .. })
            | Self::Text(Text { scroll, .. })
            | Self::Approve { text: Text { scroll, .. }, .. } => Some(scroll),
            _ => None,
        }
    }

    /// What an approval means, in words, and what else was asked for.
    pub(crate) fn approve(approval: Box<Approval>, requests: Vec<String>) -> Self {
        let mut lines = crate::front::approval_lines(&approval);
        if !requests.is_empty() {
            lines.push(String::new());
            lines.extend(requests);
        }
        Self::Approve { approval, text: Text::new("Approve?", lines) }
    }
}
