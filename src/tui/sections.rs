//! What the keys of a section do, and what its list is made of.

use authy::{AuditEntry, DocumentStatus, ListEntry, SecretName, printable};

use super::app::{App, Past, Sort};
use super::effect::{Effect, ErrorText, Section, Work};
use super::forms;
use super::input::Input;
use super::keys::Command;
use super::listing::{Listing, Row};
use super::popup::{Popup, Text};

/// Does the same with the list of a section, whatever it holds.
macro_rules! with_list {
    ($app:expr, $list:ident => $body:expr) => {
        match $app.section {
            Section::Secrets => {
                let $list = &mut $app.secrets;
                $body
            }
            Section::Policies => {
                let $list = &mut $app.policies;
                $body
            }
            Section::Sessions => {
                let $list = &mut $app.sessions;
                $body
            }
            Section::Audit => {
                let $list = &mut $app.audit;
                $body
            }
            Section::Members => {
                let $list = &mut $app.members;
                $body
            }
        }
    };
}

impl App {
    pub(super) fn command(&mut self, command: Command) -> Vec<Effect> {
        if command.is_for_admins(self.section) && self.who.as_ref().is_some_and(|who| !who.admin) {
            self.fail(ErrorText::new("only an admin may do that"));
            return Vec::new();
        }
        match command {
            Command::Quit => vec![Effect::Quit],
            Command::Suspend => {
                // Nobody is to see a value when the shell is in front again.
                if matches!(self.popup, Some(Popup::Reveal(_))) {
                    self.popup = None;
                }
                vec![Effect::Suspend]
            }
            Command::Lock if self.locked.is_some() => Vec::new(),
            Command::Lock => self.lock(),
            Command::Help => {
                self.popup = Some(Popup::Help { scroll: 0 });
                Vec::new()
            }
            Command::Sync => vec![self.begin(Work::Sync)],
            Command::Undo => vec![self.begin(Work::UndoPlan)],
            Command::Section(section) => self.go_to(section),
            Command::NextSection => self.turn(1),
            Command::PreviousSection => self.turn(Section::ALL.len() - 1),
            Command::Filter => {
                with_list!(self, list => list.typing = true);
                Vec::new()
            }
            Command::Step(by) => {
                with_list!(self, list => list.step(by));
                Vec::new()
            }
            Command::First => {
                with_list!(self, list => list.first());
                Vec::new()
            }
            Command::Last => {
                with_list!(self, list => list.last());
                Vec::new()
            }
            other => match self.section {
                Section::Secrets => self.secrets_command(other),
                Section::Policies => self.policies_command(other),
                Section::Sessions => self.sessions_command(other),
                Section::Audit => self.audit_command(other),
                Section::Members => self.members_command(other),
            },
        }
    }

    pub(super) fn go_to(&mut self, section: Section) -> Vec<Effect> {
        // What was said was about another list.
        if self.section != section {
            self.message = None;
        }
        self.section = section;
        let loaded = with_list!(self, list => list.loaded);
        match loaded {
            true => Vec::new(),
            false => vec![Effect::Work(Work::Load(section))],
        }
    }

    fn turn(&mut self, by: usize) -> Vec<Effect> {
        let at = Section::ALL.iter().position(|one| *one == self.section).unwrap_or(0);
        self.go_to(Section::ALL[(at + by) % Section::ALL.len()])
    }

    /// The files changed: what is on the screen is read anew at once, the rest when it is
    /// looked at.
    pub(super) fn reload_changed(&mut self) -> Vec<Effect> {
        self.secrets.loaded = false;
        self.policies.loaded = false;
        self.sessions.loaded = false;
        self.audit.loaded = false;
        self.members.loaded = false;
        let mut effects = self.go_to(self.section);
        if self.section != Section::Secrets && self.policy_form().is_some() {
            effects.push(Effect::Work(Work::Load(Section::Secrets)));
        }
        effects
    }

    /// Selects the row on a line of the list; tells whether there is one.
    pub(super) fn select_line(&mut self, line: usize, height: usize) -> bool {
        with_list!(self, list => list.select_line(line, height))
    }

    pub(crate) fn is_filtering(&self) -> bool {
        match self.section {
            Section::Secrets => self.secrets.typing,
            Section::Policies => self.policies.typing,
            Section::Sessions => self.sessions.typing,
            Section::Audit => self.audit.typing,
            Section::Members => self.members.typing,
        }
    }

    pub(super) fn with_filter(&mut self, change: impl FnOnce(&mut Input)) {
        with_list!(self, list => {
            change(&mut list.filter);
            list.sift();
        });
    }

    pub(super) fn clear_filter(&mut self) {
        with_list!(self, list => list.typing = false);
        self.with_filter(Input::clear);
    }

    pub(super) fn filter_key(&mut self, key: crossterm::event::KeyEvent) {
        use crossterm::event::KeyCode;
        match key.code {
            KeyCode::Esc => self.clear_filter(),
            KeyCode::Enter | KeyCode::Tab => with_list!(self, list => list.typing = false),
            KeyCode::Down => with_list!(self, list => list.step(1)),
            KeyCode::Up => with_list!(self, list => list.step(-1)),
            _ => self.with_filter(|filter| {
                filter.key(key);
            }),
        }
    }

    fn secrets_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::New => return self.open(forms::store()),
            Command::Mark => {
                self.secrets.mark();
                return Vec::new();
            }
            Command::Removed => return vec![self.begin(Work::Removed)],
            Command::Delete if !self.secrets.marked().is_empty() => {
                let names: Vec<SecretName> = self
                    .secrets
                    .marked()
                    .iter()
                    .filter_map(|key| SecretName::parse(key).ok())
                    .collect();
                let mut lines = vec![format!("Remove {} secrets from the vault?", names.len())];
                lines.extend(names.iter().take(8).map(|name| format!("  {name}")));
                if names.len() > 8 {
                    lines.push(format!("  and {} more", names.len() - 8));
                }
                lines.push("Their past stays in git, encrypted.".to_owned());
                self.popup = Some(Popup::confirm("Delete".into(), lines, Work::RemoveAll(names)));
                return Vec::new();
            }
            Command::Sort => {
                self.sort = match self.sort {
                    Sort::Name => Sort::Age,
                    Sort::Age => Sort::Due,
                    Sort::Due => Sort::Name,
                };
                self.say(match self.sort {
                    Sort::Name => "sorted by name",
                    Sort::Age => "sorted by age, the newest values first",
                    Sort::Due => "sorted by what is due for rotation",
                });
                let rows = self.secrets.take_rows();
                self.fill_secrets(rows);
                return Vec::new();
            }
            _ => {}
        }
        let Some(entry) = self.secrets.selected() else { return Vec::new() };
        let name = entry.name.clone();
        let form = match (command, &entry.details) {
            (Command::Open, _) => return vec![self.begin(Work::Reveal(name))],
            (Command::Copy, _) => return vec![self.begin(Work::Copy(name))],
            (Command::Code, _) => return vec![self.begin(Work::Code(name))],
            (Command::Restore, _) => {
                let lines = vec![
                    format!("Give {name} the value before the present one?"),
                    "It becomes a new version; the present one stays in history.".to_owned(),
                ];
                self.popup = Some(Popup::confirm("Restore".into(), lines, Work::Restore(name)));
                return Vec::new();
            }
            (Command::Delete, _) => {
                let lines = vec![
                    format!("Remove {name} from the vault?"),
                    "Its past stays in git, encrypted.".to_owned(),
                ];
                self.popup = Some(Popup::confirm("Delete".into(), lines, Work::Remove(name)));
                return Vec::new();
            }
            (Command::Rotate, Some(details)) => forms::rotate(&name, details.version),
            (Command::Edit, Some(details)) => forms::annotate(&name, details),
            (Command::Rename, Some(_)) => forms::rename(&name),
            (Command::Rotate | Command::Edit | Command::Rename, None) => {
                let problem = entry.problem.clone().unwrap_or_default();
                self.fail(ErrorText::new(format!("{name} cannot be changed as it is: {problem}")));
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        self.open(form)
    }

    fn policies_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::New => {
                self.open(forms::policy(None));
                return self.names_for_preview();
            }
            Command::Approve => return vec![self.begin(Work::Approval)],
            _ => {}
        }
        let Some(policy) = self.policies.selected() else { return Vec::new() };
        let name = policy.name.clone();
        match command {
            Command::Edit if policy.status != DocumentStatus::InForce => {
                let status = policy.status;
                self.fail(ErrorText::new(format!(
                    "policy {name} is {status}: approve it first, or delete it"
                )));
                Vec::new()
            }
            Command::Edit => {
                let form = forms::policy(Some(policy));
                self.open(form);
                self.names_for_preview()
            }
            Command::Test => self.open(forms::test(&name)),
            Command::Delete => {
                let lines = vec![
                    format!("Remove policy {name}?"),
                    "Its tokens stop working, and its members read no more through it.".to_owned(),
                ];
                self.popup = Some(Popup::confirm("Delete".into(), lines, Work::PolicyRemove(name)));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The preview of patterns wants the names of secrets.
    fn names_for_preview(&mut self) -> Vec<Effect> {
        match self.secrets.loaded {
            true => Vec::new(),
            false => vec![Effect::Work(Work::Load(Section::Secrets))],
        }
    }

    fn sessions_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::New => {
                let in_force =
                    self.policies.rows().iter().filter(|one| one.status == DocumentStatus::InForce);
                let scopes: Vec<String> = in_force.map(|one| one.name.to_string()).collect();
                if !scopes.is_empty() {
                    let selected = self.policies.selected().map(|one| one.name.to_string());
                    let at = scopes.iter().position(|one| Some(one) == selected.as_ref());
                    return self.open(forms::session(scopes, at.unwrap_or(0)));
                }
                self.fail(ErrorText {
                    message: "a session needs a policy in force".to_owned(),
                    hint: Some("make one in Policies: 2, then n".to_owned()),
                });
                Vec::new()
            }
            Command::Open => {
                let Some(session) = self.sessions.selected() else { return Vec::new() };
                let who = session.id.to_string();
                self.lines_of(&who)
            }
            Command::Delete => {
                let Some(session) = self.sessions.selected() else { return Vec::new() };
                let lines = vec![
                    format!("End session {} {}?", session.id, printable(&session.label)),
                    "Its token opens nothing from then on.".to_owned(),
                ];
                let work = Work::SessionRevoke(session.id.to_string());
                self.popup = Some(Popup::confirm("Revoke".into(), lines, work));
                Vec::new()
            }
            Command::DeleteAll => {
                let lines = vec![
                    "End every session that you may end?".to_owned(),
                    "Their tokens open nothing from then on.".to_owned(),
                ];
                let work = Work::SessionRevokeAll;
                self.popup = Some(Popup::confirm("Revoke all".into(), lines, work));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn audit_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Verify => vec![self.begin(Work::Verify)],
            Command::Open => {
                let lines = self.audit.selected().map(audit_lines);
                self.popup = lines.map(|lines| Popup::Text(Text::new("Audit line", lines)));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn members_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Approve => vec![self.begin(Work::Approval)],
            Command::New => self.open(forms::member()),
            Command::Edit => {
                let Some(member) = self.members.selected() else { return Vec::new() };
                if member.status != DocumentStatus::InForce {
                    let (name, status) = (member.name.clone(), member.status);
                    self.fail(ErrorText::new(format!(
                        "member {name} is {status}: approve it first"
                    )));
                    return Vec::new();
                }
                let form = forms::groups(&member.name, &member.groups);
                self.open(form)
            }
            Command::Open => {
                let Some(member) = self.members.selected() else { return Vec::new() };
                let who = member.name.to_string();
                self.lines_of(&who)
            }
            Command::Delete => {
                let Some(member) = self.members.selected() else { return Vec::new() };
                let lines = vec![
                    format!("Remove member {}?", member.name),
                    "What they could read is encrypted to those who stay, and".to_owned(),
                    "listed for rotation: they may have copies.".to_owned(),
                ];
                let work = Work::MemberRemove(member.name.clone());
                self.popup = Some(Popup::confirm("Remove".into(), lines, work));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Shows what somebody did.
    fn lines_of(&mut self, who: &str) -> Vec<Effect> {
        self.audit.filter.set(&format!("who:{who}"));
        self.audit.sift();
        self.go_to(Section::Audit)
    }

    /// Takes the secrets that were read, sorted as is wanted.
    pub(super) fn fill_secrets(&mut self, mut rows: Vec<ListEntry>) {
        let changed = |entry: &ListEntry| entry.details.as_ref().map(|one| one.changed.clone());
        let is_due =
            |entry: &ListEntry| entry.details.as_ref().is_some_and(|one| one.rotate_due.is_some());
        match self.sort {
            Sort::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::Age => rows.sort_by_key(|entry| std::cmp::Reverse(changed(entry))),
            Sort::Due => rows.sort_by_key(|entry| !is_due(entry)),
        }
        self.secrets.fill(rows);
    }

    /// Reads the past of the secret that has been selected for a moment.
    pub(super) fn look_back(&mut self) -> Vec<Effect> {
        if self.locked.is_some() || self.section != Section::Secrets {
            return Vec::new();
        }
        let selected = self.secrets.selected();
        let name = selected.map(|entry| entry.name.clone());
        let version =
            selected.and_then(|entry| entry.details.as_ref()).map_or(0, |details| details.version);
        let rests = std::mem::replace(&mut self.rested, name.clone()) == name;
        let Some(name) = name.filter(|_| rests) else { return Vec::new() };
        if self.past.as_ref().is_some_and(|past| past.name == name && past.version == version) {
            return Vec::new();
        }
        self.past = Some(Past { name: name.clone(), version, found: None });
        vec![Effect::Work(Work::History(name))]
    }
}

/// A line of the audit trail, field by field.
fn audit_lines(entry: &AuditEntry) -> Vec<String> {
    let value = serde_json::to_value(entry).unwrap_or_default();
    let fields = value.as_object().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    fields.iter().map(|(key, value)| printable(&format!("{key:<9} {}", text(value)))).collect()
}

impl<T: Row> Listing<T> {
    /// Follows the end where the end is looked at.
    pub(super) fn fill_following(&mut self, rows: Vec<T>) {
        let follows = self.is_at_end();
        self.fill(rows);
        if follows {
            self.last();
        }
    }
}
