//! Clicks and the wheel, where things were drawn.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::{NOW, name, open, press, type_in, work};
use crate::tui::app::App;
use crate::tui::draw::{Theme, draw};
use crate::tui::effect::{Action, Effect, Section, Work};
use crate::tui::popup::Popup;

/// The screen, by lines, and which cells are underlined.
fn screen(app: &App) -> (Vec<String>, Vec<(u16, u16)>) {
    let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
    terminal.draw(|frame| draw(app, Theme { colour: false }, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let cells = (0..24).flat_map(|y| (0..100).map(move |x| (x, y)));
    let marked =
        cells.filter(|cell| buffer[*cell].modifier.contains(Modifier::UNDERLINED)).collect();
    ((0..24).map(line).collect(), marked)
}

fn at(app: &mut App, kind: MouseEventKind, cell: (u16, u16), after: Duration) -> Vec<Effect> {
    let (column, row) = cell;
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    app.update(NOW + after, Action::Mouse(event))
}

fn click(app: &mut App, cell: (u16, u16), after: Duration) -> Vec<Effect> {
    at(app, MouseEventKind::Down(MouseButton::Left), cell, after)
}

/// Where a text begins.
fn find(app: &App, text: &str) -> (u16, u16) {
    let (lines, _) = screen(app);
    let found = lines.iter().enumerate().find_map(|(y, line)| {
        let before = &line[..line.find(text)?];
        Some((u16::try_from(before.chars().count()).unwrap(), u16::try_from(y).unwrap()))
    });
    found.unwrap_or_else(|| panic!("{text}: {lines:#?}"))
}

const NEVER: Duration = Duration::from_secs(1);

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut app = open();
    let row = find(&app, "db-url");
    assert!(click(&mut app, row, NEVER).is_empty());
    assert_eq!(app.secrets.selected().unwrap().name, name("db-url"));
    // Slowly it is two clicks, and nothing is shown.
    assert!(click(&mut app, row, NEVER * 3).is_empty());
    let opened = work(click(&mut app, row, NEVER * 3 + Duration::from_millis(200)));
    assert!(matches!(opened, Work::Reveal(one) if one == name("db-url")));
    // A third one begins anew, and one beside the list is nothing.
    assert!(click(&mut app, row, NEVER * 3 + Duration::from_millis(300)).is_empty());
    let details = find(&app, "Details");
    assert!(click(&mut app, details, NEVER * 9).is_empty());
    assert!(click(&mut app, (0, 23), NEVER * 9).is_empty());
    assert_eq!(app.secrets.selected().unwrap().name, name("db-url"));
}

#[test]
fn a_click_on_a_title_goes_to_its_section() {
    let mut app = open();
    for (title, section) in [
        ("3 Sessions", Section::Sessions),
        ("2 Policies", Section::Policies),
        ("1 Secrets", Section::Secrets),
    ] {
        let tab = find(&app, title);
        click(&mut app, tab, NEVER);
        assert_eq!(app.section, section);
    }
    click(&mut app, (99, 0), NEVER);
    assert_eq!(app.section, Section::Secrets);
}

#[test]
fn the_wheel_moves_what_is_in_front() {
    let mut app = open();
    screen(&app);
    let first = app.secrets.position();
    at(&mut app, MouseEventKind::ScrollDown, (5, 5), NEVER);
    assert_eq!(app.secrets.position(), first + 1);
    at(&mut app, MouseEventKind::ScrollUp, (5, 5), NEVER);
    assert_eq!(app.secrets.position(), first);
    press(&mut app, KeyCode::Char('?'));
    screen(&app);
    at(&mut app, MouseEventKind::ScrollDown, (5, 5), NEVER);
    assert!(matches!(app.popup, Some(Popup::Help { scroll: 1 })));
    assert_eq!(app.secrets.position(), first);
    // What lies over the list is not clicked through.
    let row = find(&app, "Secrets");
    click(&mut app, (3, row.1 + 2), NEVER);
    assert!(matches!(app.popup, Some(Popup::Help { .. })));
    // Locked, nothing listens.
    super::ctrl(&mut app, 'l');
    assert!(click(&mut app, (3, 3), NEVER).is_empty());
}

#[test]
fn what_a_filter_found_is_underlined() {
    let mut app = open();
    assert_eq!(screen(&app).1, []);
    press(&mut app, KeyCode::Char('/'));
    type_in(&mut app, "dburl");
    let (column, row) = find(&app, "db-url");
    let marked = screen(&app).1;
    assert_eq!(marked, [0, 1, 3, 4, 5].map(|at| (column + at, row)));
}

#[test]
fn what_is_marked_is_removed_together() {
    let mut app = open();
    assert!(screen(&app).0[1].contains("Secrets 1/5"));
    press(&mut app, KeyCode::Char(' '));
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Char(' '));
    let (lines, _) = screen(&app);
    assert!(lines[1].contains("2 marked"), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.contains('●')).count(), 2);
    press(&mut app, KeyCode::Char('d'));
    let removed = work(press(&mut app, KeyCode::Char('y')));
    let Work::RemoveAll(names) = removed else { panic!("{removed:?}") };
    assert_eq!(names, [name("api-key"), name("db-admin")]);
    // Esc takes the marks away before it clears a filter; what is gone is not marked.
    assert!(press(&mut app, KeyCode::Esc).is_empty());
    assert!(!screen(&app).0[1].contains("marked"));
    press(&mut app, KeyCode::Char('d'));
    assert!(matches!(work(press(&mut app, KeyCode::Char('y'))), Work::Remove(_)));
}

#[test]
fn what_was_removed_is_shown_and_comes_back() {
    use crate::tui::effect::Reply;
    let mut app = open();
    assert!(matches!(work(press(&mut app, KeyCode::Char('R'))), Work::Removed));
    let one = |text: &str| authy::RemovedSecret {
        name: name(text),
        commit: authy::CommitView {
            id: "0a".into(),
            author: "Alice".into(),
            time: "2026-11-25T11:00:00Z".into(),
        },
        subject: format!("Remove {text}"),
    };
    super::done(&mut app, Reply::Removed(Ok(vec![one("old-a"), one("old-b")])));
    let text = screen(&app).0.join("\n");
    assert!(text.contains("Remove old-a") && text.contains("▸ old-a"), "{text}");
    press(&mut app, KeyCode::Down);
    assert!(
        matches!(work(press(&mut app, KeyCode::Enter)), Work::Restore(one) if one == name("old-b"))
    );
    super::done(&mut app, Reply::Removed(Ok(Vec::new())));
    assert!(app.popup.is_none() && app.message.is_some());
}

#[test]
fn undo_shows_the_change_and_asks() {
    use crate::tui::effect::{ErrorText, Reply};
    let mut app = open();
    assert!(matches!(work(press(&mut app, KeyCode::Char('U'))), Work::UndoPlan));
    let step = authy::UndoStep {
        what: authy::Undoing::Value,
        name: "db-url".into(),
        version: Some(6),
        to: None,
    };
    let commit = authy::CommitView {
        id: "0a1b2c".into(),
        author: "Alice".into(),
        time: "2026-11-25T11:00:00Z".into(),
    };
    let plan = authy::Undo { commit, subject: "Rotate db-url (v7)".into(), steps: vec![step] };
    super::done(&mut app, Reply::UndoPlan(Ok(Box::new(plan))));
    let text = screen(&app).0.join("\n");
    assert!(
        text.contains("Rotate db-url (v7)") && text.contains("the value of version 6"),
        "{text}"
    );
    let undo = work(press(&mut app, KeyCode::Char('y')));
    assert!(matches!(undo, Work::Undo(commit) if commit == "0a1b2c"));
    let told = ErrorText::new("the last change is Bob's");
    super::done(&mut app, Reply::UndoPlan(Err(told)));
    assert!(app.message.as_ref().unwrap().is_error);
}
