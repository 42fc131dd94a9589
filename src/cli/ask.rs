//! Questions to the person at the terminal, and the answers that stand in for them.
//!
//! Everything is asked on `/dev/tty`, so standard input stays free for data. `None` means
//! there is nobody to ask; with `--no-input` there never is.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::rc::Rc;

use authy::{Front, Note, PluginName, PluginUser, ScopeName, SecretBytes};
use indicatif::ProgressBar;
use time::OffsetDateTime;

use super::agent::Above;
use super::prompt::{Form, Hidden};
use super::ui::Ui;

/// How often a passphrase may be mistyped.
pub(super) const ATTEMPTS: usize = 3;
/// What follows the first question for something new.
pub(super) const AGAIN: &str = "The same again: ";
/// The most bytes of a passphrase.
const PASSPHRASE: usize = 1 << 12;
/// As many secrets that it takes a moment to encrypt them.
const WORTH_A_BAR: usize = 100;

/// The person at the terminal, if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    ui: Ui,
    may_ask: bool,
}

impl Person {
    /// Returns somebody who is asked only where `may_ask` says so.
    pub(crate) const fn new(ui: Ui, may_ask: bool) -> Self {
        Self { ui, may_ask }
    }

    /// Tells whether anything may be asked at all.
    pub(crate) const fn may_ask(self) -> bool {
        self.may_ask
    }

    /// Takes the terminal for questions whose answers are not shown.
    pub(crate) fn hidden(self) -> Option<Hidden> {
        if self.may_ask { Hidden::begin() } else { None }
    }

    /// Tells what came of a question.
    pub(crate) fn tell(self, text: impl std::fmt::Display) {
        self.ui.show(&format!("authy: {text}"));
    }

    /// Asks a question that only a clear yes answers with yes.
    pub(crate) fn agrees(self, question: &str) -> Option<bool> {
        let answer = self.line(&format!("{question} [y/N] "))?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }

    /// Asks for a line, which is shown as it is typed.
    fn line(self, question: &str) -> Option<String> {
        if !self.may_ask {
            return None;
        }
        let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        write!(terminal, "{question}").ok()?;
        let mut answer = String::new();
        BufReader::new(terminal).read_line(&mut answer).ok()?;
        Some(answer.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl Person {
    /// Tells whether somebody at the terminal, who is asked where `makes_sense`, does not agree; false
    /// where nobody is there: a script means what it says.
    pub(crate) fn refuses(self, makes_sense: impl FnOnce() -> bool, question: &str) -> bool {
        let is_there = io::stdin().is_terminal() && io::stderr().is_terminal();
        is_there && makes_sense() && self.agrees(question) == Some(false)
    }
}

/// What age plugins ask and tell, in their own words.
impl PluginUser for Person {
    fn message(&self, plugin: &PluginName, text: &str) {
        self.ui.show(&format!("age-plugin-{plugin}: {text}"));
    }

    fn confirm(
        &self,
        plugin: &PluginName,
        text: &str,
        yes: &str,
        no: Option<&str>,
    ) -> Option<bool> {
        let no = no.unwrap_or("cancel");
        self.agrees(&format!("age-plugin-{plugin}: {text} (y: {yes}, n: {no})"))
    }

    fn answer(&self, plugin: &PluginName, text: &str, hidden: bool) -> Option<SecretBytes> {
        let question = format!("age-plugin-{plugin}: {text} ");
        if hidden {
            return Some(self.hidden()?.ask(&question, Form::Line, PASSPHRASE)?.text);
        }
        self.line(&question).map(SecretBytes::from)
    }

    fn consents(&self, question: &str) -> bool {
        self.agrees(question).unwrap_or(false)
    }
}

/// What the library asks and tells.
pub(crate) struct FrontOfPerson {
    /// Who is asked.
    pub(crate) person: Person,
    /// `AUTHY_PASSPHRASE`, which answers first.
    pub(crate) passphrase: Option<SecretBytes>,
    /// What was typed for which identity: a command that opens it twice asks once.
    pub(crate) typed: Rc<RefCell<BTreeMap<String, SecretBytes>>>,
    /// How often a wrong passphrase was typed.
    pub(crate) wrong: Cell<usize>,
    /// Whether a change is here that the remote does not have, and is to be sent at once.
    pub(crate) unsent: Rc<Cell<Option<bool>>>,
    /// Shows how far something is, where somebody looks on.
    pub(crate) bar: RefCell<Option<ProgressBar>>,
    /// What was said once, and is not to be said again.
    pub(crate) told: RefCell<Vec<String>>,
    /// The processes above.
    pub(crate) above: Rc<OnceCell<Above>>,
}

impl Front for FrontOfPerson {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        let known = || self.typed.borrow().get(what).cloned();
        if let Some(passphrase) = self.passphrase.clone().or_else(known) {
            return Some(passphrase);
        }
        let question = format!("Passphrase of {}: ", authy::printable(what));
        let passphrase = self.person.hidden()?.ask(&question, Form::Line, PASSPHRASE)?.text;
        self.typed.borrow_mut().insert(what.to_owned(), passphrase.clone());
        Some(passphrase)
    }

    fn given_passphrase(&self) -> Option<SecretBytes> {
        self.passphrase.clone()
    }

    fn asks_again(&self, what: &str) -> bool {
        // What a variable says is said again.
        if self.passphrase.is_some() || self.typed.borrow_mut().remove(what).is_none() {
            return false;
        }
        self.wrong.set(self.wrong.get() + 1);
        let again = self.wrong.get() < ATTEMPTS;
        if again {
            self.person.tell("wrong passphrase; try again");
        }
        again
    }

    fn new_passphrase(&self, what: &str) -> Option<SecretBytes> {
        if self.passphrase.is_some() {
            return self.passphrase.clone();
        }
        let what = authy::printable(what);
        let mut terminal = self.person.hidden()?;
        for _ in 0..ATTEMPTS {
            let first =
                terminal.ask(&format!("New passphrase for {what}: "), Form::Line, PASSPHRASE)?.text;
            let second = terminal.ask(AGAIN, Form::Line, PASSPHRASE)?.text;
            if first == second && !first.is_empty() {
                return Some(first);
            }
            self.person.tell("empty, or the two do not match");
        }
        None
    }

    fn consents(&self, question: &str) -> bool {
        self.person.agrees(question).unwrap_or(false)
    }

    fn was_given_above(&self, scope: &ScopeName, value: &SecretBytes) -> bool {
        self.above.get_or_init(Above::look).was_given(scope.as_str(), value.expose())
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn note(&self, note: &Note) {
        match note {
            // For the end of the command, which may send it.
            Note::Unsent { auto } => self.unsent.set(Some(*auto)),
            // A command may open the vault more than once.
            Note::NewerElsewhere { .. } | Note::WaitsInRequest { .. } => {
                let text = note.to_string();
                if !self.told.borrow().contains(&text) {
                    self.person.ui.note(note);
                    self.told.borrow_mut().push(text);
                }
            }
            _ => self.person.ui.note(note),
        }
    }

    fn progress(&self, done: usize, total: usize) {
        if total < WORTH_A_BAR || self.person.ui.is_quiet() || self.person.ui.wants_json() {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        // It draws on standard error, and only where that is a terminal.
        let bar = bar.get_or_insert_with(|| ProgressBar::new(total as u64));
        bar.set_position(done as u64);
        if done >= total {
            bar.finish_and_clear();
        }
    }
}
