//! Pictures of the screens, in several sizes. `AUTHY_UPDATE_DOCS=1` takes them anew.

use std::path::Path;

use authy::SecretBytes;
use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{NOW, conflict, done, name, open, press, secret, type_in};
use crate::tui::app::App;
use crate::tui::draw::{Theme, draw};
use crate::tui::effect::{ErrorText, Refused, Reply, Section};
use crate::tui::keys;

/// What the screen of this size shows, without colour.
fn picture(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(app, Theme { colour: false }, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            // A wide character takes the cell behind it too.
            if skip == 0 {
                line.push_str(symbol);
                skip = ratatui::text::Span::raw(symbol).width().saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[track_caller]
fn is_as_before(what: &str, app: &App, size: (u16, u16)) {
    let file = format!("src/tui/tests/screens/{what}-{}x{}.txt", size.0, size.1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let now = picture(app, size.0, size.1);
    if std::env::var_os("AUTHY_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        before == now,
        "{file} shows another screen (AUTHY_UPDATE_DOCS=1 takes it anew):\n{now}"
    );
}

/// Every screen worth a look, with its name.
fn screens() -> Vec<(&'static str, App)> {
    let mut all = Vec::new();
    let mut locked = App::new("/home/alice/.authy".into(), NOW, None);
    let told = ErrorText { message: "wrong passphrase".into(), hint: None };
    let label = Some("/home/alice/.authy/keys/master.key".to_owned());
    done(&mut locked, Reply::Unlocked(Err(Refused { told: Some(told), label })));
    all.push(("locked", locked));
    let mut secrets = open();
    secrets.secrets.select("db-url");
    all.push(("secrets", secrets));
    let mut damaged = open();
    damaged.secrets.select("broken");
    all.push(("damaged", damaged));
    let mut store = open();
    press(&mut store, KeyCode::Char('n'));
    type_in(&mut store, "stripe-key");
    press(&mut store, KeyCode::Enter);
    type_in(&mut store, "sk_live_1");
    all.push(("store", store));
    let mut reveal = open();
    done(
        &mut reveal,
        Reply::Value(name("db-url"), Ok(SecretBytes::new(b"one\x1b[31m\ntwo".to_vec()))),
    );
    all.push(("reveal", reveal));
    let mut policies = open();
    press(&mut policies, KeyCode::Char('2'));
    all.push(("policies", policies));
    let mut edited = open();
    press(&mut edited, KeyCode::Char('2'));
    press(&mut edited, KeyCode::Down);
    all.push(("unapproved", edited));
    let mut form = open();
    press(&mut form, KeyCode::Char('2'));
    press(&mut form, KeyCode::Char('e'));
    all.push(("policy", form));
    let mut sessions = open();
    press(&mut sessions, KeyCode::Char('3'));
    all.push(("sessions", sessions));
    let mut session = open();
    press(&mut session, KeyCode::Char('3'));
    press(&mut session, KeyCode::Char('n'));
    all.push(("session", session));
    let mut members = open();
    press(&mut members, KeyCode::Char('5'));
    press(&mut members, KeyCode::Down);
    all.push(("members", members));
    let mut confirm = open();
    press(&mut confirm, KeyCode::Char('d'));
    all.push(("confirm", confirm));
    let mut waits = open();
    waits.brief = Some(authy::BriefStatus { who: None, uncommitted: true, ahead: 2, behind: 1 });
    done(&mut waits, Reply::Conflicts(vec![conflict("db-url")]));
    all.push(("conflicts", waits));
    let mut help = open();
    press(&mut help, KeyCode::Char('?'));
    all.push(("help", help));
    all
}

#[test]
fn every_screen_looks_as_it_did() {
    for (what, app) in screens() {
        is_as_before(what, &app, (80, 24));
    }
    for (what, app) in screens() {
        if matches!(what, "secrets" | "policy" | "store") {
            is_as_before(what, &app, (120, 40));
            is_as_before(what, &app, (50, 20));
        }
    }
}

#[test]
fn no_key_hint_is_cut_and_nothing_overlaps_whatever_the_size() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40), (200, 60)] {
        for (what, app) in screens() {
            let shown = picture(&app, width, height);
            assert_eq!(shown.lines().count(), usize::from(height));
            if app.popup.is_none() && app.locked.is_none() {
                let flat = shown.replace('\n', " ");
                for binding in keys::of(app.section).iter().chain(keys::general()) {
                    if !binding.label.is_empty() {
                        let hint = format!("{} {}", binding.shown, binding.label);
                        assert!(
                            flat.contains(&hint),
                            "{what} {width}x{height} lacks '{hint}':\n{shown}"
                        );
                    }
                }
            }
            if app.locked.is_none() && width >= 80 {
                for section in Section::ALL {
                    assert!(shown.contains(section.title()), "{what} {width}x{height}:\n{shown}");
                }
            }
        }
    }
}

#[test]
fn odd_content_stays_in_its_place() {
    let mut app = open();
    let mut odd = secret("odd", 1);
    let details = odd.details.as_mut().unwrap();
    details.description =
        "\x1b]0;owned\x07 \u{202e}backwards 漢字漢字漢字漢字漢字漢字漢字漢字".into();
    details.tags = vec!["x".repeat(300)];
    let many = (0..5000).map(|at| secret(&format!("s{at:04}"), 1));
    done(&mut app, Reply::Secrets(Ok(std::iter::once(odd).chain(many).collect())));
    for (width, height) in [(1, 1), (3, 3), (20, 5), (80, 24), (200, 60)] {
        let shown = picture(&app, width, height);
        assert!(!shown.contains('\x1b') && !shown.contains('\u{202e}'));
    }
    app.secrets.last();
    assert!(picture(&app, 80, 24).contains("▸ s4999"));
    done(&mut app, Reply::Value(name("odd"), Ok(SecretBytes::new(vec![b'v'; 20_000]))));
    assert!(picture(&app, 80, 24).contains("1-20 of "), "{}", picture(&app, 80, 24));
    done(&mut app, Reply::Value(name("odd"), Ok(SecretBytes::new(vec![0xff; 9]))));
    assert!(picture(&app, 80, 24).contains("9 bytes that are not text"));
    press(&mut app, KeyCode::Esc);
    done(&mut app, Reply::Secrets(Ok(Vec::new())));
    assert!(picture(&app, 80, 24).contains("n stores one"));
}
