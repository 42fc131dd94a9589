//! What an age plugin asks while the worker waits: over whatever is open, answered or not before anything
//! else goes on.

use std::sync::mpsc::{Sender, channel};

use authy::{PluginName, PluginUser, SecretBytes};
use crossterm::event::{KeyCode, KeyEvent};

use super::app::App;
use super::effect::{Effect, Reply};
use super::form::{Field, Form, Pressed, Purpose};
use super::popup::{Confirm, Popup};

/// A question, and where its answer goes. Whoever drops it says that nobody is there.
#[derive(Debug)]
pub(crate) struct Question {
    title: String,
    text: String,
    wants: Wants,
    answer: Sender<Answer>,
}

#[derive(Debug)]
enum Wants {
    Choice { yes: String, no: String },
    Text { hidden: bool },
}

/// What the person said.
#[derive(Debug)]
pub(crate) enum Answer {
    Yes,
    No,
    Text(SecretBytes),
}

/// A question that is on the screen.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) popup: Popup,
    answer: Sender<Answer>,
}

/// An answer on its way.
#[derive(Debug)]
pub(crate) struct Answered {
    to: Sender<Answer>,
    what: Answer,
}

impl Answered {
    /// Gives it to whoever asked, unless they are gone.
    pub(crate) fn send(self) {
        let _ = self.to.send(self.what);
    }
}

impl Question {
    fn on_screen(self) -> Asked {
        let popup = match self.wants {
            Wants::Choice { yes, no } => Popup::Confirm(Confirm {
                title: self.title,
                lines: vec![self.text, String::new(), format!("yes: {yes}; no: {no}")],
                yes: None,
            }),
            Wants::Text { hidden } => {
                let field = match hidden {
                    true => Field::secret("Answer", "", false),
                    false => Field::text("Answer", "", ""),
                };
                let mut form = Form::new(self.title, Purpose::Plugin, vec![field]);
                form.answer = Some(self.text);
                Popup::Form(form)
            }
        };
        Asked { popup, answer: self.answer }
    }
}

impl App {
    /// Puts a question on the screen.
    pub(super) fn ask(&mut self, question: Question) {
        self.asked = Some(question.on_screen());
    }

    /// Takes a key for the question that is on the screen.
    pub(super) fn asked_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(asked) = &mut self.asked else { return Vec::new() };
        let what = match (&mut asked.popup, key.code) {
            (Popup::Form(form), _) => match form.key(key) {
                Pressed::Submit => Answer::Text(SecretBytes::from(form.value(0).to_owned())),
                Pressed::Cancel => {
                    self.asked = None;
                    return Vec::new();
                }
                Pressed::Inside | Pressed::Generate => return Vec::new(),
            },
            (_, KeyCode::Char('y')) => Answer::Yes,
            (_, KeyCode::Char('n') | KeyCode::Esc | KeyCode::Enter) => Answer::No,
            _ => return Vec::new(),
        };
        let answered = self.asked.take().map(|asked| Answered { to: asked.answer, what });
        answered.into_iter().map(Effect::Answer).collect()
    }
}

/// The person at the interface, as age plugins see them.
pub(crate) struct AtScreen(std::sync::Mutex<Sender<Reply>>);

impl AtScreen {
    pub(crate) fn new(tell: Sender<Reply>) -> Self {
        Self(std::sync::Mutex::new(tell))
    }

    fn tell(&self, reply: Reply) {
        if let Ok(tell) = self.0.lock() {
            let _ = tell.send(reply);
        }
    }

    fn ask(&self, title: String, text: &str, wants: Wants) -> Option<Answer> {
        let (answer, answered) = channel();
        self.tell(Reply::Asked(Question { title, text: text.to_owned(), wants, answer }));
        answered.recv().ok()
    }
}

fn title(plugin: &PluginName) -> String {
    format!("age-plugin-{plugin} asks")
}

impl PluginUser for AtScreen {
    fn message(&self, plugin: &PluginName, text: &str) {
        self.tell(Reply::Note(format!("age-plugin-{plugin}: {text}")));
    }

    fn confirm(
        &self,
        plugin: &PluginName,
        text: &str,
        yes: &str,
        no: Option<&str>,
    ) -> Option<bool> {
        let no = no.unwrap_or("cancel").to_owned();
        let wants = Wants::Choice { yes: yes.to_owned(), no };
        self.ask(title(plugin), text, wants).map(|answer| matches!(answer, Answer::Yes))
    }

    fn answer(&self, plugin: &PluginName, text: &str, hidden: bool) -> Option<SecretBytes> {
        match self.ask(title(plugin), text, Wants::Text { hidden })? {
            Answer::Text(typed) => Some(typed),
            Answer::Yes | Answer::No => None,
        }
    }

    fn consents(&self, question: &str) -> bool {
        let wants = Wants::Choice { yes: "start it".to_owned(), no: "do not".to_owned() };
        let answer = self.ask("An age plugin".to_owned(), question, wants);
        matches!(answer, Some(Answer::Yes))
    }
}
