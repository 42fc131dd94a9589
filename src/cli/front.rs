//! Answers the library's questions: passphrases, from the environment or the terminal.

use authy::{Front, Note, SecretBytes};

use super::ui::Ui;

/// The person at the terminal, if there is one.
pub(crate) struct Person {
    /// Where notes go.
    pub(crate) ui: Ui,
    /// `AUTHY_PASSPHRASE`.
    pub(crate) passphrase: Option<SecretBytes>,
    /// Whether prompting is allowed.
    pub(crate) may_ask: bool,
}

impl Person {
    fn prompt(&self, text: &str) -> Option<SecretBytes> {
        let typed = self.may_ask.then(|| rpassword::prompt_password(text).ok()).flatten()?;
        Some(SecretBytes::from(typed))
    }
}

impl Front for Person {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        self.passphrase.clone().or_else(|| self.prompt(&format!("Passphrase of {what}: ")))
    }

    fn new_passphrase(&self, what: &str) -> Option<SecretBytes> {
        if let Some(passphrase) = &self.passphrase {
            return Some(passphrase.clone());
        }
        loop {
            let first = self.prompt(&format!("New passphrase for {what}: "))?;
            let second = self.prompt("The same again: ")?;
            if first == second && !first.is_empty() {
                return Some(first);
            }
            self.ui.note("empty, or not the same; once more");
        }
    }

    fn note(&self, note: &Note) {
        self.ui.note(&note.to_string());
    }
}

/// Reads one hidden line from the terminal; `None` where there is none.
pub(crate) fn hidden(text: &str) -> Option<SecretBytes> {
    rpassword::prompt_password(text).ok().map(SecretBytes::from)
}
