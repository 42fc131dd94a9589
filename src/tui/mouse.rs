//! The mouse: a click selects, a second one opens, the wheel moves. Where what was clicked on lies, drawing
//! has told.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::effect::{Effect, Section};
use super::keys::{self, Command};
use super::popup::Popup;

/// As close together two clicks are one double click.
const DOUBLE: Duration = Duration::from_millis(500);

/// Where things were drawn last.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places {
    /// The rows of the list.
    pub(crate) list: Rect,
    /// The columns of each section's title in the first line, the end left out.
    pub(crate) tabs: [(usize, usize); Section::ALL.len()],
}

impl App {
    pub(super) fn mouse(&mut self, event: MouseEvent) -> Vec<Effect> {
        if self.locked.is_some() || self.asked.is_some() {
            return Vec::new();
        }
        match event.kind {
            MouseEventKind::ScrollDown => self.wheel(KeyCode::Down),
            MouseEventKind::ScrollUp => self.wheel(KeyCode::Up),
            MouseEventKind::Down(MouseButton::Left) if self.popup.is_none() => self.click(event),
            _ => Vec::new(),
        }
    }

    fn wheel(&mut self, code: KeyCode) -> Vec<Effect> {
        match &self.popup {
            // In a form the arrows go from field to field.
            Some(Popup::Form(_)) => Vec::new(),
            Some(_) => self.popup_key(KeyEvent::new(code, KeyModifiers::NONE)),
            None => self.command(Command::Step(if code == KeyCode::Down { 1 } else { -1 })),
        }
    }

    fn click(&mut self, event: MouseEvent) -> Vec<Effect> {
        let Places { list, tabs } = self.places.get();
        let column = usize::from(event.column);
        if event.row == 0 {
            let at = tabs.iter().position(|(from, to)| (*from..*to).contains(&column));
            return at.map_or_else(Vec::new, |at| self.go_to(Section::ALL[at]));
        }
        let is_inside = list.contains(Position::new(event.column, event.row));
        let line = usize::from(event.row.saturating_sub(list.y));
        if !is_inside || !self.select_line(line, usize::from(list.height)) {
            return Vec::new();
        }
        let place = (event.column, event.row);
        let last = self.clicked.replace((place, self.now));
        let is_double =
            last.is_some_and(|(there, then)| there == place && self.now - then <= DOUBLE);
        if !is_double {
            return Vec::new();
        }
        self.clicked = None;
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        keys::command(self.section, enter).map_or_else(Vec::new, |command| self.command(command))
    }
}
