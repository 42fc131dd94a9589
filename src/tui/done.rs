//! What the worker answers, and what becomes of it on the screen.

use std::time::Duration;

use authy::{ChainStatus, Removal, SecretBytes, SecretName, VerifyReport, printable};

use super::app::App;
use super::effect::{Effect, ErrorText, Refused, Reply, Section, ToApprove, Who, Work};
use super::form::Purpose;
use super::forms;
use super::popup::{Popup, Reveal, Text};
use crate::front::{KEEP_SECONDS, ago, undo_lines};

/// How long a value is shown.
const REVEAL: Duration = Duration::from_secs(30);

impl App {
    pub(super) fn done(&mut self, done: Reply) -> Vec<Effect> {
        // Whatever was asked for before it was locked is nobody's any more.
        if self.locked.is_some() && !matches!(done, Reply::Unlocked(_)) {
            return Vec::new();
        }
        match done {
            Reply::Unlocked(result) => return self.unlocked(result),
            Reply::Secrets(result) => self.filled(result, Self::fill_secrets),
            Reply::Policies(result) => self.filled(result, |app, rows| app.policies.fill(rows)),
            Reply::Sessions(result) => self.filled(result, |app, rows| app.sessions.fill(rows)),
            Reply::Members(result) => self.filled(result, |app, rows| app.members.fill(rows)),
            Reply::Audit(result) => {
                self.filled(result, |app, rows| app.audit.fill_following(rows));
            }
            Reply::History(name, found) => {
                if let Some(past) = self.past.as_mut().filter(|past| past.name == name) {
                    past.found = Some(found);
                }
            }
            Reply::Value(name, result) => self.value(name, result),
            Reply::Copied(name, result) => return self.copied(&name, result),
            Reply::Changed(result) => self.changed(result),
            Reply::Tested(result) => self.tested(result),
            Reply::Generated(Ok(value)) => {
                if let (Some(form), Some(text)) = (self.form(), value.expose_str()) {
                    form.take_generated(text);
                }
            }
            Reply::Session(Ok(created)) => {
                // Whatever is open: nobody can show it again.
                self.popup = Some(Popup::Token(created));
            }
            Reply::Approval(Ok(ToApprove { approval, requests })) => {
                self.busy = None;
                let requests = crate::front::request_lines(&requests);
                match (approval.proposals.is_empty(), requests.is_empty()) {
                    (true, true) => self.say("nothing waits for approval"),
                    (true, false) => self.text("Asked for", requests),
                    (false, _) => self.show(Popup::approve(approval, requests)),
                }
            }
            Reply::Verified(Ok(report)) => self.text("Audit trail", verified(&report)),
            Reply::MemberRemoved(Ok(removal)) => self.text("Removed", removed(&removal)),
            Reply::Generated(Err(told))
            | Reply::Session(Err(told))
            | Reply::Approval(Err(told))
            | Reply::Verified(Err(told))
            | Reply::MemberRemoved(Err(told)) => self.refused(told),
            Reply::Brief(brief) => self.brief = Some(brief),
            Reply::Conflicts(list) => {
                self.busy = None;
                self.show(Popup::Conflicts { list, at: 0 });
            }
            Reply::Code(name, Ok(code)) => {
                self.busy = None;
                let (digits, left) =
                    (code.code.expose_str().unwrap_or_default(), code.seconds_left);
                self.say(format!(
                    "{digits} is the code of {name}, good for {left} seconds, and on the clipboard"
                ));
                return vec![Effect::Clipboard(code.code)];
            }
            Reply::Code(_, Err(told)) => self.refused(told),
            Reply::UndoPlan(Ok(plan)) => {
                self.busy = None;
                let mut lines = vec![
                    format!(
                        "The last change is '{}' ({}).",
                        printable(&plan.subject),
                        ago(self.now, &plan.commit.time)
                    ),
                    "Taking it back".to_owned(),
                ];
                lines.extend(undo_lines(&plan.steps));
                self.show(Popup::confirm("Undo".into(), lines, Work::Undo(plan.commit.id)));
            }
            Reply::Removed(Ok(list)) if list.is_empty() => {
                self.busy = None;
                self.say("nothing was removed, as far as git tells");
            }
            Reply::Removed(Ok(list)) => {
                self.busy = None;
                self.show(Popup::Removed { list, at: 0 });
            }
            Reply::UndoPlan(Err(told)) | Reply::Removed(Err(told)) => self.refused(told),
            Reply::Note(text) => self.say(printable(&text)),
            Reply::Asked(question) => self.ask(question),
            Reply::Progress(done, total) => {
                self.progress = Some((done, total));
            }
            Reply::Outside => return self.reload_changed(),
        }
        Vec::new()
    }

    fn unlocked(&mut self, result: Result<Who, Refused>) -> Vec<Effect> {
        let Some(form) = &mut self.locked else { return Vec::new() };
        match result {
            Ok(who) => {
                self.keyfile = form.value(0).to_owned();
                self.locked = None;
                self.who = Some(who);
                self.message = None;
                self.touched = self.now;
                // Policies too: a session is made of one.
                let mut effects = vec![
                    Effect::Work(Work::Load(Section::Secrets)),
                    Effect::Work(Work::Load(Section::Policies)),
                ];
                if !matches!(self.section, Section::Secrets | Section::Policies) {
                    effects.push(Effect::Work(Work::Load(self.section)));
                }
                effects
            }
            Err(refused) => {
                form.busy = false;
                if let Some(label) = refused.label.filter(|_| form.value(0).is_empty()) {
                    let typed = std::mem::replace(form, forms::unlock(&label));
                    form.error = typed.error;
                    form.focus = 1;
                }
                if let Some(told) = refused.told {
                    form.fail(None, told);
                    // A passphrase that was wrong is typed again, not mended unseen.
                    if let Some(input) = form.input() {
                        input.clear();
                    }
                }
                Vec::new()
            }
        }
    }

    fn filled<T>(&mut self, result: Result<T, ErrorText>, take: impl FnOnce(&mut Self, T)) {
        match result {
            Ok(rows) => take(self, rows),
            Err(told) => self.fail(told),
        }
    }

    fn value(&mut self, name: SecretName, result: Result<SecretBytes, ErrorText>) {
        self.busy = None;
        match result {
            Ok(value) => {
                let until = self.now + REVEAL;
                self.show(Popup::Reveal(Reveal { name, value, until, scroll: 0 }));
            }
            Err(told) => self.fail(told),
        }
    }

    fn copied(&mut self, name: &SecretName, result: Result<SecretBytes, ErrorText>) -> Vec<Effect> {
        self.busy = None;
        match result {
            Ok(value) => {
                self.say(format!("{name} is on the clipboard for {KEEP_SECONDS} seconds"));
                vec![Effect::Clipboard(value)]
            }
            Err(told) => {
                self.fail(told);
                Vec::new()
            }
        }
    }

    fn changed(&mut self, result: Result<String, ErrorText>) {
        self.busy = None;
        match result {
            Ok(text) => {
                self.close_waiting_form();
                self.say(text);
            }
            Err(told) => self.refused(told),
        }
    }

    /// The form is done; the list that is read next selects what was made.
    fn close_waiting_form(&mut self) {
        let Some(form) = self.waiting_form() else { return };
        let name = form.value(0).trim().to_owned();
        match form.purpose {
            Purpose::Store | Purpose::Rename { .. } => self.secrets.select_when_loaded(name),
            Purpose::Policy { .. } => self.policies.select_when_loaded(name),
            Purpose::Member => self.members.select_when_loaded(name),
            _ => {}
        }
        self.popup = None;
    }

    /// A refusal is told where the user is: in the form, else at the bottom.
    fn refused(&mut self, told: ErrorText) {
        self.busy = None;
        match self.waiting_form() {
            Some(form) => form.fail(None, told),
            None => self.fail(told),
        }
    }

    fn tested(&mut self, result: Result<String, ErrorText>) {
        let Some(form) = self.waiting_form() else { return };
        form.busy = false;
        match result {
            Ok(verdict) => form.answer = Some(verdict),
            Err(told) => form.fail(None, told),
        }
    }

    fn text(&mut self, title: &str, lines: Vec<String>) {
        self.busy = None;
        self.show(Popup::Text(Text::new(title, lines)));
    }
}

fn verified(report: &VerifyReport) -> Vec<String> {
    let mut lines = vec![match report.is_damaged() {
        true => "DAMAGED: somebody changed what was written.".to_owned(),
        false => "No damage found.".to_owned(),
    }];
    for chain in &report.chains {
        lines.push(String::new());
        lines.push(format!("{}: {}, {} lines", chain.chain, chain.status, chain.lines));
        if let Some(fault) = &chain.fault {
            let at = chain.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            lines.push(format!("  {at}{}", printable(fault)));
        }
        if let (Some(file), ChainStatus::Damaged) = (&chain.file, chain.status) {
            // With its folder, which is the chain's: the whole path is longer than the screen.
            let parts: Vec<_> =
                file.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
            let short: Vec<&str> = parts.iter().rev().map(AsRef::as_ref).collect();
            lines.push(format!("  in {}", printable(&short.join("/"))));
        }
    }
    lines
}

fn removed(removal: &Removal) -> Vec<String> {
    let name = &removal.member;
    let mut lines = vec![format!("Removed {name}; re-encrypted {} secrets.", removal.encrypted)];
    if !removal.sessions.is_empty() {
        lines.push(format!("Revoked {} of their sessions.", removal.sessions.len()));
    }
    lines.push(String::new());
    match removal.due.is_empty() {
        true => lines.push(format!("{name} could read nothing that is still in use.")),
        false => lines.push(format!("{name} could read these: rotate them.")),
    }
    lines.extend(removal.due.iter().map(|one| format!("  {}, since {}", one.name, one.changed)));
    lines
}
