//! What keys do in what lies over a section.

use authy::Choice;
use crossterm::event::{KeyCode, KeyEvent};

use super::app::App;
use super::effect::{Effect, Work};
use super::form::Pressed;
use super::forms;
use super::popup::Popup;
use crate::front::KEEP_SECONDS;

impl App {
    pub(super) fn popup_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(popup) = &mut self.popup else { return Vec::new() };
        if let Popup::Form(form) = popup {
            let pressed = form.key(key);
            return self.form_pressed(pressed);
        }
        if let (Some(scroll), Some(by)) = (popup.scroll(), scrolls(key.code)) {
            *scroll = (*scroll).min(self.reach.get()).saturating_add_signed(by);
            return Vec::new();
        }
        if let Popup::Removed { list, at } = popup {
            match key.code {
                KeyCode::Down | KeyCode::Char('j') => {
                    *at = (*at + 1).min(list.len().saturating_sub(1));
                }
                KeyCode::Up | KeyCode::Char('k') => *at = at.saturating_sub(1),
                KeyCode::Enter => {
                    let name = list.get(*at).map(|one| one.name.clone());
                    self.popup = None;
                    return name.map(|name| self.begin(Work::Restore(name))).into_iter().collect();
                }
                KeyCode::Esc | KeyCode::Char('q') => self.popup = None,
                _ => {}
            }
            return Vec::new();
        }
        if let Popup::Conflicts { list, at } = popup {
            let choice = match key.code {
                KeyCode::Down | KeyCode::Char('j') => {
                    *at = (*at + 1).min(list.len().saturating_sub(1));
                    return Vec::new();
                }
                KeyCode::Up | KeyCode::Char('k') => {
                    *at = at.saturating_sub(1);
                    return Vec::new();
                }
                KeyCode::Char('m') => Choice::Ours,
                KeyCode::Char('t') => Choice::Theirs,
                KeyCode::Char('n') => Choice::Newest,
                KeyCode::Esc => {
                    self.popup = None;
                    return Vec::new();
                }
                _ => return Vec::new(),
            };
            let Some(name) = list.get(*at).map(|one| one.name.clone()) else { return Vec::new() };
            self.popup = None;
            return vec![self.begin(Work::Take { name, choice })];
        }
        match (popup, key.code) {
            (Popup::Confirm(confirm), KeyCode::Char('y')) => {
                let yes = confirm.yes.take();
                self.popup = None;
                yes.map(|work| self.begin(work)).into_iter().collect()
            }
            (Popup::Confirm(_), KeyCode::Char('n') | KeyCode::Esc | KeyCode::Enter) => {
                self.popup = None;
                Vec::new()
            }
            (Popup::Approve { .. }, KeyCode::Char('y')) => match self.popup.take() {
                Some(Popup::Approve { approval, .. }) => vec![self.begin(Work::Approve(approval))],
                _ => Vec::new(),
            },
            (Popup::Reveal(reveal), KeyCode::Char('c')) => {
                let name = reveal.name.clone();
                vec![self.begin(Work::Copy(name))]
            }
            (Popup::Token(created), KeyCode::Char('c')) => {
                let token = created.token.clone();
                self.say(format!("the token is on the clipboard for {KEEP_SECONDS} seconds"));
                vec![Effect::Clipboard(token)]
            }
            (Popup::Token(_), KeyCode::Esc) => {
                self.popup = None;
                Vec::new()
            }
            (Popup::Token(_) | Popup::Confirm(_), _) => Vec::new(),
            (_, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'n' | '?' | 'v')) => {
                self.popup = None;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn form_pressed(&mut self, pressed: Pressed) -> Vec<Effect> {
        let Some(Popup::Form(form)) = &mut self.popup else { return Vec::new() };
        match pressed {
            Pressed::Inside => Vec::new(),
            Pressed::Cancel => {
                self.popup = None;
                Vec::new()
            }
            Pressed::Generate => vec![Effect::Work(Work::Generate)],
            Pressed::Submit => match forms::submit(form) {
                Ok(work) => {
                    form.busy = true;
                    form.error = None;
                    form.answer = None;
                    vec![Effect::Work(work)]
                }
                Err((field, told)) => {
                    form.fail(Some(field), told);
                    Vec::new()
                }
            },
        }
    }
}

fn scrolls(code: KeyCode) -> Option<isize> {
    Some(match code {
        KeyCode::Down | KeyCode::Char('j') => 1,
        KeyCode::Up | KeyCode::Char('k') => -1,
        KeyCode::PageDown | KeyCode::Char(' ') => 10,
        KeyCode::PageUp => -10,
        KeyCode::Home => isize::MIN,
        _ => return None,
    })
}
