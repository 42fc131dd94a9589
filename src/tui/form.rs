//! A form: fields, the one that is typed in, and what it is for.

use authy::{GroupName, MemberName, PolicyView, ScopeName, SecretName};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::effect::ErrorText;
use super::input::Input;

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Text for everybody's eyes.
    Text(Input),
    /// Text that is shown only while somebody wants to see it.
    Secret { input: Input, shown: bool },
    /// Yes or no.
    Toggle(bool),
    /// One of several.
    Choice { options: Vec<String>, at: usize },
}

/// A field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    /// What may stand there, shown while it is empty.
    pub(crate) hint: &'static str,
}

impl Field {
    pub(crate) fn text(label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { label, kind: Kind::Text(Input::line(text)), hint }
    }

    pub(crate) fn lines(label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { label, kind: Kind::Text(Input::lines(text)), hint }
    }

    pub(crate) fn secret(label: &'static str, hint: &'static str, lines: bool) -> Self {
        let input = if lines { Input::lines("") } else { Input::line("") };
        Self { label, kind: Kind::Secret { input, shown: false }, hint }
    }

    pub(crate) fn toggle(label: &'static str, hint: &'static str, on: bool) -> Self {
        Self { label, kind: Kind::Toggle(on), hint }
    }

    pub(crate) fn choice(label: &'static str, options: Vec<String>, at: usize) -> Self {
        Self { label, kind: Kind::Choice { options, at }, hint: "" }
    }
}

/// What a form is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    Unlock,
    /// An answer for an age plugin.
    Plugin,
    Store,
    Rotate {
        name: SecretName,
        seen: u64,
    },
    Annotate {
        name: SecretName,
        seen: u64,
    },
    Rename {
        name: SecretName,
    },
    /// A new policy, or a change of one.
    Policy {
        old: Option<Box<PolicyView>>,
    },
    Test {
        scope: ScopeName,
    },
    Session,
    /// A new member.
    Member,
    /// Groups of a member, who has these.
    Groups {
        name: MemberName,
        old: Vec<GroupName>,
    },
}

/// Fields to fill in.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) title: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) focus: usize,
    pub(crate) error: Option<ErrorText>,
    /// An answer that is no failure, such as a verdict.
    pub(crate) answer: Option<String>,
    /// It was handed in, and nobody answered yet.
    pub(crate) busy: bool,
    pub(crate) purpose: Purpose,
    /// Whether something was typed that would be lost.
    is_touched: bool,
    /// Whether Esc was pressed, and another Esc throws it away.
    is_leaving: bool,
}

/// What a key did to a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Something in the form, or nothing at all.
    Inside,
    /// It is to be handed in.
    Submit,
    /// It is to go away.
    Cancel,
    /// A value is to be drawn.
    Generate,
}

impl Form {
    pub(crate) fn new(title: impl Into<String>, purpose: Purpose, fields: Vec<Field>) -> Self {
        Self {
            title: title.into(),
            fields,
            focus: 0,
            error: None,
            answer: None,
            busy: false,
            purpose,
            is_touched: false,
            is_leaving: false,
        }
    }

    /// The text of a field; of a choice what is chosen.
    pub(crate) fn value(&self, field: usize) -> &str {
        match self.fields.get(field).map(|field| &field.kind) {
            Some(Kind::Text(input) | Kind::Secret { input, .. }) => input.text(),
            Some(Kind::Choice { options, at }) => options.get(*at).map_or("", String::as_str),
            _ => "",
        }
    }

    pub(crate) fn is_on(&self, field: usize) -> bool {
        matches!(self.fields.get(field).map(|field| &field.kind), Some(Kind::Toggle(true)))
    }

    /// Words between spaces and line breaks.
    pub(crate) fn words(&self, field: usize) -> Vec<String> {
        self.value(field).split_whitespace().map(str::to_owned).collect()
    }

    /// The input of the field that is typed in.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self.fields.get_mut(self.focus).map(|field| &mut field.kind) {
            Some(Kind::Text(input) | Kind::Secret { input, .. }) => Some(input),
            _ => None,
        }
    }

    /// Whether a value can be drawn for one of the fields.
    pub(crate) fn can_generate(&self) -> bool {
        matches!(self.purpose, Purpose::Store | Purpose::Rotate { .. })
    }

    pub(crate) fn has_secret(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.kind, Kind::Secret { .. }))
    }

    /// Something was pasted.
    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// Takes a value that was drawn.
    pub(crate) fn take_generated(&mut self, value: &str) {
        self.is_touched = true;
        for field in &mut self.fields {
            if let Kind::Secret { input, .. } = &mut field.kind {
                input.set(value);
            }
        }
        self.answer = Some("generated; ^T shows it".to_owned());
    }

    pub(crate) fn fail(&mut self, focus: Option<usize>, told: ErrorText) {
        self.busy = false;
        self.answer = None;
        self.error = Some(told);
        self.focus = focus.unwrap_or(self.focus);
    }

    pub(crate) fn key(&mut self, key: KeyEvent) -> Pressed {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc {
            // What was handed in is kept by whoever does it.
            let asks_only =
                matches!(self.purpose, Purpose::Unlock | Purpose::Plugin | Purpose::Test { .. });
            let is_lost = self.is_touched && !self.busy && !asks_only;
            if is_lost && !self.is_leaving {
                self.is_leaving = true;
                self.answer = Some("Esc again throws away what you typed".to_owned());
                return Pressed::Inside;
            }
            return Pressed::Cancel;
        }
        if std::mem::take(&mut self.is_leaving) {
            self.answer = None;
        }
        match key.code {
            _ if self.busy => return Pressed::Inside,
            KeyCode::Char('s') if ctrl => return Pressed::Submit,
            KeyCode::Char('g') if ctrl && self.can_generate() => return Pressed::Generate,
            KeyCode::Char('t') if ctrl => {
                self.toggle_secrets();
                return Pressed::Inside;
            }
            _ => {}
        }
        if self.field_takes(key) {
            self.is_touched = true;
            self.error = None;
            return Pressed::Inside;
        }
        match key.code {
            KeyCode::Tab | KeyCode::Down => self.step(1),
            KeyCode::BackTab | KeyCode::Up => self.step(self.fields.len() - 1),
            KeyCode::Enter => {
                return match self.next_to_fill() {
                    Some(next) => {
                        self.focus = next;
                        Pressed::Inside
                    }
                    None => Pressed::Submit,
                };
            }
            _ => {}
        }
        Pressed::Inside
    }

    fn field_takes(&mut self, key: KeyEvent) -> bool {
        match self.fields.get_mut(self.focus).map(|field| &mut field.kind) {
            Some(Kind::Text(input) | Kind::Secret { input, .. }) => input.key(key),
            Some(Kind::Toggle(on)) if matches!(key.code, KeyCode::Char(' ')) => {
                *on = !*on;
                true
            }
            Some(Kind::Choice { options, at }) => match key.code {
                KeyCode::Char(' ') | KeyCode::Right => {
                    *at = (*at + 1) % options.len().max(1);
                    true
                }
                KeyCode::Left => {
                    *at = (*at + options.len().max(1) - 1) % options.len().max(1);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn step(&mut self, by: usize) {
        self.focus = (self.focus + by) % self.fields.len();
    }

    /// Whoever presses Enter behind the name of a new secret means to go on to its value.
    fn next_to_fill(&self) -> Option<usize> {
        let is_empty_secret = |field: &Field| match &field.kind {
            Kind::Secret { input, .. } => input.is_empty(),
            _ => false,
        };
        let behind = self.fields.iter().enumerate().skip(self.focus + 1);
        behind.filter(|(_, field)| is_empty_secret(field)).map(|(at, _)| at).next()
    }

    fn toggle_secrets(&mut self) {
        for field in &mut self.fields {
            if let Kind::Secret { shown, .. } = &mut field.kind {
                *shown = !*shown;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Form, Pressed, Purpose};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn press(form: &mut Form, code: KeyCode) -> Pressed {
        form.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn enter_goes_on_to_the_value_and_then_hands_in() {
        let fields = vec![
            Field::text("Name", "", ""),
            Field::secret("Value", "", true),
            Field::toggle("On", "", false),
            Field::choice("One of", vec!["a".into(), "b".into()], 0),
        ];
        let mut form = Form::new("t", Purpose::Store, fields);
        press(&mut form, KeyCode::Char('n'));
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Inside);
        for c in "hunter2".chars() {
            press(&mut form, KeyCode::Char(c));
        }
        assert_eq!((form.value(0), form.value(1)), ("n", "hunter2"));
        press(&mut form, KeyCode::Tab);
        press(&mut form, KeyCode::Char(' '));
        press(&mut form, KeyCode::Down);
        press(&mut form, KeyCode::Right);
        assert!(form.is_on(2));
        assert_eq!(form.value(3), "b");
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Submit);
        assert_eq!(press(&mut form, KeyCode::Esc), Pressed::Inside, "what was typed is not lost");
        press(&mut form, KeyCode::Tab);
        assert_eq!(press(&mut form, KeyCode::Esc), Pressed::Inside, "nor by an Esc long after");
        assert_eq!(press(&mut form, KeyCode::Esc), Pressed::Cancel);
        assert!(!format!("{form:?}").contains("hunter2"));
    }
}
