//! The state of the interface, and `update`: an action in, effects out, no input or output.

use std::cell::Cell;
use std::time::Duration;

use authy::{
    AuditEntry, BriefStatus, ListEntry, MemberView, PastVersion, PolicyView, SecretName,
    SessionView,
};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use time::OffsetDateTime;

use super::asked::Asked;
use super::burst;
use super::effect::{Action, Effect, ErrorText, Section, Who, Work};
use super::form::{Form, Pressed, Purpose};
use super::forms;
use super::input::Input;
use super::keys::{self, Command};
use super::listing::{FilterMode, Listing};
use super::mouse::Places;
use super::popup::Popup;

/// How long a message stays.
const MESSAGE: Duration = Duration::from_secs(12);
/// After so long it has been read, and the next key takes it away.
const READ: Duration = Duration::from_secs(2);

/// What is said at the bottom.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
    pub(crate) is_error: bool,
    until: OffsetDateTime,
}

/// How secrets are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    /// The newest values first.
    Age,
    /// What is due for rotation first.
    Due,
}

/// The past of a secret, as far as it was asked for.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) name: SecretName,
    /// The version it was asked for at.
    pub(crate) version: u64,
    /// `None` while it is being read.
    pub(crate) found: Option<Result<Vec<PastVersion>, ErrorText>>,
}

/// The interface.
#[derive(Debug)]
pub(crate) struct App {
    /// Where the vault is, for people.
    pub(crate) vault: String,
    pub(crate) now: OffsetDateTime,
    /// The form that opens the identity, while nobody has.
    pub(crate) locked: Option<Form>,
    pub(crate) who: Option<Who>,
    /// What waits, as the title tells it.
    pub(crate) brief: Option<BriefStatus>,
    pub(super) sort: Sort,
    pub(crate) section: Section,
    pub(crate) secrets: Listing<ListEntry>,
    pub(crate) policies: Listing<PolicyView>,
    pub(crate) sessions: Listing<SessionView>,
    pub(crate) audit: Listing<AuditEntry>,
    pub(crate) members: Listing<MemberView>,
    pub(crate) past: Option<Past>,
    /// What was selected at the last tick.
    pub(super) rested: Option<SecretName>,
    pub(crate) popup: Option<Popup>,
    /// What a plugin asks, over all of it.
    pub(crate) asked: Option<Asked>,
    /// How far the popup could be scrolled when it was drawn: only drawing knows.
    pub(crate) reach: Cell<usize>,
    /// Where things were drawn last.
    pub(crate) places: Cell<Places>,
    /// Where and when the mouse was clicked last.
    pub(super) clicked: Option<((u16, u16), OffsetDateTime)>,
    pub(crate) message: Option<Message>,
    /// What the worker is at, where that is worth saying.
    pub(crate) busy: Option<&'static str>,
    /// How many of how many of that are done.
    pub(crate) progress: Option<(usize, usize)>,
    pub(super) keyfile: String,
    pub(super) touched: OffsetDateTime,
    /// After so long without a key the identity is forgotten; `None`: never.
    pub(super) lock_after: Option<Duration>,
}

impl App {
    pub(crate) fn new(vault: String, now: OffsetDateTime, lock_after: Option<Duration>) -> Self {
        Self {
            vault,
            now,
            locked: Some(forms::unlock("")),
            who: None,
            brief: None,
            sort: Sort::Name,
            section: Section::Secrets,
            secrets: Listing::new(FilterMode::Fuzzy),
            policies: Listing::new(FilterMode::Fuzzy),
            sessions: Listing::new(FilterMode::Fuzzy),
            audit: Listing::new(FilterMode::Words),
            members: Listing::new(FilterMode::Fuzzy),
            past: None,
            rested: None,
            popup: None,
            asked: None,
            reach: Cell::new(usize::MAX),
            places: Cell::default(),
            clicked: None,
            message: None,
            busy: None,
            progress: None,
            keyfile: String::new(),
            touched: now,
            lock_after,
        }
    }

    /// What is to be done first: whoever needs no passphrase sees no question.
    pub(crate) fn start(&mut self) -> Vec<Effect> {
        if let Some(form) = &mut self.locked {
            form.busy = true;
        }
        vec![Effect::Work(Work::Unlock { keyfile: None, passphrase: None })]
    }

    /// Takes an action, at a moment.
    pub(crate) fn update(&mut self, now: OffsetDateTime, action: Action) -> Vec<Effect> {
        self.now = now;
        if self.message.as_ref().is_some_and(|message| message.until <= now) {
            self.message = None;
        }
        match action {
            Action::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Action::Key(key) => {
                self.touched = now;
                self.key(key)
            }
            Action::Mouse(mouse) => {
                self.touched = now;
                self.mouse(mouse)
            }
            Action::Burst(keys) => self.burst(now, &keys),
            Action::Paste(text) => {
                self.touched = now;
                self.paste(&text);
                Vec::new()
            }
            Action::Resized => Vec::new(),
            Action::Stopped => self.command(Command::Suspend),
            Action::Tick => self.tick(),
            Action::Reply(done) => self.done(done),
        }
    }

    fn tick(&mut self) -> Vec<Effect> {
        if matches!(&self.popup, Some(Popup::Reveal(reveal)) if reveal.until <= self.now) {
            self.popup = None;
        }
        let idle = self.now - self.touched;
        if self.locked.is_none() && self.lock_after.is_some_and(|after| idle >= after) {
            let effects = self.lock();
            self.say("locked, as nobody pressed a key for a while");
            return effects;
        }
        self.look_back()
    }

    /// Whether something on the screen changes by itself.
    pub(crate) fn is_moving(&self) -> bool {
        self.busy.is_some()
            || self.message.is_some()
            || matches!(self.popup, Some(Popup::Reveal(_)))
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        let (text, until) = (text.into(), self.now + MESSAGE);
        self.message = Some(Message { text, hint: None, is_error: false, until });
    }

    pub(super) fn fail(&mut self, told: ErrorText) {
        let until = self.now + MESSAGE;
        let ErrorText { message: text, hint } = told;
        self.message = Some(Message { text, hint, is_error: true, until });
    }

    /// Forgets who is at work and all that was read.
    pub(super) fn lock(&mut self) -> Vec<Effect> {
        let mut fresh = Self::new(std::mem::take(&mut self.vault), self.now, self.lock_after);
        fresh.section = self.section;
        fresh.keyfile = std::mem::take(&mut self.keyfile);
        fresh.locked = Some(forms::unlock(&fresh.keyfile));
        if let Some(form) = &mut fresh.locked {
            form.focus = 1;
        }
        *self = fresh;
        vec![Effect::Work(Work::Lock)]
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let is_read = |message: &Message| message.until - self.now <= MESSAGE - READ;
        if self.message.as_ref().is_some_and(is_read) {
            self.message = None;
        }
        if let Some(command) = keys::always(key) {
            return self.command(command);
        }
        if self.locked.is_some() {
            return self.unlock_key(key);
        }
        if self.asked.is_some() {
            return self.asked_key(key);
        }
        if self.popup.is_some() {
            return self.popup_key(key);
        }
        if self.is_filtering() {
            self.filter_key(key);
            return Vec::new();
        }
        match (keys::command(self.section, key), key.code) {
            (Some(command), _) => self.command(command),
            (None, KeyCode::Esc) => {
                // One after the other: a filter is how one got to what is marked.
                if self.section != Section::Secrets || !self.secrets.unmark() {
                    self.clear_filter();
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn unlock_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(form) = &mut self.locked else { return Vec::new() };
        match form.key(key) {
            Pressed::Cancel => vec![Effect::Quit],
            Pressed::Submit => {
                let Ok(work) = forms::submit(form) else { return Vec::new() };
                form.busy = true;
                form.error = None;
                vec![Effect::Work(work)]
            }
            _ => Vec::new(),
        }
    }

    /// Takes keys that came at once: where a text of several lines may stand, that is what lines
    /// of them are.
    fn burst(&mut self, now: OffsetDateTime, mut keys: &[KeyEvent]) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let [key, rest @ ..] = keys {
            let takes_lines = self.input().is_some_and(|input| input.has_lines());
            match burst::text(keys).filter(|_| takes_lines) {
                Some((text, count)) => {
                    self.paste(&text);
                    keys = &keys[count..];
                }
                None => {
                    effects.extend(self.update(now, Action::Key(*key)));
                    keys = rest;
                }
            }
        }
        effects
    }

    fn paste(&mut self, text: &str) {
        if let Some(input) = self.input() {
            input.paste(text);
            self.form().into_iter().for_each(Form::touch);
        } else if self.popup.is_none() && self.is_filtering() {
            self.with_filter(|filter| filter.paste(text));
        }
    }

    /// Where in a form one types.
    fn input(&mut self) -> Option<&mut Input> {
        if let Some(asked) = &mut self.asked {
            return if let Popup::Form(form) = &mut asked.popup { form.input() } else { None };
        }
        match (&mut self.locked, &mut self.popup) {
            (Some(form), _) | (None, Some(Popup::Form(form))) => form.input(),
            _ => None,
        }
    }

    /// The form that is open.
    pub(super) fn form(&mut self) -> Option<&mut Form> {
        match &mut self.popup {
            Some(Popup::Form(form)) => Some(form),
            _ => None,
        }
    }

    /// The form that was handed in and waits for its answer: another one may have been opened
    /// meanwhile.
    pub(super) fn waiting_form(&mut self) -> Option<&mut Form> {
        self.form().filter(|form| form.busy)
    }

    /// Shows an answer, unless somebody is filling in a form by now.
    pub(super) fn show(&mut self, popup: Popup) {
        if self.form().is_none() {
            self.popup = Some(popup);
        }
    }

    pub(super) fn open(&mut self, form: Form) -> Vec<Effect> {
        self.popup = Some(Popup::Form(form));
        Vec::new()
    }

    /// Hands the worker something that takes a while.
    pub(super) fn begin(&mut self, work: Work) -> Effect {
        self.progress = None;
        self.busy = Some(match work {
            Work::Verify => "verifying the audit trail",
            Work::Approve(_) => "approving",
            Work::MemberRemove(_) => "removing, and encrypting to those who stay",
            Work::SessionRevokeAll | Work::SessionRevoke(_) => "revoking",
            Work::Sync | Work::Take { .. } => "syncing",
            Work::UndoPlan => "looking at the last change",
            Work::Removed => "looking for what was removed",
            _ => "working",
        });
        Effect::Work(work)
    }

    /// Whether the form that is open is about a policy's patterns.
    pub(crate) fn policy_form(&self) -> Option<&Form> {
        match &self.popup {
            Some(Popup::Form(form)) if matches!(form.purpose, Purpose::Policy { .. }) => Some(form),
            _ => None,
        }
    }
}
